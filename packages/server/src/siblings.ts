import type { MetricObjectWithValues, MetricValue } from 'prom-client'

/** The metrics of one process, as numbers that can be summed. */
export type ProcessMetrics = MetricObjectWithValues<MetricValue<string>>[]

/** What one process of a node asks the others, and what the others make of it. */
export type SiblingQuestion = { topic: 'metrics' }

/** The other processes that serve the same port: the workers of one `latchkey serve`. */
export interface Siblings {
  /** The Prometheus text of all of them together. Rejects when one of them does not answer in time. */
  metrics(): Promise<string>
}
