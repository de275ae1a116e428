/** When an access token is due for renewal and when it is over, in milliseconds on the caller's clock. */
export interface Lifetime {
  renewAt: number
  endsAt: number
}

/**
 * Counts from the moment the request was sent, which is never later than the moment the token was made. The margin is
 * at most a third of the lifetime: with a fixed one, a token shorter than the margin would be renewed at every call.
 */
export function lifetimeOf(sentAt: number, expiresInSeconds: number, marginSeconds: number): Lifetime {
  const endsAt = sentAt + expiresInSeconds * 1000
  return { endsAt, renewAt: endsAt - Math.min(marginSeconds, expiresInSeconds / 3) * 1000 }
}
