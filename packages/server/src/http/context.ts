// HTTP: the wire contract over the features. It owns paths, statuses, headers, cookies and schemas.
// It decides nothing about sessions or accounts.
import type { Verifier } from '@latchkey/verifier'
import type { AccountService } from '../accounts/service.ts'
import type { AuthSettings } from '../config.ts'
import type { SigningKeys } from '../keys/signing-keys.ts'
import type { Metrics } from '../metrics.ts'
import type { RevocationService } from '../revocations/service.ts'
import type { RefreshArrivals } from '../sessions/arrivals.ts'
import type { Refreshed, RefreshRequest } from '../sessions/refresh.ts'
import type { RefreshTokens } from '../sessions/refresh-token.ts'
import type { SessionService } from '../sessions/service.ts'
import type { ServiceAuthenticator } from './client-credentials.ts'

/** What the server around `fetch` knows of a request and the request itself does not say. */
export interface RequestContext {
  /** The address of the peer that is connected. */
  remoteAddress?: string
  /**
   * Whether a body is as long as its `Content-Length` says, as every HTTP parser sees to. Otherwise a body is read bit by
   * bit, and no further than it may go. @default false
   */
  bodyIsMeasured?: boolean
  /** The connection that the request came on, for who has to end it without an answer. */
  connection?: { destroy(): void }
}

/** What the endpoints work with. */
export interface Services {
  settings: AuthSettings
  accounts: AccountService
  sessions: SessionService
  refresh: (request: RefreshRequest) => Promise<Refreshed>
  arrivals: RefreshArrivals
  tokens: RefreshTokens
  signingKeys: SigningKeys
  /** For access tokens that are to be accepted. */
  accessTokens: Verifier
  /** For access tokens that only have to be recognised, whether expired or not. */
  pastAccessTokens: Verifier
  registry: ServiceAuthenticator
  revocations: RevocationService
  metrics: Metrics
  ping: () => Promise<void>
}
