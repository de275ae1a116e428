import { randomUUID } from 'node:crypto'
import { expect, test } from 'vitest'
import { startAuth } from '../support/auth.ts'
import {
  expectAlive,
  expectRefused,
  refresh,
  refreshTimes,
  SECOND,
  signIn,
  signInAgain,
  startBeside,
} from './client.ts'

test('a user sees their own live sessions, the current one marked, and nothing that could sign in (LO-06)', async () => {
  const world = await startAuth()
  await signIn(world, 'native')
  const laptop = await signIn(world, 'browser')
  world.clock.now += 60 * SECOND
  const phone = await signInAgain(world, 'native', laptop.email)
  const gone = await signInAgain(world, 'native', laptop.email)
  await world.send('POST', '/auth/logout', { body: { refreshToken: gone.refreshToken } })

  const answer = await world.send('GET', '/auth/sessions', { bearer: laptop.accessToken })
  expect(
    answer.body.sessions.map(({ id, current }: { id: string; current: boolean }) => [id, current]),
  ).toEqual([
    [phone.sessionId, false],
    [laptop.sessionId, true],
  ])
  expect(Object.keys(answer.body.sessions[0]).toSorted()).toEqual([
    'client',
    'createdAt',
    'current',
    'device',
    'expiresAt',
    'id',
    'ip',
    'lastUsedAt',
    'userAgent',
  ])
  const text = JSON.stringify(answer.body)
  for (const secret of [laptop, phone].flatMap(({ refreshToken, accessToken }) => [
    refreshToken,
    accessToken,
  ])) {
    expect(text).not.toContain(secret)
    expect(text).not.toContain(secret.slice(-20))
  }
})

test('the list tells when a session was opened, last used and ends', async () => {
  const world = await startAuth()
  const opened = world.clock.now
  const session = await signIn(world, 'native')
  world.clock.now += 60 * SECOND
  const { body } = await refresh(world, 'native', session.refreshToken)
  const { sessions } = (await world.send('GET', '/auth/sessions', { bearer: body.accessToken })).body
  expect(sessions[0]).toMatchObject({
    client: 'native',
    createdAt: new Date(opened).toISOString(),
    lastUsedAt: new Date(opened + 60 * SECOND).toISOString(),
    expiresAt: new Date(opened + 60 * SECOND + 7 * 86_400 * SECOND).toISOString(),
  })
})

test('a session that is ended in the list is dead at once: its refresh token and its access token', async () => {
  const world = await startAuth()
  const laptop = await signIn(world, 'browser')
  const phone = await signInAgain(world, 'native', laptop.email)
  const end = await world.send('DELETE', `/auth/sessions/${phone.sessionId}`, { bearer: laptop.accessToken })
  expect(end.status).toBe(204)
  const refused = await refresh(world, 'native', phone.refreshToken)
  expectRefused(refused, 401, 'SESSION_REVOKED')
  expect(refused.body.reason).toBe('revoked_by_user')
  const me = await world.send('GET', '/auth/me', { bearer: phone.accessToken })
  expect([me.status, me.body.error]).toEqual([401, 'TOKEN_REVOKED'])
  await expectAlive(world, 'browser', laptop.refreshToken)
})

test("another user's session, an ended, an unknown and a malformed id cannot be told apart", async () => {
  const world = await startAuth()
  const me = await signIn(world, 'browser')
  const theirs = await signIn(world, 'native')
  const ended = await signInAgain(world, 'native', me.email)
  await world.send('POST', '/auth/logout', { body: { refreshToken: ended.refreshToken } })

  const answers = []
  for (const id of [
    theirs.sessionId,
    ended.sessionId,
    randomUUID(),
    'x',
    me.sessionId.toUpperCase(),
    '%00',
  ]) {
    const answer = await world.send('DELETE', `/auth/sessions/${id}`, { bearer: me.accessToken })
    expect([answer.status, answer.body.error]).toEqual([404, 'NOT_FOUND'])
    answers.push(JSON.stringify(answer.body))
  }
  expect(new Set(answers).size).toBe(1)
  await expectAlive(world, 'native', theirs.refreshToken)
})

test('ending the others leaves the current one and those of other users; ?all=true ends it too', async () => {
  const world = await startAuth()
  const current = await signIn(world, 'browser')
  const others = [
    await signInAgain(world, 'native', current.email),
    await signInAgain(world, 'browser', current.email),
  ]
  const stranger = await signIn(world, 'native')
  const end = (query = '') => world.send('DELETE', `/auth/sessions${query}`, { bearer: current.accessToken })

  expect((await end()).status).toBe(204)
  for (const { client, refreshToken } of others) {
    expectRefused(await refresh(world, client, refreshToken), 401, 'SESSION_REVOKED')
  }
  const newest = await expectAlive(world, 'browser', current.refreshToken)
  expect((await end('?all=true')).status).toBe(204)
  expectRefused(await refresh(world, 'browser', newest), 401, 'SESSION_REVOKED')
  expect((await end()).body.error).toBe('TOKEN_REVOKED')
  await expectAlive(world, 'native', stranger.refreshToken)
})

test('what is neither all nor the others is refused, and ends nothing', async () => {
  const world = await startAuth()
  const session = await signIn(world, 'native')
  const other = await signInAgain(world, 'native', session.email)
  const answer = await world.send('DELETE', '/auth/sessions?all=yes', { bearer: session.accessToken })
  expect([answer.status, answer.body.error]).toEqual([400, 'INVALID_REQUEST'])
  await expectAlive(world, 'native', other.refreshToken)
})

test('once the others are ended none of them lives, also if they are refreshing at that moment on another node (LO-05)', async () => {
  const world = await startAuth()
  const elsewhere = await startBeside(world)
  const mine = await signIn(world, 'native')
  const others = []
  for (let i = 0; i < 8; i++) others.push(await signInAgain(world, 'native', mine.email))

  const refreshing = others.map(({ refreshToken }, i) =>
    refresh(i % 2 === 0 ? elsewhere : world, 'native', refreshToken),
  )
  const ended = await world.send('DELETE', '/auth/sessions', { bearer: mine.accessToken })
  expect(ended.status).toBe(204)
  for (const [i, answer] of (await Promise.all(refreshing)).entries()) {
    const newest = answer.status === 200 ? answer.refreshToken : others[i]!.refreshToken
    expectRefused(await refresh(elsewhere, 'native', newest), 401, 'SESSION_REVOKED')
  }
  const { last } = await refreshTimes(world, mine, 1)
  await expectAlive(elsewhere, 'native', last)
})
