import { expect, test } from 'vitest'
import { cookieNames } from './jar.ts'
import { readServerOptions } from './options.ts'
import { createVisits } from './visit.ts'

const NAMES = cookieNames('__Host-latchkey')
const COOKIES = '__Host-latchkey=lk1_a; __Host-latchkey-attempt=0123456789abcdef'
const TOKENS = { accessToken: 'at', tokenType: 'Bearer', expiresIn: 900, sessionId: 's', user: { id: 'u' } }

/** Visits of a host whose clock is set, and whose refreshes are answered when the test says so. */
function startVisits(fetch: (request: Request) => Promise<Response> = async () => new Response()) {
  const clock = { now: 0 }
  let refreshes = 0
  const answered = Promise.withResolvers<Response>()
  const settings = readServerOptions({ serviceUrl: 'http://service', origins: ['http://api'], fetch })
  const refresh = async () => {
    refreshes++
    return (await answered.promise).clone()
  }
  const open = createVisits(settings, NAMES, { refresh }, () => clock.now)
  return {
    clock,
    answer: () =>
      answered.resolve(
        new Response(JSON.stringify(TOKENS), { headers: { 'set-cookie': '__Host-latchkey=lk1_b' } }),
      ),
    refreshes: () => refreshes,
    visit: (cookie = COOKIES) => open(new Request('http://localhost/', { headers: { cookie } })),
  }
}

test('documents that come together share one refresh and its cookies', async () => {
  const { visit, answer, refreshes } = startVisits()
  const [first, second] = [visit(), visit()]
  const asked = [first.getAccessToken(), second.getAccessToken(), second.getAccessToken()]
  answer()
  expect(await Promise.all(asked)).toEqual(['at', 'at', 'at'])
  expect(refreshes()).toBe(1)
  for (const { headers } of [first, second])
    expect(headers().getSetCookie()).toEqual(['__Host-latchkey=lk1_b'])

  await visit().getAccessToken()
  expect(refreshes()).toBe(2)
})

test('documents of different browsers share nothing', async () => {
  const { visit, answer, refreshes } = startVisits()
  const asked = [visit(), visit(COOKIES.replace('lk1_a', 'lk1_c'))].map((one) => one.getAccessToken())
  answer()
  await Promise.all(asked)
  expect(refreshes()).toBe(2)
})

test('a document that took long sets no cookie: the browser may have a newer one by then', async () => {
  const { visit, answer, clock } = startVisits()
  const document = visit()
  answer()
  await document.getAccessToken()
  clock.now = 9_999
  expect(document.headers().getSetCookie()).toHaveLength(1)
  clock.now = 10_000
  expect(document.headers().getSetCookie()).toEqual([])
})

test('headers asked for before the token is there hold no cookie, and still no cache keeps the document', async () => {
  const { visit, answer } = startVisits()
  const document = visit()
  expect([...document.headers()]).toEqual([])
  const asked = document.getAccessToken()
  expect([...document.headers()]).toEqual([
    ['cache-control', 'private, no-store'],
    ['vary', 'Cookie'],
  ])
  answer()
  await asked
})

test('an access token without the refresh cookie is a remnant that counts for nothing', async () => {
  const { visit, refreshes } = startVisits()
  expect(await visit('__Host-latchkey-access=at').getAccessToken()).toBeNull()
  expect(await visit('').getAccessToken()).toBeNull()
  expect(refreshes()).toBe(0)
})

test('a token that an API still refuses after it was renewed is not renewed again', async () => {
  const sent: (string | null)[] = []
  const { visit, answer, refreshes } = startVisits(async ({ headers }) => {
    sent.push(headers.get('authorization'))
    return Response.json({ error: 'TOKEN_EXPIRED' }, { status: 401 })
  })
  answer()
  const document = visit(`${COOKIES}; __Host-latchkey-access=old`)
  const responses = await Promise.all([
    document.fetch('http://api/orders'),
    document.fetch('http://api/profile'),
  ])
  expect(responses.map(({ status }) => status)).toEqual([401, 401])
  expect(sent).toEqual(['Bearer old', 'Bearer old', 'Bearer at', 'Bearer at'])
  expect(refreshes()).toBe(1)
})

test('the token goes to the service and to the origins that were named, and to nobody else', async () => {
  const sent: string[] = []
  const { visit } = startVisits(async ({ url, headers }) => {
    sent.push(`${url} ${headers.get('authorization')}`)
    return new Response()
  })
  const document = visit(`${COOKIES}; __Host-latchkey-access=at`)
  for (const url of ['/auth/me', 'http://api/orders', 'http://api.evil/orders']) await document.fetch(url)
  expect(sent).toEqual([
    'http://service/auth/me Bearer at',
    'http://api/orders Bearer at',
    'http://api.evil/orders null',
  ])
})
