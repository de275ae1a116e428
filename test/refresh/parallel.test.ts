import { describe, expect, test } from 'vitest'
import { startAuth } from '../support/auth.ts'
import {
  DELIVERIES,
  expectAlive,
  expectRefused,
  generationOf,
  newKey,
  refresh,
  refreshTimes,
  signIn,
} from './client.ts'

const PARALLEL = 200

describe.each(DELIVERIES)(`${PARALLEL} refreshes of one %s session at once`, (client) => {
  test.each([
    ['with the same key', () => 'the-same-key-for-all-of-them'],
    ['with a key each', newKey],
    ['without a key', () => undefined],
    ['with a key or without', (i: number) => (i % 3 === 0 ? newKey() : undefined)],
  ])('%s move it by one step and all get the same successor (RR-03)', async (_, keyOf) => {
    const world = await startAuth()
    const { refreshToken } = await signIn(world, client)
    const answers = await Promise.all(
      Array.from({ length: PARALLEL }, (_, i) => {
        const key = keyOf(i)
        return refresh(world, client, refreshToken, key === undefined ? {} : { key })
      }),
    )
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]))
    const [successor, ...others] = new Set(answers.map((answer) => answer.refreshToken))
    expect(others).toEqual([])
    expect(generationOf(successor!)).toBe(1)
    expect(new Set(answers.map(({ body }) => body.accessToken)).size).toBe(PARALLEL)
    await expectAlive(world, client, successor!)
  })

  test('of two tabs neither gets an answer that would delete or spoil the cookie of the other (RR-05)', async () => {
    const world = await startAuth()
    const { refreshToken } = await signIn(world, client)
    const answers = await Promise.all([
      refresh(world, client, refreshToken, { key: newKey() }),
      refresh(world, client, refreshToken, { key: newKey() }),
    ])
    const cookies = answers.map(({ headers }) => headers.get('set-cookie'))
    expect(cookies[0]).toBe(cookies[1])
    if (client === 'browser') expect(cookies[0]).toMatch(/Max-Age=[1-9]/)
  })
})

test('of many that come one after the other without a key, the second is reuse: that is the price of strictness', async () => {
  const world = await startAuth()
  const { refreshToken } = await signIn(world, 'native')
  expect((await refresh(world, 'native', refreshToken)).status).toBe(200)
  expectRefused(await refresh(world, 'native', refreshToken), 401, 'REFRESH_REUSED')
})

test('a thief among the crowd is found: one older token among the parallel refreshes ends the session', async () => {
  const world = await startAuth()
  const session = await signIn(world, 'native')
  const { tokens, last } = await refreshTimes(world, session, 3)
  const answers = await Promise.all(
    Array.from({ length: 50 }, (_, i) => refresh(world, 'native', i === 25 ? tokens[1]! : last)),
  )
  const outcomes = answers.map(({ status, body }) => (status === 200 ? 'ok' : body.error))
  expect(outcomes[25]).toBe('REFRESH_REUSED')
  expect(outcomes.filter((outcome) => outcome !== 'ok')).not.toContain('INTERNAL')
  expectRefused(await refresh(world, 'native', last), 401, 'SESSION_REVOKED')
})

test('refreshes of many sessions at once do not mix: each gets its own successor', async () => {
  const world = await startAuth()
  const sessions = await Promise.all(Array.from({ length: 40 }, () => signIn(world, 'native')))
  const answers = await Promise.all(
    sessions.flatMap(({ refreshToken }) => [
      refresh(world, 'native', refreshToken),
      refresh(world, 'native', refreshToken),
    ]),
  )
  for (const [i, { sessionId, userId, email }] of sessions.entries()) {
    const [one, other] = [answers[2 * i]!, answers[2 * i + 1]!]
    expect(one.refreshToken).toBe(other.refreshToken)
    expect(one.body).toMatchObject({ sessionId, user: { id: userId, email } })
    const claims = JSON.parse(Buffer.from(one.body.accessToken.split('.')[1], 'base64url').toString())
    expect(claims).toMatchObject({ sid: sessionId, sub: userId })
  }
  expect(new Set(answers.map(({ refreshToken }) => refreshToken)).size).toBe(sessions.length)
})

test('a session that is ended among parallel refreshes answers no more once that is acknowledged (LO-05)', async () => {
  const world = await startAuth()
  const session = await signIn(world, 'native')
  const key = newKey()
  const race = Array.from({ length: 50 }, (_, i) =>
    i === 25
      ? world.send('POST', '/auth/logout', { body: { refreshToken: session.refreshToken } })
      : refresh(world, 'native', session.refreshToken, { key }),
  )
  const answers = await Promise.all(race)
  for (const { status, body } of answers) {
    if (status !== 200 && status !== 204) expect(body.error).toBe('SESSION_REVOKED')
  }
  const after = await refresh(world, 'native', session.refreshToken, { key })
  expectRefused(after, 401, 'SESSION_REVOKED')
})
