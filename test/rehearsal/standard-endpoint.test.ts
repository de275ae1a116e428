import { expect, test } from 'vitest'
import { createDraw } from '../../packages/server/src/rehearsal/draw.ts'
import { parsePlan } from '../../packages/server/src/rehearsal/plan.ts'
import { rehearse } from '../../packages/server/src/rehearsal/rehearse.ts'
import { expectOAuthError, refreshByForm } from '../oauth/form.ts'
import { expectAlive, newKey, signIn } from '../refresh/client.ts'
import { sendTo, startAuth } from '../support/auth.ts'

/** A service, and the way to it on which these faults are rehearsed. */
async function startRehearsing(faults: string) {
  const world = await startAuth()
  let cut = 0
  const broken = rehearse(world.auth.fetch, {
    plan: parsePlan(faults).plan,
    draw: createDraw(1),
    now: () => world.clock.now,
    elapsedMs: () => 0,
    origins: { url: world.url, trustedOrigins: [], nativeOrigins: [] },
    onInjected: () => {},
  })
  const context = { connection: { destroy: () => void cut++ } }
  const send: typeof world.send = (method, path, init) =>
    sendTo((request) => broken(request, context), world.url, method, path, init)
  return { world, onTheWay: { send }, cuts: () => cut }
}

test.each([
  ['unavailable', 503],
  ['rate-limit', 429],
] as const)(
  'a rehearsed %s at /oauth/token is said in the words of RFC 6749, and spends nothing',
  async (fault, status) => {
    const { world, onTheWay } = await startRehearsing(`${fault}=100%`)
    const { refreshToken } = await signIn(world, 'native')
    expectOAuthError(await refreshByForm(onTheWay, refreshToken), status, 'temporarily_unavailable')
    await expectAlive(world, 'native', refreshToken)
  },
)

test('an answer of /oauth/token is dropped like one of /auth/refresh, and comes again for the same attempt', async () => {
  const { world, onTheWay, cuts } = await startRehearsing('drop-refresh-answer=100%')
  const { refreshToken } = await signIn(world, 'native')
  const headers = { 'idempotency-key': newKey() }
  const lost = await refreshByForm(onTheWay, refreshToken, {}, { headers })
  expect([lost.status, lost.body, cuts()]).toEqual([499, null, 1])
  const again = await refreshByForm(world, refreshToken, {}, { headers })
  expect(again.status).toBe(200)
  await expectAlive(world, 'native', again.body.refresh_token)
})
