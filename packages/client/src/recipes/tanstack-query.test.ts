// The recipes of the guide, run as they stand there. It owns no code: the guide does.

import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { CancelledError, type QueryClient, QueryObserver } from '@tanstack/react-query'
import { beforeAll, expect, onTestFinished, test } from 'vitest'
import { readPage } from '../../../../tools/examples/page.ts'
import type { AuthClient } from '../index.ts'
import { ADA, BOB, startBrowser } from '../testing/browser.ts'
import { problem, startContractService } from '../testing/contract-service.ts'

const ROOT = join(import.meta.dirname, '../../../..')
const PAGE = 'docs/guide/tanstack-query.md'

interface Recipe {
  createQueryClient(auth: AuthClient): QueryClient
  getJson(fetch: AuthClient['fetch'], url: string, signal?: AbortSignal): Promise<unknown>
}

let recipe: Recipe
beforeAll(async () => {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-recipe-'))
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'))
  const [example] = readPage(PAGE, readFileSync(join(ROOT, PAGE), 'utf8')).examples
  writeFileSync(join(folder, 'recipe.ts'), example!.code)
  recipe = await import(pathToFileURL(join(folder, 'recipe.ts')).href)
  return () => rmSync(folder, { recursive: true })
})

async function signedIn() {
  const service = await startContractService()
  const browser = startBrowser(service)
  const client = browser.openTab()
  await client.login(ADA)
  const queryClient = follow(client)
  /** What a query for a path of the API brings. */
  const ask = (path: string) =>
    queryClient.fetchQuery({
      queryKey: [path],
      queryFn: ({ signal }) => recipe.getJson(client.fetch, path, signal),
      // As soon as that: what is tested is how often.
      retryDelay: 0,
    })
  const calls = () => service.seen.filter(({ path }) => path.startsWith('/api/'))
  return { service, browser, client, queryClient, ask, calls }
}

function follow(client: AuthClient): QueryClient {
  const queryClient = recipe.createQueryClient(client)
  onTestFinished(() => queryClient.clear())
  return queryClient
}

test('many queries that meet an expired token make one refresh, and all are answered', async () => {
  const { service, client, ask } = await signedIn()
  service.expire((await client.getAccessToken()) ?? '')
  const answers = await Promise.all(Array.from({ length: 20 }, (_, number) => ask(`/api/${number}`)))
  expect(answers).toEqual(Array(20).fill({ echo: '' }))
  expect(service.refreshes()).toHaveLength(1)
})

test('a failure that may pass is tried again, up to four times in all', async () => {
  const { service, ask, calls } = await signedIn()
  const down = { status: 503, body: 'down' }
  service.fail('/api/things', down, { status: 429, body: 'slower' }, 'answer lost')
  expect(await ask('/api/things')).toEqual({ echo: '' })
  service.fail('/api/others', down, down, down, down, down)
  await expect(ask('/api/others')).rejects.toMatchObject({ status: 503 })
  expect(calls().filter(({ path }) => path === '/api/others')).toHaveLength(4)
})

test('a refusal is not tried again', async () => {
  const { service, ask, calls } = await signedIn()
  service.fail('/api/things', { status: 403, body: 'no' })
  await expect(ask('/api/things')).rejects.toMatchObject({ status: 403 })
  expect(calls()).toHaveLength(1)
})

test('a session that has ended is not asked about again, and takes the answers with it', async () => {
  const { service, client, queryClient, ask, calls } = await signedIn()
  await ask('/api/earlier')
  service.revoke()
  await expect(ask('/api/things')).rejects.toBeInstanceOf(CancelledError)
  expect(client.status).toBe('signed-out')
  expect(queryClient.getQueryCache().getAll()).toEqual([])
  expect(calls().filter(({ path }) => path === '/api/things')).toHaveLength(1)

  await expect(ask('/api/others')).rejects.toMatchObject({ status: 401 })
  expect(calls().filter(({ path }) => path === '/api/others')).toHaveLength(1)
})

test('what the client gives up is not tried again: it did so already', async () => {
  const { service, browser, ask } = await signedIn()
  browser.skip(1_000_000)
  service.fail('/auth/refresh', { status: 403, body: problem(403, 'ORIGIN_FORBIDDEN')[1] })
  await expect(ask('/api/things')).rejects.toMatchObject({ code: 'ORIGIN_FORBIDDEN' })
  expect(service.refreshes()).toHaveLength(1)
})

test('a sign-out clears the cache, and an answer that was on its way goes nowhere', async () => {
  const { service, client, queryClient, ask, calls } = await signedIn()
  await ask('/api/mine')
  const held = Promise.withResolvers<void>()
  service.fail('/api/slow', { heldBy: held.promise })
  const slow = ask('/api/slow').catch((error: Error) => error.name)
  await expect.poll(calls).toHaveLength(2)
  await client.logout()
  expect(queryClient.getQueryCache().getAll()).toEqual([])
  held.resolve()
  await slow
  expect(queryClient.getQueryCache().getAll()).toEqual([])
})

test('somebody else who signs in, in another tab too, does not see what was there before', async () => {
  const { browser, client, queryClient, ask } = await signedIn()
  await ask('/api/mine')
  await browser.openTab().login(BOB)
  await expect.poll(() => client.user?.email).toBe(BOB.email)
  expect(queryClient.getQueryData(['/api/mine'])).toBeUndefined()
})

test('a renewal keeps the cache', async () => {
  const { client, queryClient, ask } = await signedIn()
  await ask('/api/mine')
  await client.refresh()
  expect(queryClient.getQueryData(['/api/mine'])).toEqual({ echo: '' })
})

test('what came with the page stays when its user turns out to be signed in, and goes when not', async () => {
  const { service, browser } = await signedIn()
  const still = browser.openTab()
  const signedInPage = follow(still)
  signedInPage.setQueryData(['from the server'], 'kept')
  await still.getAccessToken()
  expect(signedInPage.getQueryData(['from the server'])).toBe('kept')

  const stranger = startBrowser(service).openTab()
  const signedOutPage = follow(stranger)
  signedOutPage.setQueryData(['from the server'], 'removed')
  expect(await stranger.getAccessToken()).toBeNull()
  expect(signedOutPage.getQueryData(['from the server'])).toBeUndefined()
})

test('a query that nobody waits for any more calls its request off', async () => {
  const { service, client, queryClient, calls } = await signedIn()
  const held = Promise.withResolvers<void>()
  onTestFinished(() => held.resolve())
  service.fail('/api/slow', { heldBy: held.promise })
  const ended = Promise.withResolvers<unknown>()
  const observer = new QueryObserver(queryClient, {
    queryKey: ['slow'],
    queryFn: ({ signal }) => {
      const answer = recipe.getJson(client.fetch, '/api/slow', signal)
      answer.catch(ended.resolve)
      return answer
    },
  })
  const stop = observer.subscribe(() => undefined)
  await expect.poll(calls).toHaveLength(1)
  stop()
  expect(await ended.promise).toMatchObject({ name: 'AbortError' })
})
