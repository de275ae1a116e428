import {
  describeTimes,
  escapeUnseen,
  type Finding,
  type Inspection,
  NOT_VERIFIED,
  type Part,
  type TokenTimes,
} from '@latchkey/verifier/inspect'
import { useNow } from '../shell/use-changes.ts'
import { MemberTable } from '../token/member-table.tsx'
import type { SignatureState } from './signature-state.ts'

interface InspectionViewProps {
  inspection: Inspection
  signature: SignatureState
}

export function InspectionView({ inspection, signature }: InspectionViewProps) {
  const now = useNow(1000)
  if (inspection.kind === 'no token') {
    return (
      <section class="card" aria-labelledby="result-title">
        <h2 id="result-title">This cannot be decoded</h2>
        <Findings findings={inspection.findings} />
      </section>
    )
  }
  const payload = inspection.kind === 'signed' ? inspection.payload : null
  const times = payload?.members ? describeTimes(payload.members, now.getTime() / 1000) : null
  return (
    <section class="card" aria-labelledby="result-title">
      <div class="section-head">
        <h2 id="result-title">{payload === null ? 'An encrypted token' : 'A signed token'}</h2>
        {signature.result !== 'holds' && <span class="badge badge-caution">decoded, not verified</span>}
      </div>
      <Verdict signature={signature} />
      {times !== null && <Lifetime times={times} />}
      <Findings findings={inspection.findings} />
      <PartView name="Header" part={inspection.header} now={now} />
      {payload !== null && <PartView name="Payload" part={payload} now={now} />}
      <AsWritten parts={payload === null ? [inspection.header] : [inspection.header, payload]} />
    </section>
  )
}

function Verdict({ signature }: { signature: SignatureState }) {
  if (signature.result === 'holds') return <p class="verdict verdict-good">{signature.text}</p>
  if (signature.result === 'not checked') return <p class="verdict">{NOT_VERIFIED}</p>
  return (
    <p class="verdict verdict-bad">
      <strong>{NOT_VERIFIED}</strong> {signature.text}
    </p>
  )
}

function Lifetime({ times }: { times: TokenTimes }) {
  const { state, text, lifetimeSeconds, leftSeconds, claims } = times
  return (
    <div class={state === 'running' ? 'countdown' : 'countdown countdown-over'}>
      <span class="countdown-time">{text}</span>
      {lifetimeSeconds !== null && leftSeconds !== null && (
        <progress
          value={Math.min(leftSeconds, lifetimeSeconds)}
          max={lifetimeSeconds}
          aria-label="Life left in the token"
        >
          {text}
        </progress>
      )}
      <span class="countdown-words">{claims.find(({ name }) => name === 'iat')?.text}</span>
    </div>
  )
}

const SEVERITY_WORDS = { danger: 'danger', warning: 'weak', note: 'note' } as const

function Findings({ findings }: { findings: readonly Finding[] }) {
  if (findings.length === 0) return null
  return (
    <ul class="findings">
      {findings.map(({ code, severity, text }) => (
        <li key={code}>
          <span class={`badge badge-${severity}`}>{SEVERITY_WORDS[severity]}</span>
          <span>{text}</span>
        </li>
      ))}
    </ul>
  )
}

function PartView({ name, part, now }: { name: string; part: Part; now: Date }) {
  if (part.members !== null) return <MemberTable name={name} members={part.members} now={now} />
  return (
    <>
      <h3 class="broken-title">{name}</h3>
      <pre class="as-written">{part.text === null ? 'It cannot be read.' : escapeUnseen(part.text)}</pre>
    </>
  )
}

function AsWritten({ parts }: { parts: readonly Part[] }) {
  return (
    <details>
      <summary>As it is written</summary>
      {parts.map((part, index) => (
        <pre key={index} class="as-written">
          {part.text?.split('\n').map(escapeUnseen).join('\n')}
        </pre>
      ))}
    </details>
  )
}
