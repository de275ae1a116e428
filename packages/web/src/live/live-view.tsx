import type { AuthStatus } from '@latchkey/client'
import { useEffect, useRef } from 'preact/hooks'
import { Diagram } from '../diagram/diagram.tsx'
import { Shell } from '../shell/shell.tsx'
import { useChanges } from '../shell/use-changes.ts'
import { TokenView } from '../token/token-view.tsx'
import { Actions } from './actions.tsx'
import { Entrance } from './entrance.tsx'
import type { LiveSession } from './live-session.ts'
import { OutcomeLine } from './outcome-line.tsx'
import { Sessions } from './sessions.tsx'

export function LiveView({ live }: { live: LiveSession }) {
  useChanges(live.subscribe)
  useChanges(live.journal.subscribe)
  const { status } = live.auth
  const panel = useRef<HTMLDivElement>(null)
  useFocusOnChange(panel, status)

  return (
    <Shell current="/">
      <div class="live">
        <div class="live-session" ref={panel}>
          <OutcomeLine outcome={live.outcome} />
          {status === 'unknown' && <Waiting live={live} />}
          {status === 'signed-out' && <Entrance live={live} />}
          {status === 'signed-in' && <SignedIn live={live} />}
        </div>
        <section class="live-calls" aria-labelledby="calls-title">
          <div class="section-head">
            <h2 id="calls-title">What goes over the wire</h2>
            <button type="button" class="quiet" onClick={live.journal.clear}>
              Clear
            </button>
          </div>
          <Diagram entries={live.journal.entries} hasApi={live.isDevelopment} />
        </section>
      </div>
    </Shell>
  )
}

/** What had the focus is gone when the panel changes: a keyboard goes on at its heading. */
function useFocusOnChange(panel: { current: HTMLElement | null }, status: AuthStatus): void {
  const last = useRef(status)
  useEffect(() => {
    const wasKnown = last.current !== 'unknown'
    if (wasKnown && last.current !== status) panel.current?.querySelector('h1')?.focus()
    last.current = status
  }, [panel, status])
}

function Waiting({ live }: { live: LiveSession }) {
  return (
    <section class="card">
      <h1 tabIndex={-1}>Are you signed in?</h1>
      <p class="lead">Asking the service. Only the cookie knows, and only the service can read it.</p>
      <button type="button" onClick={live.start}>
        Ask again
      </button>
    </section>
  )
}

function SignedIn({ live }: { live: LiveSession }) {
  const shown = live.expiredToken ?? live.auth.peek()?.accessToken
  return (
    <>
      <section class="card who">
        <div>
          <h1 tabIndex={-1}>You are signed in</h1>
          <p class="who-email">{live.auth.user?.email}</p>
        </div>
        <button type="button" onClick={live.signOut}>
          Sign out
        </button>
      </section>
      <Actions live={live} />
      {shown !== undefined && (
        <TokenView
          token={shown}
          secondsLeft={() => (live.expiredToken === null ? secondsLeft(live.auth) : 0)}
        />
      )}
      <Sessions live={live} />
    </>
  )
}

function secondsLeft(auth: LiveSession['auth']): number {
  return ((auth.peek()?.endsAt ?? 0) - performance.now()) / 1000
}
