import type { AuthErrorCode, SessionEndReason, Tokens } from '@latchkey/protocol'
import type { Answer } from './service.ts'

/** The codes after which the session cannot come back, and the only ones that sign anybody out. */
export const ENDING_CODES = [
  'REFRESH_MISSING',
  'REFRESH_INVALID',
  'REFRESH_EXPIRED',
  'REFRESH_REUSED',
  'SESSION_REVOKED',
] as const satisfies readonly AuthErrorCode[]

export type EndingCode = (typeof ENDING_CODES)[number]

/** What the answer to a refresh means for the session. */
export type Verdict =
  | { kind: 'renewed'; tokens: Tokens }
  | { kind: 'ended'; code: EndingCode; reason?: SessionEndReason }
  /** This request was overtaken by a later refresh: the token to use is another one by now. */
  | { kind: 'superseded' }
  /** Nothing is known about the session: ask again. */
  | { kind: 'later' }
  /** The request itself was refused: asking again would not help, and the session lives. */
  | { kind: 'refused' }

export function judge(answer: Answer): Verdict {
  if (answer.kind === 'tokens') return { kind: 'renewed', tokens: answer.tokens }
  if (answer.kind === 'unclear' || answer.kind === 'done') return { kind: 'later' }
  const { error: code, status, reason } = answer.problem
  if (isEnding(code)) return { kind: 'ended', code, reason }
  if (code === 'REFRESH_SUPERSEDED') return { kind: 'superseded' }
  return { kind: status === 429 || status >= 500 ? 'later' : 'refused' }
}

function isEnding(code: AuthErrorCode): code is EndingCode {
  return ENDING_CODES.some((ending) => ending === code)
}
