import type { MetricObjectWithValues, MetricValue } from 'prom-client'
import type { ArrivalQuestion } from './sessions/arrivals.ts'

/** The metrics of one process, as numbers that can be summed. */
export type ProcessMetrics = MetricObjectWithValues<MetricValue<string>>[]

/** What one process of a node asks the others, and what the others make of it. */
export type SiblingQuestion = { topic: 'metrics' } | ({ topic: 'arrival' } & ArrivalQuestion)

/** The other processes that serve the same port: the workers of one `latchkey serve`. */
export interface Siblings {
  /** The Prometheus text of all of them together. Rejects when one of them does not answer in time. */
  metrics(): Promise<string>
  /** Whether one of the others has rotated this, and had not answered when a request arrived here. Rejects when nobody can say. */
  cameBeforeAnswer(question: ArrivalQuestion): Promise<boolean>
}
