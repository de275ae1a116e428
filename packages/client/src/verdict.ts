import type { AuthErrorCode } from '@latchkey/protocol'
import type { Answer } from './service.ts'

/** The codes after which the session cannot come back, and the only ones that sign anybody out. */
export type EndingCode = Extract<
  AuthErrorCode,
  'REFRESH_MISSING' | 'REFRESH_INVALID' | 'REFRESH_EXPIRED' | 'REFRESH_REUSED' | 'SESSION_REVOKED'
>

/**
 * What the answer to a refresh means for the session:
 * - `superseded`: the key is of no more use, since a later refresh overtook it or something spoilt it. Take another one.
 * - `unknown`: it says nothing of the session, which lives on.
 */
export type Verdict = 'renewed' | 'ended' | 'superseded' | 'unknown'

export function judge({ tokens, code }: Answer): Verdict {
  if (tokens) return 'renewed'
  if (/^(REFRESH_(MISSING|INVALID|EXPIRED|REUSED)|SESSION_REVOKED)$/.test(code ?? '')) return 'ended'
  return code === 'REFRESH_SUPERSEDED' || code === 'INVALID_REQUEST' ? 'superseded' : 'unknown'
}
