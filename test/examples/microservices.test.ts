import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { text } from 'node:stream/consumers'
import { createAdaptorServer } from '@hono/node-server'
import { createVerifier } from '@latchkey/verifier'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { createGateway } from '../../examples/microservices/gateway/app.ts'
import { AUDIENCE, createKey, ISSUER, keySet, mint, NOW } from '../../packages/verifier/src/testing/issuer.ts'
import { temporaryFolder } from '../support/auth.ts'
import { launchChromium, requireChromium } from '../support/chromium.ts'
import { type Example, spawnExample, startExample } from './start.ts'

const ADA = { email: 'ada@example.com', password: 'a quiet harbour at dusk' }

let browser: Browser | undefined
beforeAll(async () => {
  browser = await launchChromium()
})
afterAll(() => browser?.close())

test('npm start runs it, says where to look, and Ctrl-C stops all of it, cleanly', {
  timeout: 60_000,
}, async () => {
  const example = await startExample('microservices')
  const page = await fetch(example.url)
  expect([page.status, page.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8'])
  for (const url of apisOf(example)) {
    const answer = await fetch(url)
    expect([answer.status, (await answer.json()).error]).toEqual([401, 'TOKEN_MISSING'])
  }
  await example.interrupt()
  for (const url of [example.url, example.serviceUrl, ...apisOf(example)]) {
    await expect(fetch(url)).rejects.toThrow()
  }
  expect(example.output()).not.toMatch(/error|warn|by itself/i)
})

test('Ctrl-C in the middle of the start stops all of it, too, and says nothing', {
  timeout: 60_000,
}, async () => {
  const moments: ((database: string) => boolean)[] = [
    existsSync, // The service begins.
    (database) => servicesIn(database) === 3, // The parts begin.
  ]
  for (const hasCome of moments) {
    const database = join(temporaryFolder(), 'latchkey.db')
    const example = spawnExample('microservices', { LATCHKEY_DATABASE_URL: `sqlite:${database}` })
    await expect.poll(() => hasCome(database), { timeout: 20_000, interval: 5 }).toBe(true)
    await example.interrupt()
    expect([await example.ended, example.output()]).toEqual([0, ''])
  }
})

test('the gateway forwards no request without a good token to the APIs, and nothing but /auth to the service', async () => {
  const key = createKey()
  const upstream = await startUpstream()
  const gateway = await startGateway(upstream.url, key)
  const good = mint(key)
  const refused: Record<string, string>[] = [
    {},
    { authorization: 'Bearer' },
    { authorization: 'Bearer x' },
    { authorization: 'Basic YTpi' },
    { authorization: `Bearer ${mint(createKey())}` },
    { authorization: `Bearer ${mint(key, { claims: { exp: NOW - 10 } })}` },
    { cookie: `access_token=${good}` },
  ]
  for (const path of ['/orders', '/orders/7', '/stock', '/stock/lamps', `/orders?access_token=${good}`]) {
    for (const headers of refused) {
      const { status } = await fetch(gateway + path, { headers })
      expect([400, 401], `${path} ${JSON.stringify(headers)}`).toContain(status)
    }
  }
  const targets = [
    ...['/metrics', '/orders/../metrics', '/auth/../metrics', '/auth/%2e%2e/metrics'],
    ...['/auth/revocations', '/auth/./revocations', '/auth/%72evocations', '//x/auth/me'],
    ...['http://evil.example/metrics', '/ORDERS', '/orders%2f..%2fmetrics'],
  ]
  for (const target of targets) expect(await rawGet(gateway, target, good), target).toMatch(/^HTTP\/1.1 404 /)
  for (const target of ['/auth/../orders', '/auth/%2E%2E/stock', 'http://evil.example/orders']) {
    expect(await rawGet(gateway, target, 'x'), target).toMatch(/^HTTP\/1.1 401 /)
  }
  expect(upstream.seen).toEqual([])

  const headers = { authorization: `Bearer ${good}`, 'x-forwarded-for': '203.0.113.9' }
  for (const path of ['/orders?page=2', '/auth/me']) await fetch(gateway + path, { headers })
  expect(upstream.seen).toEqual(
    ['/orders?page=2', '/auth/me'].map((url) => ({
      url,
      authorization: `Bearer ${good}`,
      client: expect.stringMatching(/127\.0\.0\.1$/),
    })),
  )
})

test('the refresh cookie reaches the service and no API, and no API sets one', async () => {
  const key = createKey()
  const upstream = await startUpstream()
  const gateway = await startGateway(upstream.url, key)
  const headers = { authorization: `Bearer ${mint(key)}`, cookie: '__Host-latchkey=secret' }
  const paths = ['/orders', '/stock/7', '/auth/refresh']
  const answers = await Promise.all(paths.map((path) => fetch(gateway + path, { headers })))
  const cookies = upstream.received.map(({ url, headers: { cookie } }) => [url, cookie])
  expect(Object.fromEntries(cookies)).toEqual({
    '/orders': undefined,
    '/stock/7': undefined,
    '/auth/refresh': '__Host-latchkey=secret',
  })
  expect(answers.map(({ status, headers }) => [status, headers.get('set-cookie')])).toEqual([
    [200, null],
    [200, null],
    [200, '__Host-latchkey=other'],
  ])
})

test('what a client says to the gateway alone, or of the way it came, goes no further', async () => {
  const key = createKey()
  const upstream = await startUpstream()
  const gateway = await startGateway(upstream.url, key)
  const extra = [
    ...['Forwarded: for=203.0.113.9', 'X-Forwarded-Host: evil.example', 'X-Forwarded-Proto: https'],
    ...[
      'X-Forwarded-For: 203.0.113.9',
      'Proxy-Authorization: Basic YTpi',
      'TE: trailers',
      'Expect: 100-continue',
    ],
  ].join('\r\n')
  for (const target of ['/orders', '/auth/me']) {
    expect(await rawGet(gateway, target, mint(key), extra), target).toMatch(/^HTTP\/1.1 (?:100 |200 )/)
  }
  expect(upstream.received.map(({ url }) => url)).toEqual(['/orders', '/auth/me'])
  for (const { url, headers } of upstream.received) {
    expect(headers['x-forwarded-for'], url).toMatch(/127\.0\.0\.1$/)
    expect(
      Object.keys(headers).filter((name) => /forwarded|^te$|^proxy|^expect/.test(name)),
      url,
    ).toEqual(['x-forwarded-for'])
  }
})

test('in a browser: signing up, both APIs answer; signed out elsewhere, both refuse the token within a second', {
  timeout: 60_000,
}, async (context) => {
  const chromium = requireChromium(browser, context)
  const example = await startExample('microservices')
  const [here, there] = [await openProfile(chromium), await openProfile(chromium)]

  const page = await signIn(here, example, 'Sign up')
  await page.getByText('A lamp for the harbour: 48').waitFor()
  await page.getByText('Lamps: 7').waitFor()
  const authorization = await authorizationOf(page)
  const addresses = [...apisOf(example), `${example.url}/orders`, `${example.url}/stock`]
  const ask = () => Promise.all(addresses.map((address) => outcomeOf(address, authorization)))
  expect(await ask()).toEqual(addresses.map(() => 200))

  const elsewhere = await signIn(there, example, 'Sign in')
  await elsewhere.getByText('Lamps: 7').waitFor()
  const ended = elsewhere.waitForResponse((answer) => answer.request().method() === 'DELETE')
  await elsewhere.getByRole('button', { name: 'Sign out everywhere else' }).click()
  expect((await ended).status()).toBe(204)
  await expect.poll(ask, { timeout: 1000, interval: 10 }).toEqual(addresses.map(() => 'TOKEN_REVOKED'))

  await page.getByText('You were signed out elsewhere.').waitFor()
  await expect.poll(() => refusalsOn(page)).toEqual(['401 TOKEN_REVOKED', '401 TOKEN_REVOKED'])
  await page.getByRole('button', { name: 'Sign in' }).waitFor()

  // The one that ended the others goes on, until it ends itself.
  await elsewhere.getByText('Lamps: 7').waitFor()
  await elsewhere.getByRole('button', { name: 'Sign out', exact: true }).click()
  await elsewhere.getByText('You are signed out.').waitFor()
  await expect.poll(() => refusalsOn(elsewhere)).toEqual(['401 TOKEN_REVOKED', '401 TOKEN_REVOKED'])
})

function servicesIn(database: string): number {
  try {
    const opened = new DatabaseSync(database, { readOnly: true })
    try {
      return Number(opened.prepare('select count(*) as count from services').get()?.count)
    } finally {
      opened.close()
    }
  } catch {
    // Not there yet, or just being made.
    return 0
  }
}

/** Where the two APIs listen, behind the gateway. */
function apisOf(example: Example): string[] {
  const [, orders, stock] = /orders on (\S+), stock on (\S+)\.\n/.exec(example.output()) ?? []
  return [`${orders}/orders`, `${stock}/stock`]
}

async function openProfile(chromium: Browser): Promise<BrowserContext> {
  const profile = await chromium.newContext()
  onTestFinished(() => profile.close())
  profile.setDefaultTimeout(8000)
  return profile
}

async function signIn(
  profile: BrowserContext,
  { url }: Example,
  button: 'Sign in' | 'Sign up',
): Promise<Page> {
  const page = await profile.newPage()
  await page.goto(url)
  await page.getByLabel('E-mail').fill(ADA.email)
  await page.getByLabel('Password').fill(ADA.password)
  await page.getByRole('button', { name: button }).click()
  await page.getByText(`Signed in as ${ADA.email}`).waitFor()
  return page
}

/** What the page sends with its next question. */
async function authorizationOf(page: Page): Promise<string> {
  const request = await page.waitForRequest((request) => request.url().endsWith('/orders'))
  return (await request.allHeaders()).authorization!
}

async function outcomeOf(address: string, authorization: string): Promise<number | string> {
  const answer = await fetch(address, { headers: { authorization } })
  const body = await answer.json()
  return answer.ok ? answer.status : body.error
}

async function refusalsOn(page: Page): Promise<(string | null)[]> {
  return await Promise.all(['#orders', '#stock'].map((place) => page.locator(place).textContent()))
}

/** What stands behind a gateway, and notes down what reaches it. */
async function startUpstream() {
  const seen: object[] = []
  const received: { url: string | undefined; headers: IncomingHttpHeaders }[] = []
  const server = createServer(({ url, headers }, answer) => {
    received.push({ url, headers })
    answer.setHeader('set-cookie', '__Host-latchkey=other')
    seen.push({ url, authorization: headers.authorization, client: headers['x-forwarded-for'] })
    answer.end()
  })
  return { seen, received, url: await listen(server) }
}

async function startGateway(upstream: string, key: ReturnType<typeof createKey>): Promise<string> {
  const verifier = createVerifier({
    issuer: ISSUER,
    audience: AUDIENCE,
    jwks: keySet(key),
    now: () => NOW * 1000,
  })
  const urls = { serviceUrl: upstream, ordersUrl: upstream, stockUrl: upstream }
  const { fetch } = createGateway({ verifier, ...urls, files: new Map() })
  return await listen(createAdaptorServer({ fetch }) as Server)
}

async function listen(server: Server): Promise<string> {
  await once(server.listen(0, '127.0.0.1'), 'listening')
  onTestFinished(() => {
    server.close()
    server.closeAllConnections()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** The answer to a request whose target is sent as it is. */
async function rawGet(url: string, target: string, token: string, extra = 'Accept: */*'): Promise<string> {
  const { port } = new URL(url)
  const socket = connect(Number(port), '127.0.0.1')
  socket.write(
    `GET ${target} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${token}\r\n${extra}\r\nConnection: close\r\n\r\n`,
  )
  return await text(socket)
}
