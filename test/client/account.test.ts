import { expect, test } from 'vitest'
import { startBrowser } from '../../packages/client/src/testing/browser.ts'
import { listen, PASSWORD, startAuth } from '../support/auth.ts'

const ADA = { email: 'ada@example.com', password: PASSWORD }
const NEXT = 'another quiet harbour at dawn'

/** The service on a port, and Ada signed in on two devices. */
async function twoDevices() {
  const world = await startAuth()
  const url = await listen(world.auth)
  const openDevice = () => startBrowser({ url } as Parameters<typeof startBrowser>[0]).openTab()
  const [laptop, phone] = [openDevice(), openDevice()]
  await laptop.register(ADA)
  await phone.login(ADA)
  return { world, laptop, phone, openDevice }
}

test('the sessions of the user are listed, this one marked, and another one can be ended', async () => {
  const { laptop, phone } = await twoDevices()
  const sessions = await laptop.sessions()
  expect(sessions.map(({ current }) => current).sort()).toEqual([false, true])
  const other = sessions.find(({ current }) => !current)!
  await laptop.endSession(other.id)

  expect(await laptop.sessions()).toHaveLength(1)
  expect(await phone.refresh()).toBeNull()
  expect(phone.state.ended).toMatchObject({ code: 'SESSION_REVOKED' })
  await expect(laptop.endSession(other.id)).rejects.toMatchObject({ code: 'NOT_FOUND', status: 404 })
})

test('signing out everywhere ends every session, here and on the other device', async () => {
  const { laptop, phone } = await twoDevices()
  await laptop.logout({ everywhere: true })
  expect(laptop.status).toBe('signed-out')
  expect(await phone.refresh()).toBeNull()
})

test('signing out everywhere changes nothing when the service cannot be told', async () => {
  const { world, laptop, phone } = await twoDevices()
  await world.auth.close()
  await expect(laptop.logout({ everywhere: true })).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' })
  expect([laptop.status, phone.status]).toEqual(['signed-in', 'signed-in'])
})

test('changing the password keeps this session and ends the others', async () => {
  const { laptop, phone, openDevice } = await twoDevices()
  await expect(laptop.changePassword({ currentPassword: 'wrong', newPassword: NEXT })).rejects.toMatchObject({
    code: 'INVALID_CREDENTIALS',
  })
  await laptop.changePassword({ currentPassword: PASSWORD, newPassword: NEXT })

  expect(await laptop.refresh()).not.toBeNull()
  expect(await phone.refresh()).toBeNull()
  const next = openDevice()
  await expect(next.login(ADA)).rejects.toMatchObject({ code: 'INVALID_CREDENTIALS' })
  await next.login({ ...ADA, password: NEXT })
})

test('what needs a session says so when there is none', async () => {
  const { laptop } = await twoDevices()
  await laptop.logout()
  await expect(laptop.sessions()).rejects.toMatchObject({ code: 'TOKEN_MISSING' })
})
