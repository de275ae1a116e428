import { expect, test } from 'vitest'
import type { AuthClient } from './auth-client.ts'
import { ADA, BOB, startBrowser } from './testing/browser.ts'
import { startContractService } from './testing/contract-service.ts'

const EVERYWHERE = '/auth/sessions?all=true'

const calls: [string, string, (client: AuthClient) => Promise<unknown>][] = [
  [
    'changes no password',
    '/auth/password/change',
    (client) => client.changePassword({ currentPassword: 'a', newPassword: 'b' }),
  ],
  ['is no list of sessions', '/auth/sessions', (client) => client.sessions()],
  ['ends no session', '/auth/sessions/7', (client) => client.endSession('7')],
  ['signs out nowhere', EVERYWHERE, (client) => client.logout({ everywhere: true })],
]

test.each(calls)("a captive portal's 200 %s", async (_, path, call) => {
  const service = await startContractService()
  const client = startBrowser(service).openTab()
  await client.login(ADA)
  service.fail(path, { status: 200, body: '<html>Welcome to the hotel</html>' })
  await expect(call(client)).rejects.toMatchObject({ code: 'UNEXPECTED_ANSWER' })
  expect(client.status).toBe('signed-in')
})

test('signing out everywhere never ends the sessions of somebody who signed in while it waited for a token', async () => {
  const service = await startContractService()
  const browser = startBrowser(service)
  const pause = Promise.withResolvers<void>()
  const ada = browser.openTab({}, { sleep: () => pause.promise })
  await ada.login(ADA)
  browser.skip(900_000)
  service.fail('/auth/refresh', { status: 503 })
  const refused = expect(ada.logout({ everywhere: true })).rejects.toMatchObject({ code: 'TOKEN_MISSING' })
  await expect.poll(() => service.refreshes()).toHaveLength(1)

  await browser.openTab().login(BOB)
  await expect.poll(() => ada.user?.email).toBe(BOB.email)
  pause.resolve()
  await refused
  expect(service.seen.filter(({ path }) => path === EVERYWHERE)).toMatchObject([{ bearer: undefined }])
  expect(ada.status).toBe('signed-in')
})
