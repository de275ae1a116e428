import type { Workplace } from './lab/disk.ts'
import type { Delivery } from './load/session.ts'

/** One benchmark. */
export interface Scenario {
  /** One line: what it finds out. */
  summary: string
  run(settings: Settings): Promise<Finding[]>
}

export interface Settings {
  /** Shorter rounds and smaller numbers: it shows that a scenario runs, and its figures are rough. */
  quick: boolean
  delivery: Delivery
  workplace: Workplace
  /** Says what is going on, while it goes on. */
  progress(line: string): void
}

/** A figure that was measured, and what it has to be where somebody promised something. */
export interface Finding {
  what: string
  measured: string
  promised?: string
  holds?: boolean
}
