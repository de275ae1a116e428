/** What is refused from now on: a session, one access token or a signing key. Exactly one of the three is named. */
export interface Revocation {
  /** The session whose access tokens are refused. */
  sid?: string
  /** The one access token that is refused. */
  jti?: string
  /** The signing key that was withdrawn: whatever it signed is refused. */
  kid?: string
  /** RFC 3339, UTC. */
  revokedAt: string
  /** RFC 3339, UTC: when the last token that it could concern has run out, and it may be forgotten. */
  expiresAt: string
}

/**
 * An event of `GET /auth/revocations` (server-sent events):
 *
 * - `snapshot`: everything that is refused now, in one or more parts. The last part, without `more`, carries the event's id; the
 *   parts together take the place of all that was known.
 * - `revoked`: one more, with an id. A client that sends the last id it has seen as `Last-Event-ID` is sent what it missed, or a
 *   snapshot where that cannot be told any more.
 * - `current`: from here on everything is news. Without an id.
 *
 * Between events, a comment at least every `heartbeatSeconds` says that the service is there.
 */
export interface FeedEvents {
  snapshot: { revoked: Revocation[]; more?: true }
  revoked: Revocation
  current: { at: string; heartbeatSeconds: number }
}
