// The wire contract in types: what the service answers and what its clients may rely on.
// It owns no behaviour and depends on nothing.

export type { AuthErrorCode, Problem, SessionEndReason, VerifyErrorCode } from './errors.ts'
export { AUTH_ERROR_CODES, SESSION_END_REASONS } from './errors.ts'
export type { FeedEvents, Revocation } from './feed.ts'
export type { AccessTokenClaims, ClientKind, Credentials, SessionInfo, Tokens, User } from './shapes.ts'
