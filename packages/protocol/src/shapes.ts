/** How a session's refresh token travels: an HttpOnly cookie, or the JSON body. */
export type ClientKind = 'browser' | 'native'

export interface User {
  id: string
  email: string
  emailVerified: boolean
  roles: string[]
  /** RFC 3339, UTC. */
  createdAt: string
}

export interface SessionInfo {
  id: string
  /** The session that asked. */
  current: boolean
  client: ClientKind
  /** RFC 3339, UTC. */
  createdAt: string
  lastUsedAt: string
  /** When it ends if nothing refreshes it: the idle end, never past the absolute end. */
  expiresAt: string
  ip: string | null
  userAgent: string | null
  /** A name for the device in words, such as `Firefox on Linux`. */
  device: string | null
}

/** The answer to register, login and refresh. */
export interface Tokens {
  accessToken: string
  tokenType: 'Bearer'
  /** Seconds until the access token runs out. */
  expiresIn: number
  user: User
  sessionId: string
  /** Native sessions only. */
  refreshToken?: string
  /** Seconds until the refresh token runs out unless it is used. Native sessions only. */
  refreshExpiresIn?: number
}

export interface Credentials {
  email: string
  password: string
  /** @default 'browser' */
  client?: ClientKind
}

/** The claims of an access token. A verifier hands out the same ones time and again, so nobody may change them. RFC 9068 §2.2 */
export interface AccessTokenClaims {
  readonly iss: string
  readonly sub: string
  readonly aud: string | readonly string[]
  readonly exp: number
  readonly iat: number
  readonly nbf?: number
  readonly jti: string
  readonly client_id: string
  readonly sid: string
  readonly roles: readonly string[]
  readonly auth_time: number
  readonly amr: readonly string[]
  readonly [claim: string]: unknown
}
