import type { Workplace } from './lab/disk.ts'
import type { StoreName } from './lab/stores.ts'
import type { Delivery } from './load/session.ts'
import type { Plot } from './results/plot.ts'

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
  /** Of `latchkey`, where a scenario can be had on several. */
  stores: readonly StoreName[]
  /** How many connections refresh at once, where a scenario tries several. */
  connections: readonly number[]
  /** Says what is going on, while it goes on. */
  progress(line: string): void
  /** Shows a table, its headings first, and keeps it for the documentation under the scenario's name and this one. */
  keepTable(name: string, rows: Rows): void
  /** Keeps a picture for the documentation in the same way. */
  keepPlot(name: string, plot: Plot): void
}

export type Rows = readonly (readonly string[])[]

/** A figure that was measured, and what it has to be where somebody promised something. */
export interface Finding {
  what: string
  measured: string
  promised?: string
  holds?: boolean
}
