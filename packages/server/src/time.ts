/** An instant, in milliseconds since 1970-01-01T00:00:00Z. */
export type Instant = number

/** Where the service reads the time from; tests set it. */
export type Clock = () => Instant

/** The NumericDate of an instant: whole seconds, rounded down. RFC 7519 §2 */
export function toNumericDate(instant: Instant): number {
  return Math.floor(instant / 1000)
}

/** The RFC 3339 text of an instant, in UTC. */
export function toTimestamp(instant: Instant): string {
  return new Date(instant).toISOString()
}
