import { expect, test } from 'vitest'
import { ADA, type Lacking, runOut, startWorld, type Tab, useChromium, type World } from './pages.ts'

/** What the client waits at most for a tab that has the lock and is gone or frozen, in milliseconds. */
const LOCK_WITHIN_MS = 10_000
/** For the calls themselves, on a busy machine. Less than that wait, so that nobody can have waited within it. */
const SLACK_MS = 8000
const CALLS = 20
/** A token's life: short enough to wait for its end, long enough for all of the calls on a busy machine. */
const CALLS_WITHIN_SECONDS = 5

const BROWSERS: [string, Lacking[]][] = [
  ['with everything', []],
  ['without Web Locks', ['Web Locks']],
  ['without BroadcastChannel', ['BroadcastChannel']],
  ['without Web Locks and BroadcastChannel', ['Web Locks', 'BroadcastChannel']],
]

/** The two that wait in different ways. */
const ENDS = BROWSERS.filter(([, lacking]) => lacking.length !== 1)

useChromium()

test.for(BROWSERS)(
  'five tabs with twenty calls each at the instant of expiry make one refresh, in a browser %s',
  async ([, lacking], context) => {
    const world = await startWorld(context, { lacking, accessTtl: CALLS_WITHIN_SECONDS })
    const tabs = await signedIn(world, 5)
    await Promise.all(tabs.map(runOut))
    world.wire.passed.length = 0
    const answers = await Promise.all(tabs.map((tab) => callMany(tab)))
    expect(answers.flat()).toEqual(Array(5 * CALLS).fill(200))
    expect(world.wire.refreshes().map(({ status }) => status)).toEqual([200])
    expect(await statuses(tabs)).toEqual(Array(5).fill('signed-in'))
  },
)

// Each tab has a record of its own there, so one that is closed or hangs takes its key along, and how often they refresh is
// not promised: docs/decisions/a-late-cookie-is-outlived.md.
test('five tabs with twenty calls each at the instant of expiry lose neither a call nor the session, in a browser without IndexedDB', async (context) => {
  const world = await startWorld(context, { lacking: ['IndexedDB'], accessTtl: CALLS_WITHIN_SECONDS })
  const tabs = await signedIn(world, 5)
  await Promise.all(tabs.map(runOut))
  world.wire.passed.length = 0
  const answers = await Promise.all(tabs.map((tab) => callMany(tab)))
  expect(answers.flat()).toEqual(Array(5 * CALLS).fill(200))
  expect(new Set(world.wire.refreshes().map(({ status }) => status))).toEqual(new Set([200]))
  expect(await statuses(tabs)).toEqual(Array(5).fill('signed-in'))
})

test.for(ENDS)(
  'a tab that is closed in mid-refresh holds the others up for no longer than the bounded wait, in a browser %s',
  { timeout: 40_000 },
  async ([, lacking], context) => {
    const world = await startWorld(context, { lacking, accessTtl: 900 })
    const [first, ...others] = await signedIn(world, 3)
    const { release } = await refreshAndHold(world, first!)
    const start = performance.now()
    const answers = Promise.all(others.map((tab) => renewAndCall(tab)))
    await first!.page.close()
    expect((await answers).flat()).toEqual(Array(2 * CALLS).fill(200))
    expect(performance.now() - start).toBeLessThan(LOCK_WITHIN_MS + SLACK_MS)
    // Web Locks go with the tab that has them: nobody waits.
    if (!lacking.includes('Web Locks')) expect(performance.now() - start).toBeLessThan(SLACK_MS)
    await expectNothingLost(world, others, release)
  },
)

test.for(ENDS)(
  'a tab that hangs in mid-refresh holds the others up for no longer than the bounded wait, in a browser %s',
  { timeout: 60_000 },
  async ([, lacking], context) => {
    const world = await startWorld(context, { lacking, accessTtl: 900 })
    const [first, ...others] = await signedIn(world, 2)
    const { release } = await refreshAndHold(world, first!)
    const wake = await hang(world, first!)
    const start = performance.now()
    const answers = await Promise.all(others.map((tab) => renewAndCall(tab)))
    expect(answers.flat()).toEqual(Array(CALLS).fill(200))
    expect(performance.now() - start).toBeLessThan(LOCK_WITHIN_MS + SLACK_MS)
    // What was taken from it once is not waited for again.
    const again = performance.now()
    await Promise.all(others.map((tab) => tab.run((auth) => auth.refresh())))
    expect(performance.now() - again).toBeLessThan(SLACK_MS)
    await wake()
    await expectNothingLost(world, [first!, ...others], release)
  },
)

test('a tab that is about to be frozen in mid-refresh lets go of it at once', async (context) => {
  const world = await startWorld(context, { accessTtl: 900 })
  const [first, ...others] = await signedIn(world, 3)
  const { release } = await refreshAndHold(world, first!)
  const start = performance.now()
  // The browser says so to pages that it freezes; it freezes none on demand that can be seen.
  await first!.run(() => void document.dispatchEvent(new Event('freeze')))
  const answers = await Promise.all(others.map((tab) => renewAndCall(tab)))
  expect(answers.flat()).toEqual(Array(2 * CALLS).fill(200))
  expect(performance.now() - start).toBeLessThan(SLACK_MS)
  // The answer that it gave up must not put its older cookie back, however late it comes.
  await Promise.all(others.map((tab) => tab.run((auth) => auth.refresh())))
  await expectNothingLost(world, [first!, ...others], release)
})

/** Tabs that are signed in and all know it. */
async function signedIn(world: World, count: number): Promise<Tab[]> {
  const tabs = await Promise.all(Array.from({ length: count }, () => world.open()))
  await tabs[0]!.run((auth, ada) => auth.register(ada).then(() => undefined), ADA)
  await Promise.all(tabs.map((tab) => tab.run(async (auth) => void (await auth.getAccessToken()))))
  return tabs
}

/** Lets one tab ask for a new token, whose answer stays on the way. */
async function refreshAndHold(world: World, tab: Tab): Promise<{ release: () => void }> {
  const held = Promise.withResolvers<void>()
  const before = world.wire.refreshes().length
  world.wire.fate = ({ path }) => {
    if (path !== '/auth/refresh') return undefined
    world.wire.fate = () => undefined
    return { answerHeldBy: held.promise }
  }
  // Nobody waits for it: its tab may be closed.
  tab.run((auth) => void auth.refresh().catch(() => undefined)).catch(() => undefined)
  await expect.poll(() => world.wire.refreshes().length).toBe(before + 1)
  return { release: held.resolve }
}

/** Keeps the tab's main thread from doing anything, until the test says so. */
async function hang({ wire }: World, tab: Tab): Promise<() => Promise<void>> {
  const held = Promise.withResolvers<void>()
  wire.fate = ({ path }) => (path === '/healthz' ? { answerHeldBy: held.promise } : undefined)
  const over = tab.run(() => {
    const request = new XMLHttpRequest()
    request.open('GET', '/healthz', false)
    request.send()
  })
  await expect.poll(() => wire.passed.some(({ path }) => path === '/healthz')).toBe(true)
  return () => {
    held.resolve()
    return over
  }
}

/** The late answer comes, everybody refreshes once more, and all are as they should be. */
async function expectNothingLost(world: World, tabs: Tab[], release: () => void): Promise<void> {
  release()
  for (const tab of tabs) await tab.run((auth) => auth.refresh())
  const reloaded = await world.open()
  await reloaded.run((auth) => auth.getAccessToken())
  expect(await statuses([...tabs, reloaded])).toEqual(Array(tabs.length + 1).fill('signed-in'))
  expect(world.wire.refreshes().filter(({ status }) => status !== 200 && status !== undefined)).toEqual([])
}

async function renewAndCall(tab: Tab): Promise<number[]> {
  await tab.run((auth) => auth.refresh())
  return callMany(tab)
}

function callMany(tab: Tab): Promise<number[]> {
  return tab.run(async (auth, calls) => {
    const answers = Array.from({ length: calls }, () => auth.fetch('/dev/api/time'))
    return (await Promise.all(answers)).map(({ status }) => status)
  }, CALLS)
}

function statuses(tabs: Tab[]): Promise<string[]> {
  return Promise.all(tabs.map((tab) => tab.run((auth) => auth.status)))
}
