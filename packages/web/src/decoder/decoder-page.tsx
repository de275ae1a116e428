// The page at `/decoder`: a token that somebody pastes, taken apart on their own machine. It owns what is shown when; what there is to
// be said about a token is @latchkey/verifier/inspect's. The pasted text lives in this page's memory, and goes nowhere from there.

import { describeTimes, type Inspection, inspectToken } from '@latchkey/verifier/inspect'
import { useEffect, useMemo, useState } from 'preact/hooks'
import { Shell } from '../shell/shell.tsx'
import { InspectionView } from './inspection-view.tsx'
import { Paste } from './paste.tsx'
import { SignaturePanel } from './signature-panel.tsx'
import type { SignatureState } from './signature-state.ts'

/** What was found out, and of which token: an answer that comes late must not be taken for the next token's. */
interface Checked {
  token: string
  signature: SignatureState
}

const UNCHECKED: SignatureState = { result: 'not checked' }

export function DecoderPage() {
  const [text, setText] = useState('')
  const [checked, setChecked] = useState<Checked | null>(null)
  const inspection = useMemo(() => inspectToken(text), [text])
  const token = inspection.kind === 'signed' ? inspection.token : null
  const signature = checked !== null && checked.token === token ? checked.signature : UNCHECKED
  const isEmpty = text.trim() === ''

  function decode(pasted: string) {
    setText(pasted)
    setChecked(null)
  }
  useForgetting(() => decode(''))

  return (
    <Shell current="/decoder">
      <div class="decoder">
        <div class="decoder-input">
          <Paste text={text} onText={decode} />
          {inspection.kind === 'signed' && inspection.isWhole && (
            <SignaturePanel
              token={inspection.token}
              onChecked={(signature) => setChecked({ token: inspection.token, signature })}
            />
          )}
        </div>
        <div class="decoder-output">
          <p class="visually-hidden" role="status">
            {useMemo(() => (isEmpty ? '' : summary(inspection)), [inspection, isEmpty])}
          </p>
          {isEmpty ? <Waiting /> : <InspectionView inspection={inspection} signature={signature} />}
        </div>
      </div>
    </Shell>
  )
}

function Waiting() {
  return (
    <section class="card decoder-empty">
      <p>The header, the claims and the times of the token will be shown here, and what is odd about it.</p>
    </section>
  )
}

/** A page that is left may be kept, token and all, for the way back. */
function useForgetting(forget: () => void): void {
  useEffect(() => {
    addEventListener('pagehide', forget)
    return () => removeEventListener('pagehide', forget)
  })
}

/** What those who do not see the page hear once, when a token was pasted. */
function summary(inspection: Inspection): string {
  const { findings, kind } = inspection
  const worth = findings.map(({ text }) => text).join(' ')
  if (kind === 'no token') return worth
  if (kind === 'encrypted') return `An encrypted token. ${worth}`
  const claims = inspection.payload.members
  const times = claims === null ? '' : `It ${describeTimes(claims, Date.now() / 1000).text}. `
  return `A signed token, decoded, not verified. ${times}${worth}`
}
