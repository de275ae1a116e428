import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { requireRoles, VerifyError } from '@latchkey/verifier'
import { protect } from '@latchkey/verifier/express'
import { protect as protectFastify } from '@latchkey/verifier/fastify'
import { protect as protectHono } from '@latchkey/verifier/hono'
import { protect as protectNode } from '@latchkey/verifier/node'
import { describe, expect, onTestFinished, test } from 'vitest'
import { claims, createKey, keySet, mint, NOW } from '../../packages/verifier/src/testing/issuer.ts'
import { APPS, type AppWorld } from './apps.ts'
import { refusalOf, startAround, startWorld } from './world.ts'

const FAULT = new Error('the disk is full')

describe.each(APPS)('behind %s', (_, start) => {
  test('a handler finds the claims of the token that came with its request', async () => {
    const world = await startWorld(start)
    const users = ['ada', 'grace', 'edsger', 'barbara']
    const answers = await Promise.all(
      users.map((sub) =>
        world.call('/orders', mint(world.key, { claims: { sub, sid: `session of ${sub}` } })),
      ),
    )
    expect(answers.map(({ text }) => JSON.parse(text))).toEqual(
      users.map((sub) => ({ sub, sid: `session of ${sub}` })),
    )
  })

  test('each of the codes that say why a token is refused is told apart, and 503 blames nobody`s token', async () => {
    const answers: Record<string, unknown> = {}
    for (const code of ['TOKEN_INVALID', 'TOKEN_EXPIRED', 'TOKEN_REVOKED', 'KEYS_UNAVAILABLE'] as const) {
      const world = await startAround(start, refusing(new VerifyError(code, `why it is ${code}`)))
      const answer = await world.call('/orders', 'a.b.c')
      answers[refusalOf(answer, code)] = [answer.status, answer.headers.get('www-authenticate') !== null]
      expect(answer.headers.get('retry-after') !== null, code).toBe(code === 'KEYS_UNAVAILABLE')
      expect([world.ran, world.faults], code).toEqual([[], []])
    }
    expect(answers).toEqual({
      TOKEN_INVALID: [401, true],
      TOKEN_EXPIRED: [401, true],
      TOKEN_REVOKED: [401, true],
      KEYS_UNAVAILABLE: [503, false],
    })
  })

  test('when the issuer`s keys cannot be had the answer is 503, and 200 once they can', async () => {
    let supplied = false
    const key = createKey()
    const jwks = () => {
      if (!supplied) throw FAULT
      return keySet(key)
    }
    const world = await startWorld(start, { jwks })
    const answer = await world.call('/orders', mint(key))
    expect([answer.status, refusalOf(answer, 'away')]).toEqual([503, 'KEYS_UNAVAILABLE'])
    supplied = true
    expect((await world.call('/orders', mint(key))).status).toBe(200)
  })

  test('a fault of the verifier goes to the framework`s own error handling, and no handler runs', async () => {
    const world = await startAround(start, refusing(FAULT))
    const answer = await world.call('/orders', 'a.b.c')
    expect(answer.status).toBe(500)
    expect([world.ran, world.faults]).toEqual([[], [FAULT]])
  })

  test('HEAD and OPTIONS are what their route is: protected', async () => {
    const world = await startWorld(start)
    for (const method of ['HEAD', 'OPTIONS', 'POST']) {
      const refused = await world.call('/orders', undefined, { method })
      expect([refused.status, world.ran.length], method).toEqual([401, 0])
      expect(refused.headers.get('www-authenticate'), method).toBe('Bearer realm="latchkey"')
      if (method === 'HEAD') expect(refused.text).toBe('')
    }
    for (const method of ['HEAD', 'OPTIONS', 'POST']) {
      expect((await world.call('/orders', mint(world.key), { method })).status, method).toBe(200)
    }
  })

  test('a connection goes on after a refusal', async () => {
    const world = await startWorld(start)
    for (let i = 0; i < 3; i++) {
      expect((await world.call('/orders')).status).toBe(401)
      expect((await world.call('/orders', mint(world.key))).status).toBe(200)
    }
  })
})

// In Hono it is the compiler that says so.
describe.each(APPS.filter(([name]) => name !== 'Hono'))('behind %s', (_, start) => {
  test('claimsOf() without protect() is a mistake that names protect()', async () => {
    const world = await startWorld(start)
    expect((await world.call('/open', mint(world.key))).status).toBe(500)
    expect(world.faults).toEqual([expect.any(TypeError)])
    expect((world.faults[0] as TypeError).message).toContain('protect()')
  })
})

// Express 4 knows nothing of promises: whoever returns it a rejected one brings the process down.
test('what happens is told to `next`, and nothing is returned that could reject', async () => {
  const request = { url: '/orders', headers: { authorization: 'Bearer a.b.c' } }
  const response = { statusCode: 200, headersSent: false, setHeader: () => undefined, end: () => undefined }
  const outcome = (verify: () => Promise<never>) =>
    new Promise((resolve) => {
      expect(protect({ verify })(request, response, resolve)).toBeUndefined()
    })
  expect(await outcome(() => Promise.reject(FAULT))).toBe(FAULT)
  expect(await outcome(async () => claims() as never)).toBeUndefined()
})

test('who was answered meanwhile, as by a time limit, is not answered twice, and the process lives on', async () => {
  const { verifier } = refusing(new VerifyError('TOKEN_INVALID', 'why'))
  const inExpress: unknown[] = []
  const inNode: unknown[] = []
  const server = createServer((request, response) => {
    response.writeHead(503).end()
    // Express looks at nothing that is returned: what were thrown there would be Node's, which ends the process for it.
    protect(verifier)(request, response, (fault) => inExpress.push(fault))
    inNode.push(
      protectNode(verifier)(() => inNode.push('ran'))(request, response).catch((fault: unknown) => fault),
    )
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  onTestFinished(() => void server.close())
  const { port } = server.address() as AddressInfo
  const { status } = await fetch(`http://127.0.0.1:${port}`, { headers: { authorization: 'Bearer a.b.c' } })
  expect(status).toBe(503)
  expect(await Promise.all(inNode)).toEqual([undefined])
  expect(inExpress).toEqual([])
})

test.each([
  ['express', protect],
  ['fastify', protectFastify],
  ['hono', protectHono],
  ['node', protectNode],
])(
  'a route of %s that forgets the verifier, or names no requirement, is a TypeError when it is made',
  (_, guard) => {
    const { verifier } = refusing(FAULT)
    const given: unknown[][] = [[], [requireRoles('admin')], [verifier, undefined], [verifier, ['admin']]]
    for (const mistake of given)
      expect(() => guard(...(mistake as [never])), String(mistake)).toThrow(TypeError)
  },
)

function refusing(error: Error): AppWorld {
  return { verifier: { verify: () => Promise.reject(error) }, now: () => NOW * 1000, ran: [], faults: [] }
}
