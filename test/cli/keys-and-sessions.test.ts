import { randomBytes } from 'node:crypto'
import { expect, test } from 'vitest'
import { PASSWORD, sendTo } from '../support/auth.ts'
import { environmentOf, newStore } from '../support/stores/store.ts'
import { latchkey, serve } from './run.ts'

/** A running service and commands on its database. */
async function startService() {
  const environment = {
    ...environmentOf(await newStore()),
    LATCHKEY_SECRET: randomBytes(32).toString('base64url'),
  }
  const { url } = await serve([], { environment })
  return {
    send: (method: string, path: string, init: Parameters<typeof sendTo>[4] = {}) =>
      sendTo(fetch, url, method, path, init),
    command: (...args: string[]) => latchkey(args, { environment }),
  }
}

type Started = Awaited<ReturnType<typeof startService>>

async function signUp({ send }: Started, email: string) {
  const { body } = await send('POST', '/auth/register', {
    body: { email, password: PASSWORD, client: 'native' },
  })
  return body
}

async function publishedKeys({ send }: Started): Promise<string[]> {
  const { body } = await send('GET', '/.well-known/jwks.json')
  return body.keys.map(({ kid }: { kid: string }) => kid)
}

/** The key set once it holds what is asked for; the service reads the keys again every ten seconds. */
async function keysOnce(service: Started, holds: (kids: string[]) => boolean): Promise<string[]> {
  const deadline = performance.now() + 12_000
  for (;;) {
    const kids = await publishedKeys(service)
    if (holds(kids)) return kids
    if (performance.now() > deadline) throw new Error(`after 12 s the keys are ${kids}`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

test('KM-04 KM-05: keys rotate, in time or in an emergency, is followed by a running service within ten seconds', async () => {
  await Promise.all([rotates(), replacesAll()])
}, 30_000)

/** The next key is published, and does not sign yet. */
async function rotates(): Promise<void> {
  const service = await startService()
  const [current] = await publishedKeys(service)
  const before = await service.command('keys', 'list')
  expect(before.stdout).toMatch(new RegExp(`^${current}  ES256  signing   signs from \\d{4}-`))

  const rotate = await service.command('keys', 'rotate')
  expect([rotate.code, rotate.stderr]).toEqual([0, ''])
  const signsFrom = new Date(/signs from (\S+Z)/.exec(rotate.stdout)?.[1] ?? '')
  expect(signsFrom.getTime() - Date.now(), 'twice what a verifier may keep the key set').toBeGreaterThan(
    590_000,
  )

  const kids = await keysOnce(service, ({ length }) => length === 2)
  expect(kids).toContain(current)
  const { stdout } = await service.command('keys', 'list')
  expect(stdout.split('\n').map((line) => /(signing|next)/.exec(line)?.[1])).toEqual([
    'signing',
    'next',
    undefined,
  ])
  const { accessToken } = await signUp(service, 'ada@example.com')
  const { kid } = JSON.parse(Buffer.from(accessToken.split('.')[0], 'base64url').toString())
  expect(kid).toBe(current)

  const again = await service.command('keys', 'rotate')
  expect(again.code).toBe(0)
  expect(
    (await service.command('keys', 'list')).stdout.trim().split('\n'),
    'one next key is enough',
  ).toHaveLength(2)
}

/** Every token of the old key is refused; sessions go on. */
async function replacesAll(): Promise<void> {
  const service = await startService()
  const { accessToken, refreshToken } = await signUp(service, 'ada@example.com')
  const [old] = await publishedKeys(service)
  expect((await service.command('keys', 'rotate', '--emergency')).code).toBe(0)

  const kids = await keysOnce(service, (now) => !now.includes(old as string))
  expect(kids).toHaveLength(1)
  const me = await service.send('GET', '/auth/me', { bearer: accessToken })
  expect([me.status, me.body.error]).toEqual([401, 'TOKEN_INVALID'])
  const refresh = await service.send('POST', '/auth/refresh', { body: { refreshToken } })
  expect(refresh.status).toBe(200)
  expect((await service.send('GET', '/auth/me', { bearer: refresh.body.accessToken })).status).toBe(200)
}

test('SO-13: sessions revoke --before ends what was opened before a time, and a running service sees it at once', async () => {
  const service = await startService()
  const before = await signUp(service, 'before@example.com')
  const gone = await signUp(service, 'gone@example.com')
  await service.send('POST', '/auth/logout', { body: { refreshToken: gone.refreshToken } })
  const instant = new Date(Date.now() + 1).toISOString()
  // The next one is opened in a later millisecond.
  while (new Date().toISOString() <= instant);
  const after = await signUp(service, 'after@example.com')

  const revoke = await service.command('sessions', 'revoke', '--before', instant)
  expect([revoke.code, revoke.stdout, revoke.stderr]).toEqual([
    0,
    `1 session opened before ${instant} ended.\n`,
    '',
  ])
  const dead = await service.send('POST', '/auth/refresh', { body: { refreshToken: before.refreshToken } })
  expect([dead.status, dead.body.error, dead.body.reason]).toEqual([
    401,
    'SESSION_REVOKED',
    'revoked_by_operator',
  ])
  const me = await service.send('GET', '/auth/me', { bearer: before.accessToken })
  expect(me.body.error).toBe('TOKEN_REVOKED')
  const live = await service.send('POST', '/auth/refresh', { body: { refreshToken: after.refreshToken } })
  expect(live.status).toBe(200)

  const again = await service.command('sessions', 'revoke', '--before', instant)
  expect(again.stdout).toBe(`0 sessions opened before ${instant} ended.\n`)
})

test('a time that is none is said, and nothing is ended', async () => {
  const service = await startService()
  const { refreshToken } = await signUp(service, 'ada@example.com')
  const times = ['yesterday', '', '31.12.2026', '2026-13-01T00:00:00Z']
  const answers = await Promise.all(
    times.map((time) => service.command('sessions', 'revoke', '--before', time)),
  )
  for (const [i, { code, stdout, stderr }] of answers.entries()) {
    expect([code, stdout], times[i]).toEqual([1, ''])
    expect(stderr, times[i]).toContain('--before: is not a time: write it as 2026-01-31T12:00:00Z')
  }
  expect((await service.send('POST', '/auth/refresh', { body: { refreshToken } })).status).toBe(200)
})
