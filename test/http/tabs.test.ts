import { setTimeout as delay } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { alone, startBrowser } from '../../packages/client/src/testing/browser.ts'
import { listen, PASSWORD, startAuth } from '../support/auth.ts'

const TABS = 5
const CALLS_PER_TAB = 30
const ACCESS_TOKEN_MS = 900_000

/** The service on a port, a browser with five tabs that are signed in, and a look at the refreshes that they make. */
async function startTabs(lacking: Parameters<ReturnType<typeof startBrowser>['openTab']>[1] = {}) {
  const world = await startAuth()
  const url = await listen(world.auth)
  const browser = startBrowser({ url } as Parameters<typeof startBrowser>[0])
  const refreshes: number[] = []
  const send = async (request: Request) => {
    const response = await browser.send(request)
    if (request.url.endsWith('/auth/refresh')) refreshes.push(response.status)
    return response
  }
  // As long as in a page: a tab waits for the word of another one.
  const parts = { sleep: (milliseconds: number) => delay(milliseconds), ...lacking }
  const tabs = Array.from({ length: TABS }, () => browser.openTab({ fetch: send }, parts))
  await tabs[0]?.register({ email: 'ada@example.com', password: PASSWORD })
  await Promise.all(tabs.map((tab) => tab.getAccessToken()))
  refreshes.length = 0

  const runOut = () => {
    world.clock.now += ACCESS_TOKEN_MS
    browser.skip(ACCESS_TOKEN_MS)
  }
  const callFromEveryTab = async () => {
    const calls = tabs.flatMap((tab) =>
      Array.from({ length: CALLS_PER_TAB }, () => tab.fetch(`${url}/auth/me`)),
    )
    return (await Promise.all(calls)).map(({ status }) => status)
  }
  return { world, tabs, refreshes, runOut, callFromEveryTab }
}

test('CC-15: when the token of five tabs has run out, 150 calls at once make one refresh, and every one succeeds', async () => {
  const { world, tabs, refreshes, runOut, callFromEveryTab } = await startTabs()
  for (let round = 0; round < 3; round++) {
    runOut()
    expect(await callFromEveryTab()).toEqual(Array(TABS * CALLS_PER_TAB).fill(200))
    expect(refreshes, 'refreshes of five tabs').toEqual([200])
    refreshes.length = 0
  }
  expect(tabs.map(({ status }) => status)).toEqual(Array(TABS).fill('signed-in'))
  expect(world.events.filter(({ type }) => type === 'session.ended' || type === 'refresh.reused')).toEqual([])
})

test('CC-15: in a browser whose tabs cannot hear each other, each refreshes for itself, and nobody is signed out', async () => {
  const { world, tabs, refreshes, runOut, callFromEveryTab } = await startTabs({
    channel: undefined,
    lock: alone,
  })
  runOut()
  expect(await callFromEveryTab()).toEqual(Array(TABS * CALLS_PER_TAB).fill(200))
  expect(refreshes.length).toBeLessThanOrEqual(TABS)
  expect(tabs.map(({ status }) => status)).toEqual(Array(TABS).fill('signed-in'))
  expect(world.events.filter(({ type }) => type === 'session.ended' || type === 'refresh.reused')).toEqual([])
})
