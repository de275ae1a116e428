import { Counter, Gauge, Registry } from 'prom-client'
import type { SecurityEvent } from './events.ts'

export interface Metrics {
  count(event: SecurityEvent): void
  /** Notes how a refresh ended: `ok`, or the code it was refused with. */
  refreshed(outcome: string): void
  keyRefreshFailed(): void
  /** The Prometheus text. It holds no user's data. */
  render(): Promise<{ body: string; contentType: string }>
}

/** @param waitingForHashing how many jobs wait for a hashing thread */
export function createMetrics(waitingForHashing: () => number): Metrics {
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
  const accepted = refreshes.labels('ok')

  return {
    count(event) {
      events.inc({ type: event.type })
      if (event.type === 'session.ended') ended.inc({ reason: event.reason })
    },
    refreshed(outcome) {
      if (outcome === 'ok') accepted.inc()
      else refreshes.inc({ outcome })
    },
    keyRefreshFailed() {
      keyFailures.inc()
    },
    async render() {
      return { body: await registry.metrics(), contentType: registry.contentType }
    },
  }
}
