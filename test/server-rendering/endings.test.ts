import { expect, test } from 'vitest'
import { type Browser, createBrowser } from './browser.ts'
import { type Node, startWorld, type World } from './world.ts'

const SIGNED_IN = 'ada@example.com true true'
const SIGNED_OUT = 'nobody false false'

async function startSignedIn() {
  const world = await startWorld()
  const node = await world.startNode()
  const browser = createBrowser()
  await browser.signUp(node, 'ada@example.com')
  return { world, node, browser }
}

function anHourLater(world: World, ...browsers: Browser[]) {
  world.auth.clock.now += 3_600_000
  for (const browser of browsers) browser.skip(3600)
}

/** Goes on as a browser does, and says how its first refused refresh was refused. */
async function goOn(browser: Browser, node: Node): Promise<string | undefined> {
  const { status, body } = await browser.refresh(node)
  return status === 200 ? undefined : JSON.parse(body).error
}

test.each(['at the service', 'at the rendering host'])(
  'who copied the refresh cookie and replays it, %s, ends the session',
  async (where) => {
    const { world, node, browser } = await startSignedIn()
    const thief = browser.stolenBy('refresh cookie')
    anHourLater(world, browser)
    await browser.open(node)

    const service = { ...node, url: world.serviceUrl }
    expect(await goOn(thief, where === 'at the service' ? service : node)).toBe('REFRESH_REUSED')
    expect(world.alarms()).toEqual(['refresh.reused', 'session.ended'])
    anHourLater(world, browser)
    expect((await browser.open(node)).body).toBe(SIGNED_OUT)
  },
)

test('who copied the refresh cookie and uses it first is found out when the owner comes back', async () => {
  const { node, browser } = await startSignedIn()
  await browser.refresh(node)
  const thief = browser.stolenBy('refresh cookie')
  expect(await goOn(thief, node)).toBeUndefined()

  expect(await goOn(browser, node)).toBe('REFRESH_REUSED')
  expect(await goOn(thief, node)).toBe('SESSION_REVOKED')
})

test('who copied the whole jar and keeps pace with its owner is found out at the second refresh', async () => {
  const { world, node, browser } = await startSignedIn()
  const thief = browser.stolenBy('jar')
  const answers: (string | undefined)[] = []
  for (let hour = 0; hour < 2; hour++) {
    anHourLater(world, browser, thief)
    answers.push(await goOn(browser, node), await goOn(thief, node))
  }
  expect(answers).toEqual([undefined, undefined, undefined, 'REFRESH_REUSED'])
})

test('who copied the whole jar and runs ahead locks its owner out at first, and at the fifth refresh ends the session', async () => {
  const { world, node, browser } = await startSignedIn()
  const thief = browser.stolenBy('jar')
  const owner: (string | undefined)[] = []
  for (let hour = 0; hour < 5; hour++) {
    expect(await goOn(thief, node)).toBeUndefined()
    anHourLater(world, browser, thief)
    if (hour > 0) owner.push(await goOn(browser, node))
  }
  expect(owner).toEqual([...Array(3).fill('REFRESH_SUPERSEDED'), 'REFRESH_REUSED'])
  expect(await goOn(thief, node)).toBe('SESSION_REVOKED')
})

test('signing out empties the jar, and the next document asks nobody', async () => {
  const { world, node, browser } = await startSignedIn()
  await browser.open(node)
  expect((await browser.logout(node)).status).toBe(204)

  for (const suffix of ['', '-attempt', '-last', '-access']) expect(browser.cookie(suffix)).toBeUndefined()
  expect((await browser.open(node)).body).toBe(SIGNED_OUT)
  expect(world.refreshes).toEqual([])
})

test('a document that was under way when the user signed out brings nobody back', async () => {
  const { world, node, browser } = await startSignedIn()
  anHourLater(world, browser)
  const late = await browser.send(node, '/')
  await browser.logout(node)
  late.receive()
  expect(late.body).toBe(SIGNED_IN)

  expect(browser.cookie('-access')).toBeDefined()
  expect((await browser.open(node)).body).toBe(SIGNED_OUT)
  expect(await goOn(browser, node)).toBe('SESSION_REVOKED')
  anHourLater(world, browser)
  expect((await browser.open(node)).body).toBe(SIGNED_OUT)

  await browser.signUp(node, 'grace@example.com')
  expect((await browser.open(node)).body).toBe('grace@example.com true true')
})

test('a new sign-in is not undone by what is left of the session before it', async () => {
  const { world, node, browser } = await startSignedIn()
  await browser.refresh(node)
  await browser.signUp(node, 'grace@example.com')
  await browser.refresh(node)
  expect((await browser.open(node)).body).toBe('grace@example.com true true')
  expect(world.alarms()).toEqual([])
})

test('a sign-out that the service could not record changes nothing', async () => {
  const { world, browser } = await startSignedIn()
  const away = await world.startNode({ fetch: async () => problem(503, 'STORE_UNAVAILABLE') })
  const held = browser.cookie('-access')
  expect((await browser.logout(away)).status).toBe(503)
  expect([browser.cookie('-access'), browser.cookie('-signed-out')]).toEqual([held, undefined])
})

test.each([
  ['STORE_UNAVAILABLE', 503],
  ['RATE_LIMITED', 429],
  ['INTERNAL', 500],
])('%s is an error that the page can show, never a sign-out', async (code, status) => {
  const { world, node, browser } = await startSignedIn()
  anHourLater(world, browser)
  const before = browser.cookie()
  const away = await world.startNode({ fetch: async () => problem(status, code) })
  const page = await browser.open(away)
  expect([page.status, page.body]).toEqual([503, code])
  expect(page.headers.getSetCookie()).toEqual([])
  expect(browser.cookie()).toBe(before)
  expect((await browser.open(node)).body).toBe(SIGNED_IN)
})

test('a service that is away is an error too, and a 502 for the page', async () => {
  const { world, node, browser } = await startSignedIn()
  anHourLater(world, browser)
  const away = await world.startNode({ serviceUrl: 'http://127.0.0.1:1' })
  expect((await browser.open(away)).body).toBe('UNREACHABLE')
  const answer = await browser.refresh(away)
  expect([answer.status, answer.headers.getSetCookie()]).toEqual([502, []])
  expect((await browser.open(node)).body).toBe(SIGNED_IN)
})

test.each(['REFRESH_INVALID', 'REFRESH_EXPIRED', 'REFRESH_REUSED', 'SESSION_REVOKED'])(
  'after %s the page is that of nobody, and no cookie is touched',
  async (code) => {
    const { world, browser } = await startSignedIn()
    anHourLater(world, browser)
    const refusing = await world.startNode(
      { fetch: async () => problem(401, code) },
      async (visit) => new Response(String(await visit.getAccessToken()), { headers: visit.headers() }),
    )
    const page = await browser.open(refusing)
    expect([page.status, page.body, page.headers.getSetCookie()]).toEqual([200, 'null', []])
  },
)

test('a token that was revoked meanwhile is refreshed once, and the page is that of nobody', async () => {
  const { world, node, browser } = await startSignedIn()
  const elsewhere = browser.stolenBy('jar')
  await elsewhere.logout(node)
  const page = await browser.open(node)
  expect(page.body).toMatch(/^nobody /)
  expect(page.headers.getSetCookie()).toEqual([])
  expect(world.refreshes).toEqual([401])
})

test('an API that calls the kept token expired gets a new one, once for all loaders', async () => {
  const { world, node, browser } = await startSignedIn()
  world.auth.clock.now += 910_000
  expect(browser.cookie('-access')).toBeDefined()
  expect((await browser.open(node)).body).toBe(SIGNED_IN)
  expect(world.refreshes).toEqual([200])
  expect((await browser.open(node)).body).toBe(SIGNED_IN)
  expect(world.refreshes).toEqual([200])
})

test('how long a body may be is for the service to say', async () => {
  const { node, browser } = await startSignedIn()
  const answer = await browser.send(node, '/auth/login', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ email: 'ada@example.com', password: 'x'.repeat(20_000) }),
  })
  expect([answer.status, JSON.parse(answer.body).error]).toEqual([413, 'PAYLOAD_TOO_LARGE'])
})

test('a planted second refresh cookie signs nobody in', async () => {
  const { node, browser } = await startSignedIn()
  const other = createBrowser()
  await other.signUp(node)
  browser.plant('=x; __Host-latchkey', other.cookie() as string)
  expect((await browser.open(node)).body).toBe(SIGNED_OUT)
  expect(await goOn(browser, node)).toBe('REFRESH_INVALID')
})

test('a spoilt key counts as none, so that it is not refused for ever', async () => {
  const { world, node, browser } = await startSignedIn()
  anHourLater(world, browser)
  browser.plant('-attempt', 'short')
  browser.plant('-last', 'neither')
  expect((await browser.open(node)).body).toBe(SIGNED_IN)
  anHourLater(world, browser)
  expect((await browser.open(node)).body).toBe(SIGNED_IN)
})

function problem(status: number, error: string): Response {
  return new Response(JSON.stringify({ status, error }), {
    status,
    headers: { 'content-type': 'application/problem+json' },
  })
}
