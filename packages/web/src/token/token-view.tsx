import { inspectToken } from '@latchkey/verifier/inspect'
import { useNow } from '../shell/use-changes.ts'
import { countdown } from '../words/times.ts'
import { MemberTable } from './member-table.tsx'

interface TokenViewProps {
  token: string
  secondsLeft(): number
}

export function TokenView({ token, secondsLeft }: TokenViewProps) {
  const now = useNow(250)
  const inspection = inspectToken(token)
  if (inspection.kind !== 'signed') return null
  const header = inspection.header.members ?? {}
  const claims = inspection.payload.members ?? {}
  const { iat, exp } = claims
  const lifetime = typeof iat === 'number' && typeof exp === 'number' ? exp - iat : 1
  return (
    <section class="card" aria-labelledby="token-title">
      <div class="section-head">
        <h2 id="token-title">Your access token</h2>
        <span class="badge badge-caution">decoded, not verified</span>
      </div>
      <Countdown left={Math.max(0, secondsLeft())} lifetime={lifetime} />
      <MemberTable name="Header" members={header} now={now} />
      <MemberTable name="Claims" members={claims} now={now} />
      <p class="hint">
        Anybody can read a token; this page did so by itself. Whether to believe one is for the API to decide,
        by the signature.
      </p>
    </section>
  )
}

function Countdown({ left, lifetime }: { left: number; lifetime: number }) {
  const isOver = left <= 0
  return (
    <div class={isOver ? 'countdown countdown-over' : 'countdown'}>
      <span class="countdown-time">{isOver ? 'run out' : countdown(left)}</span>
      <progress value={left} max={lifetime} aria-label="Life left in the access token">
        {countdown(left)}
      </progress>
      <span class="countdown-words">
        {isOver ? 'The next call will have it renewed.' : `of ${countdown(lifetime)}`}
      </span>
    </div>
  )
}
