import { expect, test } from 'vitest'
import { createBrowser, pageRefresh } from './browser.ts'
import { startWorld, type World } from './world.ts'

const DAY = 86_400

/** Longer than the access token lasts and than an attempt is repeated. */
function passTime(world: World, browser: { skip(seconds: number): void }, seconds = 3600) {
  world.auth.clock.now += seconds * 1000
  browser.skip(seconds)
}

async function startSignedIn() {
  const world = await startWorld()
  const node = await world.startNode()
  const browser = createBrowser()
  await browser.signUp(node, 'ada@example.com')
  passTime(world, browser)
  return { world, node, browser }
}

const SIGNED_IN = 'ada@example.com true true'

test('a document whose loaders all want a token makes one refresh, and brings its cookies to the browser', async () => {
  const { world, node, browser } = await startSignedIn()
  const before = browser.cookie()
  const page = await browser.open(node)

  expect([page.status, page.body]).toEqual([200, SIGNED_IN])
  expect(world.refreshes).toEqual([200])
  expect(browser.cookie()).not.toBe(before)
  expect(page.headers.get('cache-control')).toBe('private, no-store')
  expect(page.headers.get('vary')).toBe('Cookie')
})

test('the next documents use the token of the one before, until the browser drops it', async () => {
  const { world, node, browser } = await startSignedIn()
  for (let i = 0; i < 3; i++) expect((await browser.open(node)).body).toBe(SIGNED_IN)
  expect(world.refreshes).toEqual([200])
  browser.skip(871)
  expect(browser.cookie('-access')).toBeUndefined()
  expect((await browser.open(node)).body).toBe(SIGNED_IN)
  expect(world.refreshes).toEqual([200, 200])
})

test('five tabs restored at once, on one node, refresh once', async () => {
  const { world, node, browser } = await startSignedIn()
  const pages = await Promise.all(Array.from({ length: 5 }, () => browser.send(node, '/')))
  for (const page of pages) page.receive()

  expect(pages.map(({ body }) => body)).toEqual(Array(5).fill(SIGNED_IN))
  expect(world.refreshes).toEqual([200])
  expect(new Set(pages.map(({ headers }) => headers.getSetCookie().join())).size).toBe(1)
})

test('five tabs restored at once, on five nodes, stay signed in, whichever answer comes last', async () => {
  const { world, browser } = await startSignedIn()
  const nodes = await Promise.all(Array.from({ length: 5 }, () => world.startNode()))
  const pages = await Promise.all(nodes.map((node) => browser.send(node, '/')))
  expect(pages.map(({ body }) => body)).toEqual(Array(5).fill(SIGNED_IN))
  expect(
    new Set(pages.map(({ headers }) => /latchkey=([^;]+)/.exec(headers.getSetCookie().join())?.[1])).size,
  ).toBe(1)

  // Each page's own client refreshes as soon as its document is there, while the other documents are still on their way.
  for (const [i, page] of pages.entries()) {
    page.receive()
    expect((await browser.refresh(nodes[(i + 1) % 5]!)).status).toBe(200)
  }
  for (let hour = 0; hour < 3; hour++) {
    passTime(world, browser)
    expect((await browser.open(nodes[hour]!)).body).toBe(SIGNED_IN)
  }
  expect(world.alarms()).toEqual([])
})

test('a document that never arrived costs nothing, days later and on another node', async () => {
  const { world, node, browser } = await startSignedIn()
  const before = browser.cookie()
  await browser.send(node, '/')
  expect(browser.cookie()).toBe(before)

  passTime(world, browser, 3 * DAY)
  const restarted = await world.startNode()
  const tabs = await Promise.all([node, restarted, node, restarted].map((at) => browser.send(at, '/')))
  expect(tabs.map(({ body }) => body)).toEqual(Array(4).fill(SIGNED_IN))
  for (const tab of tabs) {
    tab.receive()
    await browser.refresh(restarted)
  }
  passTime(world, browser)
  expect((await browser.open(restarted)).body).toBe(SIGNED_IN)
  expect(world.alarms()).toEqual([])
})

test('a refresh whose answer the host never got is repeated with the same key, also after the host was restarted', async () => {
  const { world, browser } = await startSignedIn()
  const cut = await world.startNode({
    fetch: async (request) => {
      await fetch(request)
      throw new Error('the connection was cut')
    },
  })
  const before = browser.cookie()
  const page = await browser.open(cut)
  expect([page.status, page.body]).toEqual([503, 'UNREACHABLE'])
  expect(page.headers.getSetCookie()).toEqual([])
  expect((await browser.refresh(cut)).status).toBe(502)
  expect(browser.cookie()).toBe(before)

  const restarted = await world.startNode()
  expect((await browser.open(restarted)).body).toBe(SIGNED_IN)
  expect(world.alarms()).toEqual([])
})

test.each(['the document', 'the refresh'] as const)(
  "a document and the page's own refresh of the same cookie go together, when %s is answered last",
  async (last) => {
    const { world, node, browser } = await startSignedIn()
    const [document, refresh] = await Promise.all([
      browser.send(node, '/'),
      browser.send(await world.startNode(), '/auth/refresh', pageRefresh()),
    ])
    expect([document.body, refresh.status]).toEqual([SIGNED_IN, 200])
    const order = last === 'the document' ? [refresh, document] : [document, refresh]
    for (const answer of order) {
      answer.receive()
      expect((await browser.refresh(node)).status).toBe(200)
    }
    passTime(world, browser)
    expect((await browser.open(node)).body).toBe(SIGNED_IN)
    expect(world.alarms()).toEqual([])
  },
)

test("the page's own refresh, once its answer is lost, is made good by a document, and the other way round", async () => {
  const { world, node, browser } = await startSignedIn()
  await browser.send(node, '/auth/refresh', pageRefresh())
  expect((await browser.open(node)).body).toBe(SIGNED_IN)
  passTime(world, browser)
  await browser.send(node, '/')
  expect((await browser.refresh(node)).status).toBe(200)
  expect(world.alarms()).toEqual([])
})

test('pages that are loaded one after the other do not move the session each time', async () => {
  const { world, node, browser } = await startSignedIn()
  await browser.open(node)
  const settled = browser.cookie()
  for (let i = 0; i < 4; i++) expect((await browser.refresh(node)).status).toBe(200)
  expect(browser.cookie()).toBe(settled)

  browser.skip(61)
  await browser.refresh(node)
  expect(browser.cookie()).not.toBe(settled)
  expect(world.alarms()).toEqual([])
})

test('a page that refreshes all the time still moves the session, so that it does not idle to its end', async () => {
  const { world, node, browser } = await startSignedIn()
  const seen = new Set<string | undefined>()
  for (let i = 0; i < 20; i++) {
    expect((await browser.refresh(node)).status).toBe(200)
    seen.add(browser.cookie())
    passTime(world, browser, 20)
  }
  expect(seen.size).toBeGreaterThan(4)
})

test('a browser that signed in before the host was there goes on, with the key of its page', async () => {
  const { world, node, browser } = await startSignedIn()
  for (const suffix of ['-attempt', '-access', '-last']) browser.forget(suffix)
  const key = pageRefresh()
  await browser.send(node, '/auth/refresh', key)
  const again = await browser.send(node, '/auth/refresh', key)
  again.receive()

  expect(again.status).toBe(200)
  expect(browser.cookie('-attempt')).toMatch(/^[\w-]{16,}$/)
  expect(browser.cookie('-last')).toBeUndefined()
  passTime(world, browser)
  expect((await browser.open(node)).body).toBe(SIGNED_IN)
  expect(world.alarms()).toEqual([])
})
