import { AggregatorRegistry, type Registry } from 'prom-client'
import type { ProcessMetrics } from '../siblings.ts'

/** What counts from a process's start on, and is still true when the process has ended. */
const OUTLAST_THEIR_PROCESS: readonly string[] = ['counter', 'histogram']

/**
 * The metrics of all workers as those of one service. What a worker has counted stays in the sum when it is gone: a sum that
 * fell would be read as a restart of the whole, and everything counted so far as new.
 */
export class WorkerMetrics {
  readonly #last = new Map<number, ProcessMetrics>()
  #ofEnded: Promise<ProcessMetrics> = Promise.resolve([])

  /** Notes what a worker says that it has counted until now. */
  counted(workerId: number, metrics: ProcessMetrics): void {
    this.#last.set(workerId, metrics)
  }

  ended(workerId: number): void {
    const last = this.#last.get(workerId) ?? []
    this.#last.delete(workerId)
    const lasting = last.filter(({ type }) => OUTLAST_THEIR_PROCESS.includes(String(type)))
    this.#ofEnded = this.#ofEnded.then((ofEnded) => sum([ofEnded, lasting]).getMetricsAsJSON())
  }

  /** The Prometheus text. */
  async text(): Promise<string> {
    const ofEnded = await this.#ofEnded
    return await sum([ofEnded, ...this.#last.values()]).metrics()
  }
}

/** Every sample is summed with those of the same labels; a metric that wants something else says so by its `aggregator`. */
function sum(metrics: ProcessMetrics[]): Registry {
  return AggregatorRegistry.aggregate(metrics)
}
