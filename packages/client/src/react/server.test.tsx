import { Writable } from 'node:stream'
import { Suspense, use } from 'react'
import { renderToPipeableStream, renderToString } from 'react-dom/server'
import { expect, test } from 'vitest'
import type { AuthClient, AuthState } from '../index.ts'
import { ADA, BOB, startBrowser } from '../testing/browser.ts'
import { startContractService } from '../testing/contract-service.ts'
import { AuthProvider, useAuth, useAuthFetch } from './index.ts'

type User = NonNullable<AuthState['user']>

function Greeting() {
  const { status, user, ended } = useAuth()
  return `${status} ${user?.email ?? 'nobody'}${ended ? ` ${ended.code}` : ''}`
}

function Page({ client, initialUser }: { client: AuthClient; initialUser?: User | null }) {
  return (
    <AuthProvider client={client} initialUser={initialUser}>
      <Greeting />
    </AuthProvider>
  )
}

async function startWorld() {
  const service = await startContractService()
  return { service, browser: startBrowser(service) }
}

test('on the server nobody is known to be signed in, and nobody is asked', async () => {
  const { service, browser } = await startWorld()
  expect(renderToString(<Page client={browser.openTab()} />)).toBe('unknown nobody')
  expect(service.seen).toEqual([])
})

test('the server shows the user whom it knows', async () => {
  const { browser } = await startWorld()
  const client = browser.openTab()
  expect(renderToString(<Page client={client} initialUser={userOf(ADA.email)} />)).toBe(
    `signed-in ${ADA.email}`,
  )
})

test('a server that knows of no user signs nobody out', async () => {
  const { browser } = await startWorld()
  expect(renderToString(<Page client={browser.openTab()} initialUser={null} />)).toBe('unknown nobody')
})

test('a client that all requests share shows nobody the user or the end of another one’s session', async () => {
  const { browser } = await startWorld()
  const client = browser.openTab()
  await client.login(ADA)
  expect(renderToString(<Page client={client} />)).toBe('unknown nobody')
  expect(renderToString(<Page client={client} initialUser={userOf(BOB.email)} />)).toBe(
    `signed-in ${BOB.email}`,
  )
  await client.logout()
  expect(renderToString(<Page client={client} />)).toBe('unknown nobody')
})

test('pages that are streamed at the same time keep their users apart, in what comes late too', async () => {
  const { browser } = await startWorld()
  const client = browser.openTab()
  const late = Promise.withResolvers<string>()
  function Late() {
    return <b>{`${use(late.promise)} ${useAuth().user?.email}`}</b>
  }
  const pageFor = (email: string) =>
    stream(
      <AuthProvider client={client} initialUser={userOf(email)}>
        <main>
          <Greeting />
          <Suspense fallback="wait">
            <Late />
          </Suspense>
        </main>
      </AuthProvider>,
    )
  const [ada, bob] = [pageFor(ADA.email), pageFor(BOB.email)]
  await expect.poll(ada.text).toContain('wait')
  await client.login(BOB)
  late.resolve('late')
  await Promise.all([ada.end, bob.end])

  expect(ada.text()).toContain(`<b>late ${ADA.email}</b>`)
  expect(ada.text()).not.toContain(BOB.email)
  expect(bob.text()).toContain(`<b>late ${BOB.email}</b>`)
  expect(bob.text()).not.toContain(ADA.email)
})

test('a page that is rendered on a server leaves no listener behind', async () => {
  const { browser } = await startWorld()
  const client = browser.openTab()
  let listeners = 0
  const subscribe: AuthClient['subscribe'] = (listener) => {
    listeners++
    return client.subscribe(listener)
  }
  renderToString(<Page client={{ ...client, subscribe }} />)
  expect(listeners).toBe(0)
})

test('useAuthFetch is the client’s own fetch', async () => {
  const { browser } = await startWorld()
  const client = browser.openTab()
  const seen: unknown[] = []
  function Caller() {
    seen.push(useAuthFetch())
    return null
  }
  renderToString(
    <AuthProvider client={client}>
      <Caller />
    </AuthProvider>,
  )
  expect(seen).toEqual([client.fetch])
})

test('outside of a provider each hook says what it needs', () => {
  function Caller() {
    useAuthFetch()
    return null
  }
  expect(() => renderToString(<Greeting />)).toThrow('useAuth needs <AuthProvider client={client}>')
  expect(() => renderToString(<Caller />)).toThrow('useAuthFetch needs <AuthProvider client={client}>')
})

test('a provider without a client says so', () => {
  const missing = { client: undefined as unknown as AuthClient }
  expect(() => renderToString(<Page {...missing} />)).toThrow(
    new TypeError('client must be what createAuthClient returned'),
  )
})

function userOf(email: string): User {
  return { id: email, email, emailVerified: true, roles: [], createdAt: '2026-01-01T00:00:00Z' }
}

function stream(page: React.ReactNode): { text(): string; end: Promise<unknown> } {
  let text = ''
  const end = Promise.withResolvers<void>()
  const sink = new Writable({
    write(chunk, _encoding, done) {
      text += chunk
      done()
    },
  }).on('finish', end.resolve)
  const { pipe } = renderToPipeableStream(page, { onShellReady: () => pipe(sink), onError: end.reject })
  return { text: () => text, end: end.promise }
}
