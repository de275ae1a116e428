import { expect, test } from 'vitest'
import { ADA, type Lacking, startWorld, type Tab, useChromium, type World } from './pages.ts'

useChromium()

test.for<[string, Lacking[]]>([
  ['as it is', []],
  ['without Web Locks and BroadcastChannel', ['Web Locks', 'BroadcastChannel']],
])(
  'after a sign-out, a refresh answer that was delayed on the wire changes nothing: a browser %s',
  async ([, lacking], context) => {
    const world = await startWorld(context, { lacking })
    const { first, second } = await twoTabs(world)
    const held = holdNextAnswer(world, '/auth/refresh')
    await first.run((auth) => void auth.refresh().catch(() => undefined))
    await expect.poll(() => world.wire.refreshes()).toHaveLength(1)

    await first.run((auth) => auth.logout())
    await expect.poll(() => second.run((auth) => auth.status)).toBe('signed-out')
    held.resolve()
    for (const tab of [first, second]) {
      expect(await tab.run(async (auth) => [auth.status, await auth.getAccessToken()])).toEqual([
        'signed-out',
        null,
      ])
    }
    const reloaded = await world.open()
    expect(await reloaded.run((auth) => auth.getAccessToken())).toBeNull()
  },
)

test('a sign-out reaches the service also when the page is left in the same moment', async (context) => {
  const world = await startWorld(context)
  const { first } = await twoTabs(world)
  const held = Promise.withResolvers<void>()
  world.wire.fate = ({ path }) => (path === '/auth/logout' ? { requestHeldBy: held.promise } : undefined)
  await first.run((auth) => {
    auth.logout().catch(() => undefined)
    location.href = '/healthz'
  })
  // The page is gone before the request has arrived: a browser calls back what a page had under way.
  await first.page.waitForURL('**/healthz')
  expect(world.service.output()).not.toContain('session.ended')
  held.resolve()
  await expect.poll(() => world.context.cookies()).toEqual([])
  expect(world.service.output()).toContain('session.ended')
})

test('signed out while offline, the next start does not come back in by the cookie, and tells the service', async (context) => {
  const world = await startWorld(context)
  const { first, second } = await twoTabs(world)
  world.wire.fate = ({ path }) => (path === '/auth/logout' ? 'request lost' : undefined)
  expect(await first.run((auth) => auth.logout().catch((error) => error.code))).toBe('UNREACHABLE')
  await expect.poll(() => second.run((auth) => auth.status)).toBe('signed-out')
  expect(await world.context.cookies()).toHaveLength(1)

  world.wire.fate = () => undefined
  await first.page.reload()
  expect(await first.run((auth) => auth.getAccessToken())).toBeNull()
  await expect.poll(() => world.context.cookies()).toEqual([])
  expect(world.wire.refreshes()).toEqual([])
})

test('somebody else who signs in takes over every tab, and a late answer for the first one changes nothing', async (context) => {
  const world = await startWorld(context)
  const { first, second } = await twoTabs(world)
  const held = holdNextAnswer(world, '/auth/refresh')
  await first.run((auth) => void auth.refresh().catch(() => undefined))
  await expect.poll(() => world.wire.refreshes()).toHaveLength(1)
  const bob = { ...ADA, email: 'bob@example.com' }
  await second.run((auth) => auth.logout())
  await second.run((auth, bob) => auth.register(bob).then(() => undefined), bob)
  held.resolve()
  await first.page.reload()
  for (const tab of [first, second]) {
    await tab.run((auth) => auth.refresh())
    expect(await tab.run((auth) => auth.user?.email)).toBe(bob.email)
  }
})

test('no token is found in localStorage, sessionStorage, IndexedDB, document.cookie or on window', async (context) => {
  const world = await startWorld(context)
  const { first } = await twoTabs(world)
  const seen: string[] = []
  for (const step of ['signed in', 'refreshed', 'in mid-refresh', 'signed out']) {
    if (step === 'refreshed') await first.run((auth) => auth.refresh())
    if (step === 'in mid-refresh') {
      world.wire.fate = ({ path }) => (path === '/auth/refresh' ? 'answer lost' : undefined)
      await first.run((auth) => auth.refresh().catch(() => undefined))
      world.wire.fate = () => undefined
    }
    if (step === 'signed out') await first.run((auth) => auth.logout())
    seen.push(await reachOfScripts(first))
  }
  expect(seen.join()).toContain('latchkey:')
  expect(seen.join()).not.toMatch(/eyJ[\w-]+\.eyJ|lk1?_|accessToken|refreshToken/)
  for (const { value } of await world.context.cookies()) expect(seen.join()).not.toContain(value)
})

async function twoTabs(world: World): Promise<{ first: Tab; second: Tab }> {
  const [first, second] = [await world.open(), await world.open()]
  await first.run((auth, ada) => auth.register(ada).then(() => undefined), ADA)
  await second.run((auth) => auth.getAccessToken())
  await first.run((auth) => auth.getAccessToken())
  world.wire.passed.length = 0
  return { first, second }
}

function holdNextAnswer(world: World, held: string): PromiseWithResolvers<void> {
  const answer = Promise.withResolvers<void>()
  world.wire.fate = ({ path }) => {
    if (path !== held) return undefined
    world.wire.fate = () => undefined
    return { answerHeldBy: answer.promise }
  }
  return answer
}

/** Everything that a script of the page can read without asking the client. */
function reachOfScripts(tab: Tab): Promise<string> {
  return tab.run(async () => {
    const settled = <T>(request: IDBRequest<T>) =>
      new Promise<T>((resolve, reject) => {
        request.onsuccess = () => resolve(request.result)
        request.onerror = () => reject(request.error)
      })
    const databases: unknown[] = []
    for (const { name = '' } of await indexedDB.databases()) {
      const database = await settled(indexedDB.open(name))
      for (const store of database.objectStoreNames) {
        const records = database.transaction(store).objectStore(store)
        databases.push(name, store, await settled(records.getAllKeys()), await settled(records.getAll()))
      }
      database.close()
    }
    const own = Object.getOwnPropertyNames(window).map((name) => [name, String(Reflect.get(window, name))])
    return JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie, databases, own])
  })
}
