import { expect, test } from 'vitest'
import { ADA, runOut, startWorld, useChromium } from './pages.ts'

useChromium()

test('a worker shares the session of its page: both need a token at the instant of expiry, and one refresh is made', async (context) => {
  const world = await startWorld(context)
  world.wire.files.set('/app/worker.js', {
    type: 'text/javascript',
    body: `import { auth } from './app.js'
      onmessage = async ({ data }) => postMessage(data === 'sign out' ? await auth.logout() : await auth.getAccessToken())`,
  })
  const tab = await world.open()
  const ask = (question: string) =>
    tab.run((_, question) => {
      const scope = globalThis as unknown as { worker?: Worker }
      scope.worker ??= new Worker('/app/worker.js', { type: 'module' })
      const { worker } = scope
      return new Promise<unknown>((resolve) => {
        worker.addEventListener('message', ({ data }) => resolve(data), { once: true })
        worker.postMessage(question)
      })
    }, question)
  await tab.run((auth, ada) => auth.register(ada).then(() => undefined), ADA)
  expect(await ask('token')).not.toBeNull()
  await tab.run((auth) => auth.getAccessToken())

  await runOut(tab)
  world.wire.passed.length = 0
  const [inWorker, inPage] = await Promise.all([ask('token'), tab.run((auth) => auth.getAccessToken())])
  expect(inWorker).toBe(inPage)
  expect(world.wire.refreshes()).toHaveLength(1)

  await ask('sign out')
  await expect.poll(() => tab.run((auth) => auth.status)).toBe('signed-out')
})
