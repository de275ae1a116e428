import { Counter, Gauge, Histogram, Registry } from 'prom-client'
import { AuthError } from './errors.ts'
import type { SecurityEvent } from './events.ts'
import type { RevocationKind } from './revocations/entry.ts'
import type { ProcessMetrics, Siblings } from './siblings.ts'

export interface Metrics {
  count(event: SecurityEvent): void
  /** Notes how a refresh ended: `ok`, or the code it was refused with. */
  refreshed(outcome: string): void
  /** Notes that the store of the counts was away. */
  countedAlone(): void
  keyRefreshFailed(): void
  /** Notes that readers of the feed are sent an entry. */
  revocationPublished(kind: RevocationKind, delaySeconds: number): void
  readersDropped(count: number): void
  /** Notes what the upkeep has removed on this node. */
  sessionsRemoved(count: number): void
  upkeepRoundFinished(seconds: number): void
  upkeepFailed(): void
  /** The Prometheus text of the whole node. It holds no user's data. Rejects with OVERLOADED when a worker of it is silent. */
  render(): Promise<{ body: string; contentType: string }>
  /** What this process has counted, to be summed with what others have. */
  ofThisProcess(): Promise<ProcessMetrics>
}

interface Gauges {
  /** How many jobs wait for a hashing thread. */
  waitingForHashing: () => number
  feedReaders: () => number
}

/** @param siblings the other processes of the node, whose metrics are shown in one sum with these */
export function createMetrics({ waitingForHashing, feedReaders }: Gauges, siblings?: Siblings): Metrics {
  const registry = new Registry()
  const registers = [registry]
  const events = new Counter({
    name: 'latchkey_events_total',
    help: 'Security events, by type',
    labelNames: ['type'],
    registers,
  })
  const refreshes = new Counter({
    name: 'latchkey_refreshes_total',
    help: 'Refresh requests, by how they ended',
    labelNames: ['outcome'],
    registers,
  })
  const ended = new Counter({
    name: 'latchkey_sessions_ended_total',
    help: 'Sessions that ended, by reason',
    labelNames: ['reason'],
    registers,
  })
  const limited = new Counter({
    name: 'latchkey_limits_reached_total',
    help: 'Requests refused for coming too often, by the limit that they met',
    labelNames: ['limit'],
    registers,
  })
  const countersAway = new Counter({
    name: 'latchkey_limits_counted_alone_total',
    help: 'Times that this node counted for itself because the store of the counts did not answer',
    registers,
  })
  const keyFailures = new Counter({
    name: 'latchkey_key_refresh_failures_total',
    help: 'Times that the signing keys could not be read again from the store',
    registers,
  })
  new Gauge({
    name: 'latchkey_hashing_queue',
    help: 'Passwords that wait for a hashing thread',
    registers,
    collect() {
      this.set(waitingForHashing())
    },
  })
  new Gauge({
    name: 'latchkey_feed_readers',
    help: 'Readers that the revocation feed has on this node',
    registers,
    collect() {
      this.set(feedReaders())
    },
  })
  const dropped = new Counter({
    name: 'latchkey_feed_readers_dropped_total',
    help: 'Readers of the revocation feed that were given up because they took nothing any more',
    registers,
  })
  const published = new Counter({
    name: 'latchkey_revocations_published_total',
    help: 'Revocations that this node has told the readers of the feed, by what is revoked: sid, jti or kid',
    labelNames: ['kind'],
    registers,
  })
  const delay = new Histogram({
    name: 'latchkey_revocation_delay_seconds',
    help: 'From a revocation to its publication on this node',
    buckets: [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60],
    registers,
  })
  const removed = new Counter({
    name: 'latchkey_sessions_removed_total',
    help: 'Sessions over for longer than they are kept that this node has removed',
    registers,
  })
  const round = new Gauge({
    name: 'latchkey_upkeep_round_seconds',
    help: 'From start to end of the last round of upkeep that this node finished',
    aggregator: 'max',
    registers,
  })
  const upkeepFailures = new Counter({
    name: 'latchkey_upkeep_failures_total',
    help: 'Times that the upkeep was put off because the store did not answer',
    registers,
  })
  const accepted = refreshes.labels('ok')

  return {
    count(event) {
      events.inc({ type: event.type })
      if (event.type === 'session.ended') ended.inc({ reason: event.reason })
      if (event.type === 'limit.reached') limited.inc({ limit: event.limit })
    },
    refreshed(outcome) {
      if (outcome === 'ok') accepted.inc()
      else refreshes.inc({ outcome })
    },
    countedAlone() {
      countersAway.inc()
    },
    keyRefreshFailed() {
      keyFailures.inc()
    },
    revocationPublished(kind, delaySeconds) {
      published.inc({ kind })
      // Another node's clock may be ahead of this one's.
      delay.observe(Math.max(0, delaySeconds))
    },
    readersDropped(count) {
      dropped.inc(count)
    },
    sessionsRemoved(count) {
      removed.inc(count)
    },
    upkeepRoundFinished(seconds) {
      round.set(seconds)
    },
    upkeepFailed() {
      upkeepFailures.inc()
    },
    async render() {
      const body = siblings === undefined ? await registry.metrics() : await sumOf(siblings)
      return { body, contentType: registry.contentType }
    },
    ofThisProcess: () => registry.getMetricsAsJSON(),
  }
}

/** Never the sum of some of them: whoever reads it would see counters fall. */
async function sumOf(siblings: Siblings): Promise<string> {
  try {
    return await siblings.metrics()
  } catch (cause) {
    throw new AuthError('OVERLOADED', 'not every worker has answered', { retryAfterSeconds: 1, cause })
  }
}
