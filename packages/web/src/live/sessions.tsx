import type { SessionInfo } from '@latchkey/protocol'
import { useEffect } from 'preact/hooks'
import { useNow } from '../shell/use-changes.ts'
import { roughly } from '../words/times.ts'
import type { LiveSession } from './live-session.ts'

export function Sessions({ live }: { live: LiveSession }) {
  const userId = live.auth.user?.id
  useEffect(() => void live.loadSessions(), [live, userId])

  return (
    <section class="card" aria-labelledby="sessions-title">
      <div class="section-head">
        <h2 id="sessions-title">Where you are signed in</h2>
        <button type="button" class="quiet" onClick={live.loadSessions}>
          Update<span class="visually-hidden"> the list</span>
        </button>
      </div>
      <ul class="sessions">
        {live.sessions.map((session) => (
          <SessionRow key={session.id} session={session} onEnd={() => live.endSession(session.id)} />
        ))}
      </ul>
    </section>
  )
}

function SessionRow({ session, onEnd }: { session: SessionInfo; onEnd: () => void }) {
  const now = useNow(5000)
  const ahead = (timestamp: string) => Math.min(0, (Date.parse(timestamp) - now.getTime()) / 1000)
  const device = session.device ?? (session.client === 'native' ? 'An app' : 'A browser')
  return (
    <li>
      <div>
        <strong>{device}</strong>
        {session.current && <span class="badge">this one</span>}
        <span class="session-facts">
          opened {roughly(ahead(session.createdAt))}, used {roughly(ahead(session.lastUsedAt))}
          {session.ip !== null && `, from ${session.ip}`}
        </span>
      </div>
      <button type="button" onClick={onEnd}>
        End
        <span class="visually-hidden">
          {' '}
          the session: {device}
          {session.current ? ', this one' : ''}
        </span>
      </button>
    </li>
  )
}
