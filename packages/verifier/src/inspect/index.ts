// The door of @latchkey/verifier/inspect: looking at tokens, one's own and foreign, whole and broken, and saying what is to be seen.
// It owns the words. It accepts nobody: that is verify()'s, and the rules of a good token are in token/.

export type { JsonWebKeyMembers, JsonWebKeySet } from '../keys/jwk.ts'
export {
  type CheckedSignature,
  checkTokenSignature,
  type SignatureProblem,
  type TokenKeys,
  type UncheckedSignature,
} from './check-signature.ts'
export { duration, roughly } from './durations.ts'
export { escapeUnseen } from './escape-unseen.ts'
export { type FetchKeySetOptions, fetchKeySet } from './fetch-key-set.ts'
export type { Finding, FindingCode, Severity } from './findings.ts'
export {
  type EncryptedToken,
  type Inspection,
  inspectToken,
  MAX_INSPECTED_LENGTH,
  NOT_VERIFIED,
  type NoToken,
  type SignedToken,
} from './inspect-token.ts'
export { meaningOf } from './meanings.ts'
export type { Part } from './part.ts'
export { describeTimes, type TimeClaim, type TokenTimes } from './times.ts'
