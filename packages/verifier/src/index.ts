// The public door of @latchkey/verifier: everything an API may import, and nothing else.
// It owns no rule; the rules of a token are in token/, how its key is found is in keys/,
// and what a request with it is answered is in http/.

export type { AccessTokenClaims, VerifyErrorCode } from '@latchkey/protocol'
export { VerifyError } from './errors.ts'
export { authorize, type Verdict } from './http/authorize.ts'
export type { BearerRequest } from './http/bearer.ts'
export type { Refusal } from './http/refusal.ts'
export { type Requirement, requireRecentLogin, requireRoles, requireScope } from './http/requirements.ts'
export type { FetchInit, FetchLike } from './keys/fetch-json.ts'
export type { JsonWebKeyMembers, JsonWebKeySet } from './keys/jwk.ts'
export type { JwksSource, VerifierOptions } from './options.ts'
export type { RevocationOptions, StalePolicy } from './revocations/options.ts'
export type { FeedStats, VerifierStats } from './stats.ts'
export type { Algorithm } from './token/algorithm.ts'
export type { Verifier } from './verify.ts'
export { createVerifier } from './verify.ts'
