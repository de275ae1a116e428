import { expect, test } from 'vitest'
import { startAuth } from '../support/auth.ts'
import { DELIVERIES, expectAlive, expectRefused, newKey, refresh, refreshTimes, signIn } from './client.ts'

test.each([
  ['16 characters', 'k'.repeat(16)],
  ['128 characters', 'k'.repeat(128)],
  ['every visible ASCII character', String.fromCharCode(...Array.from({ length: 94 }, (_, i) => 0x21 + i))],
  ['the quotes of the draft', `"${newKey()}"`],
])('an Idempotency-Key may have %s, and every character of it counts', async (_, key) => {
  const world = await startAuth()
  const { refreshToken } = await signIn(world, 'native')
  const first = await refresh(world, 'native', refreshToken, { key })
  const again = await refresh(world, 'native', refreshToken, { key })
  expect([first.status, again.refreshToken]).toEqual([200, first.refreshToken])
  const other = `${key.slice(0, -1)}${key.endsWith('x') ? 'y' : 'x'}`
  expectRefused(await refresh(world, 'native', refreshToken, { key: other }), 401, 'REFRESH_REUSED')
})

test('anything else is no key: INVALID_REQUEST, and nothing moves', async () => {
  const world = await startAuth()
  const { refreshToken } = await signIn(world, 'native')
  const wrong = [
    '',
    'k'.repeat(15),
    'k'.repeat(129),
    `a key with ${newKey()}`,
    `${newKey()}\t${newKey()}`,
    `é${newKey()}`,
  ]
  for (const key of wrong) {
    expectRefused(await refresh(world, 'native', refreshToken, { key }), 400, 'INVALID_REQUEST')
  }
  const twice = new Headers({ 'content-type': 'application/json' })
  for (let i = 0; i < 2; i++) twice.append('idempotency-key', newKey())
  const body = JSON.stringify({ refreshToken })
  const answer = await world.auth.fetch(
    new Request(`${world.url}/auth/refresh`, { method: 'POST', headers: twice, body }),
  )
  expect(answer.status).toBe(400)
  await expectAlive(world, 'native', refreshToken)
})

test.each(DELIVERIES)(
  'a key belongs to its session: in a %s session another one may use the same',
  async (client) => {
    const world = await startAuth()
    const [one, another] = [await signIn(world, client), await signIn(world, client)]
    const key = newKey()
    const first = await refresh(world, client, one.refreshToken, { key })
    const second = await refresh(world, client, another.refreshToken, { key })
    expect([first.status, second.status]).toEqual([200, 200])
    expect(first.refreshToken).not.toBe(second.refreshToken)
    expect((await refresh(world, client, one.refreshToken, { key })).refreshToken).toBe(first.refreshToken)
  },
)

test('one key for every refresh is no key: each token still rotates once, and a spent one is told by its generation', async () => {
  const world = await startAuth()
  const session = await signIn(world, 'native')
  const key = newKey()
  let token = session.refreshToken
  for (let i = 0; i < 6; i++) token = (await refresh(world, 'native', token, { key })).refreshToken
  expectRefused(await refresh(world, 'native', session.refreshToken, { key }), 401, 'REFRESH_REUSED')
})

test('rotations without a key between those with one leave these remembered', async () => {
  const world = await startAuth()
  const session = await signIn(world, 'native')
  const { tokens, keys, last } = await refreshTimes(world, session, 2)
  let token = last
  for (let i = 0; i < 10; i++) token = (await refresh(world, 'native', token)).refreshToken
  for (const g of [0, 1]) {
    const copy = await refresh(world, 'native', tokens[g]!, { key: keys[g]! })
    expectRefused(copy, 401, 'REFRESH_SUPERSEDED')
  }
  await expectAlive(world, 'native', token)
})
