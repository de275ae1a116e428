import { expect, test } from 'vitest'
import { PASSWORD, startAuth } from '../support/auth.ts'
import {
  expectAlive,
  expectRefused,
  refresh,
  type SignedIn,
  signIn,
  signInAgain,
  startBeside,
} from './client.ts'

const NEW_PASSWORD = 'a louder harbour at dawn'
const CHANGE = { currentPassword: PASSWORD, newPassword: NEW_PASSWORD }

test('a changed password ends every session but the one that changed it', async () => {
  const world = await startAuth()
  const current = await signIn(world, 'browser')
  const other = await signInAgain(world, 'native', current.email)
  const change = await world.send('POST', '/auth/password/change', {
    bearer: current.accessToken,
    body: CHANGE,
  })
  expect(change.status).toBe(204)
  const refused = await refresh(world, 'native', other.refreshToken)
  expectRefused(refused, 401, 'SESSION_REVOKED')
  expect(refused.body.reason).toBe('password_changed')
  await expectAlive(world, 'browser', current.refreshToken)
  const login = (password: string) =>
    world.send('POST', '/auth/login', { body: { email: current.email, password } })
  expect((await login(PASSWORD)).body.error).toBe('INVALID_CREDENTIALS')
  expect((await login(NEW_PASSWORD)).status).toBe(200)
})

test('once the change is answered no session lives that was opened with the old password, also one that was being opened', async () => {
  const world = await startAuth()
  const elsewhere = await startBeside(world)
  for (let round = 0; round < 6; round++) {
    const current = await signIn(world, 'browser')
    const body = { email: current.email, password: PASSWORD, client: 'native' }
    const signingIn = Array.from({ length: 6 }, (_, i) =>
      (i % 2 === 0 ? world : elsewhere).send('POST', '/auth/login', { body }),
    )
    // The change comes in the middle of the others' checks: whoever is quicker, the new password wins.
    const change = await world.send('POST', '/auth/password/change', {
      bearer: current.accessToken,
      body: CHANGE,
    })
    expect(change.status).toBe(204)
    for (const answer of await Promise.all(signingIn)) {
      if (answer.status !== 200) {
        expect(answer.body.error).toBe('INVALID_CREDENTIALS')
        continue
      }
      expectRefused(await refresh(world, 'native', answer.body.refreshToken), 401, 'SESSION_REVOKED')
      const me = await world.send('GET', '/auth/me', { bearer: answer.body.accessToken })
      expect(me.body.error).toBe('TOKEN_REVOKED')
    }
    expect((await world.auth.sessions.list(current.userId)).map(({ id }) => id)).toEqual([current.sessionId])
  }
})

test('of two changes at once one happens, and the other learns that its password was wrong by then', async () => {
  const world = await startAuth()
  const session = await signIn(world, 'native')
  const change = (of: SignedIn, newPassword: string) =>
    world.send('POST', '/auth/password/change', {
      bearer: of.accessToken,
      body: { currentPassword: PASSWORD, newPassword },
    })
  const answers = await Promise.all([
    change(session, NEW_PASSWORD),
    change(session, 'a third harbour at noon'),
  ])
  expect(answers.map(({ status }) => status).toSorted()).toEqual([204, 401])
})
