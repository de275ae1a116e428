import type { Outcome } from './live-session.ts'

/** The result of what was done last. The region is always there, so that screen readers hear each change. */
export function OutcomeLine({ outcome }: { outcome: Outcome | null }) {
  return (
    <div class="outcome-region" role="status" aria-live="polite">
      {outcome !== null && <p class={`outcome outcome-${outcome.tone}`}>{outcome.text}</p>}
    </div>
  )
}
