import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import axios, { type AxiosError } from 'axios'
import { expect, onTestFinished, test } from 'vitest'
import { AuthClientError } from '../errors.ts'
import { ADA, startBrowser } from '../testing/browser.ts'
import { problem, startContractService } from '../testing/contract-service.ts'
import { withAuth } from './index.ts'

async function signedIn() {
  const service = await startContractService()
  const browser = startBrowser(service)
  const client = browser.openTab()
  await client.login(ADA)
  const api = withAuth(axios.create({ baseURL: service.url }), client)
  const calls = () => service.seen.filter(({ path }) => path.startsWith('/api/'))
  const wearOut = async () => service.expire((await client.getAccessToken()) ?? '')
  return { service, browser, client, api, calls, wearOut }
}

/** What a call was refused with. */
function refusal(call: Promise<unknown>): Promise<AxiosError> {
  return call.then(
    () => Promise.reject(new Error('it was not refused')),
    (error: AxiosError) => error,
  )
}

test('a call carries the access token, and its answer is what axios makes of it', async () => {
  const { client, api, calls } = await signedIn()
  const { status, data } = await api.post('/api/things', { name: 'a thing' })
  expect(status).toBe(200)
  expect(data).toEqual({ echo: '{"name":"a thing"}' })
  expect(calls()[0]?.bearer).toBe(client.peek()?.accessToken)
})

test('a token is renewed before it ends', async () => {
  const { service, browser, client, api, calls } = await signedIn()
  const first = client.peek()?.accessToken
  browser.skip(880_000)
  await api.get('/api/things')
  expect(service.refreshes()).toHaveLength(1)
  expect(calls()[0]?.bearer).not.toBe(first)
})

test('calls that meet an expired token are repeated once with a new one, and make one refresh', async () => {
  const { service, api, calls, wearOut } = await signedIn()
  await wearOut()
  const answers = await Promise.all(Array.from({ length: 10 }, () => api.get('/api/things')))
  expect(answers.map(({ status }) => status)).toEqual(Array(10).fill(200))
  expect(calls()).toHaveLength(20)
  expect(service.refreshes()).toHaveLength(1)
})

test('a call that is refused again is not repeated again', async () => {
  const { service, api, calls } = await signedIn()
  const expired = { status: 401, body: problem(401, 'TOKEN_EXPIRED')[1], headers: problem(401, '')[2] }
  service.fail('/api/things', expired, expired, expired)
  const error = await refusal(api.get('/api/things'))
  expect(error.response?.status).toBe(401)
  expect(error.response?.data).toMatchObject({ error: 'TOKEN_EXPIRED' })
  expect(calls()).toHaveLength(2)
  expect(service.refreshes()).toHaveLength(1)
})

test('validateStatus decides about the last answer, not about the one that was repeated', async () => {
  const { service, api, wearOut } = await signedIn()
  await wearOut()
  expect((await api.get('/api/things', { validateStatus: (status) => status === 200 })).status).toBe(200)
  service.fail('/api/things', { status: 500, body: 'down' })
  expect((await refusal(api.get('/api/things'))).response?.status).toBe(500)
  service.fail('/api/things', { status: 404, body: 'none' })
  expect((await api.get('/api/things', { validateStatus: null })).status).toBe(404)
})

test('the token goes to no other origin: not by an absolute URL, not by another baseURL', async () => {
  const { api } = await signedIn()
  const elsewhere = await startContractService()
  await refusal(api.get(`${elsewhere.url}/api/things`))
  await refusal(api.get('/api/things', { baseURL: elsewhere.url }))
  expect(elsewhere.seen.map(({ bearer }) => bearer)).toEqual([undefined, undefined])
})

test('the token does not follow a redirect to another origin', async () => {
  const { service, api, calls } = await signedIn()
  const elsewhere = await startContractService()
  service.fail('/api/moved', { status: 307, headers: { location: `${elsewhere.url}/api/things` } })
  await refusal(api.get('/api/moved'))
  expect(calls()[0]?.bearer).toBeDefined()
  expect(elsewhere.seen.map(({ path, bearer }) => [path, bearer])).toEqual([['/api/things', undefined]])
})

test('an origin that the client was told gets the token', async () => {
  const { browser } = await signedIn()
  const elsewhere = await startContractService()
  const client = browser.openTab({ origins: [elsewhere.url] })
  await withAuth(axios.create(), client).get(`${elsewhere.url}/api/things`)
  expect(elsewhere.seen[0]?.bearer).toBe(client.peek()?.accessToken)
})

test('a form with a file arrives whole, also when it has to be sent twice', async () => {
  const { api, calls, wearOut } = await signedIn()
  const form = new FormData()
  form.set('name', 'a thing')
  form.set('file', new Blob(['the content']), 'thing.txt')
  await wearOut()
  await api.post('/api/things', form)
  expect(calls()).toHaveLength(2)
  for (const { body } of calls()) {
    const parts = body.match(/name="\w+"(; filename="thing.txt")?|a thing|the content/g)
    expect(parts).toEqual(['name="name"', 'a thing', 'name="file"; filename="thing.txt"', 'the content'])
  }
})

test('a stream arrives whole, also when it has to be sent twice, and its progress is told', async () => {
  const { api, calls, wearOut } = await signedIn()
  await wearOut()
  const progress: number[] = []
  const stream = new Blob(['read ', 'once']).stream()
  const onUploadProgress = ({ loaded }: { loaded: number }) => progress.push(loaded)
  await api.post('/api/things', stream, { onUploadProgress })
  expect(calls().map(({ body }) => body)).toEqual(['read once', 'read once'])
  await expect.poll(() => progress.at(-1)).toBe(9)
})

test('an answer is read as the type that was asked for', async () => {
  const { api } = await signedIn()
  const bytes = await api.post('/api/things', 'x', { responseType: 'arraybuffer' })
  expect(new TextDecoder().decode(bytes.data)).toBe('{"echo":"x"}')
  const stream = await api.post('/api/things', 'x', { responseType: 'stream' })
  expect(await text(stream.data)).toBe('{"echo":"x"}')
})

test('a call is called off by its signal', async () => {
  const { service, api, calls } = await signedIn()
  const held = Promise.withResolvers<void>()
  onTestFinished(() => held.resolve())
  service.fail('/api/things', { heldBy: held.promise })
  const controller = new AbortController()
  const call = refusal(api.get('/api/things', { signal: controller.signal }))
  await expect.poll(calls).toHaveLength(1)
  controller.abort()
  expect((await call).code).toBe('ERR_CANCELED')
})

test('a call that takes too long ends, also while the token is being renewed', {
  timeout: 5000,
}, async () => {
  const { service, browser, api, calls } = await signedIn()
  const held = Promise.withResolvers<void>()
  onTestFinished(() => held.resolve())
  service.fail('/auth/refresh', { heldBy: held.promise })
  browser.skip(1_000_000)
  expect((await refusal(api.get('/api/things', { timeout: 50 }))).code).toBe('ETIMEDOUT')
  expect(calls()).toHaveLength(0)
})

test('what the client rejects with is the cause of what axios rejects with, and its code is the same', async () => {
  const { service, browser, api } = await signedIn()
  browser.skip(1_000_000)
  service.fail('/auth/refresh', { status: 403, body: problem(403, 'ORIGIN_FORBIDDEN')[1] })
  const error = await refusal(api.get('/api/things'))
  expect(axios.isAxiosError(error)).toBe(true)
  expect(error.code).toBe('ORIGIN_FORBIDDEN')
  expect(error.cause).toBeInstanceOf(AuthClientError)
})

test('an API that cannot be reached is a network error, as ever', async () => {
  const { browser } = await signedIn()
  const client = browser.openTab({ origins: ['http://127.0.0.1:1'] })
  const error = await refusal(withAuth(axios.create(), client).get('http://127.0.0.1:1/api/things'))
  expect(error.code).toBe('ERR_NETWORK')
})

test('signed out, a call goes out without a token', async () => {
  const { client, api, calls } = await signedIn()
  await client.logout()
  expect((await refusal(api.get('/api/things'))).response?.status).toBe(401)
  expect(calls()[0]?.bearer).toBeUndefined()
})

test('an Authorization of the caller’s own is left alone', async () => {
  const { api, calls } = await signedIn()
  await api.get('/api/things', { headers: { authorization: 'Bearer mine' } })
  expect(calls()[0]?.bearer).toBe('mine')
})

test('interceptors and defaults of the instance keep working, and other instances know of nothing', async () => {
  const { service, api, calls } = await signedIn()
  api.interceptors.request.use((config) => ({ ...config, url: '/api/intercepted' }))
  await api.create({ baseURL: service.url }).get('/api/made-from-it')
  await api.get('/api/things')
  await refusal(axios.get(`${service.url}/api/another`))
  expect(calls().map(({ path, bearer }) => [path, bearer !== undefined])).toEqual([
    ['/api/made-from-it', true],
    ['/api/intercepted', true],
    ['/api/another', false],
  ])
})

test('a call has the platform’s own User-Agent, for which no browser asks leave, unless one is set', async () => {
  const agents: unknown[] = []
  const server = createServer(({ headers }, response) => {
    agents.push(headers['user-agent'])
    response.end()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  const baseURL = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const { client } = await signedIn()
  const api = withAuth(axios.create({ baseURL }), client)
  await api.get('/')
  await api.get('/', { headers: { 'User-Agent': 'mine' } })
  expect(agents).toEqual([expect.not.stringContaining('axios'), 'mine'])
})

test('what is no axios instance is refused by name', async () => {
  const { client } = await signedIn()
  expect(() => withAuth({} as typeof axios, client)).toThrow(TypeError)
})
