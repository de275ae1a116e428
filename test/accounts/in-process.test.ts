import { expect, test } from 'vitest'
import { startAuth } from '../support/auth.ts'

test('a user that is not of the documented form is refused by name, whatever the caller has in the place of types', async () => {
  const { auth } = await startAuth()
  for (const [field, user] of [
    ['email', { email: 5 }],
    ['password', { email: 'ada@example.com', password: null }],
    ['roles', { email: 'ada@example.com', roles: 'admin' }],
    ['roles.1', { email: 'ada@example.com', roles: ['admin', 'half a \ud83d'] }],
    ['role', { email: 'ada@example.com', role: 'admin' }],
    ['user', undefined],
  ] as const) {
    const refused = auth.users.create(user as never)
    await expect(refused, field).rejects.toMatchObject({ code: 'INVALID_REQUEST' })
    await expect(refused, field).rejects.toThrow(new RegExp(`^${field}: `))
  }
  expect(await auth.users.find({ email: 'ada@example.com' })).toBeUndefined()
})

test('the same use cases in process: users come and go, and their sessions with them', async () => {
  const { auth, send, signUp } = await startAuth()
  const ada = await signUp('native', 'ada@example.com')
  expect(await auth.users.find({ email: ' Ada@Example.com ' })).toMatchObject({ id: ada.userId })
  expect(await auth.sessions.list(ada.userId)).toMatchObject([{ id: ada.sessionId, client: 'native' }])

  await auth.sessions.revoke(ada.userId, ada.sessionId)
  const refreshed = await send('POST', '/auth/refresh', { body: { refreshToken: ada.refreshToken } })
  expect(refreshed.body).toMatchObject({ error: 'SESSION_REVOKED', reason: 'revoked_by_operator' })
  await expect(auth.sessions.revoke(ada.userId, ada.sessionId)).rejects.toMatchObject({ code: 'NOT_FOUND' })

  await auth.users.delete(ada.userId)
  expect(await auth.users.find({ id: ada.userId })).toBeUndefined()
  await expect(auth.users.delete(ada.userId)).rejects.toMatchObject({ code: 'NOT_FOUND' })
  await expect(auth.sessions.revokeOpenedBefore(new Date(Number.NaN))).rejects.toThrow(TypeError)
})
