// A small app for the tests in a browser, test/react: what it shows, on the server and in the page.

import { lazy, type ReactNode, Suspense, startTransition, useEffect, useState } from 'react'
import type { AuthClient, AuthState } from '../../index.ts'
import { AuthProvider, useAuth, useAuthFetch } from '../index.ts'

export interface AppProps {
  scene: string
  client: AuthClient
  /** What the scene `swap` may change to. */
  other?: AuthClient
  initialUser?: AuthState['user']
}

export function App({ scene, client, other = client, initialUser }: AppProps) {
  const [current, setCurrent] = useState(client)
  return (
    <AuthProvider client={current} initialUser={initialUser}>
      <Who />
      {scene === 'account' && <Account />}
      {scene === 'late' && <WithLatePart />}
      {scene === 'around' && <AroundLatePart />}
      {scene === 'slow' && <SlowList />}
      {scene === 'swap' && (
        <button type="button" onClick={() => setCurrent(current === client ? other : client)}>
          Swap
        </button>
      )}
    </AuthProvider>
  )
}

/** How often a part of the page was rendered, whether it was shown or not, and how often an effect ran that depends on the methods. */
export const work = { rendered: 0, effects: 0 }

/** Every part of the page that shows who is signed in is one of these, so that all must say the same. */
export function Who() {
  work.rendered++
  const { status, user, ended } = useAuth()
  return <output>{[status, user?.email, ended?.code].filter(Boolean).join(' ')}</output>
}

function Account() {
  const { register, logout } = useAuth()
  const fetch = useAuthFetch()
  const [answer, setAnswer] = useState('')
  // biome-ignore lint/correctness/useExhaustiveDependencies: counts how often they change
  useEffect(() => void work.effects++, [register, logout, fetch])
  const signUp = () => register({ email: 'ada@example.com', password: 'a quiet harbour at dusk' })
  const load = async () => setAnswer(`answered ${(await fetch('/auth/me')).status}`)
  return (
    <>
      <Who />
      <button type="button" onClick={signUp}>
        Sign up
      </button>
      <button type="button" onClick={() => logout()}>
        Sign out
      </button>
      <button type="button" onClick={load}>
        Load
      </button>
      <p>{answer}</p>
    </>
  )
}

const Late = lazy(() => import('./late.tsx'))

function WithLatePart() {
  return (
    <Suspense fallback="wait">
      <Late />
    </Suspense>
  )
}

/** Renders again when the session changes, with the late part inside. */
function AroundLatePart(): ReactNode {
  const { status } = useAuth()
  return (
    <div title={status}>
      <Suspense fallback="wait">
        <Late />
      </Suspense>
    </div>
  )
}

const ROWS = 30

function SlowList() {
  const [isShown, setShown] = useState(false)
  return (
    <>
      <button type="button" onClick={() => startTransition(() => setShown(true))}>
        Show all
      </button>
      {isShown &&
        Array.from({ length: ROWS }, (_, number) => number).map((number) => <SlowRow key={number} />)}
    </>
  )
}

/** Slow enough that React lets something else happen between two of them. */
function SlowRow() {
  const end = performance.now() + 10
  while (performance.now() < end);
  return <Who />
}
