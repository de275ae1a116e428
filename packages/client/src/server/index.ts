// The door for hosts that render pages on a server: it passes /auth/* on to the service and gives loaders a token.
// It owns no session: all it knows is in the browser's cookies, so a host may restart, or be one of many.

export type { AuthClientErrorCode } from '../errors.ts'
export { AuthClientError } from '../errors.ts'
export type { ServerAuthOptions } from './options.ts'
export type { ServerAuth } from './server-auth.ts'
export { createServerAuth } from './server-auth.ts'
export type { Peer } from './upstream.ts'
export type { ServerVisit } from './visit.ts'
