import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import type { Finding, Rows } from '../scenario.ts'
import type { Plot } from './plot.ts'

const RESUMABLE_MS = 6 * 3_600_000

/** What one run of one scenario found. */
export interface Result {
  scenario: string
  /** When it began. RFC 3339. */
  measuredAt: string
  seconds: number
  machine: Machine
  quick: boolean
  findings: readonly Finding[]
  tables: Readonly<Record<string, Rows>>
  plots: Readonly<Record<string, Plot>>
}

export interface Machine {
  cores: number
  node: string
  fileSystem: string
  flushMicros: number
}

export function machineOf(workplace: Pick<Machine, 'fileSystem' | 'flushMicros'>): Machine {
  const { fileSystem, flushMicros } = workplace
  return { cores: availableParallelism(), node: process.versions.node, fileSystem, flushMicros }
}

/** Rough figures are kept apart: they are no results. */
export function resultsDirectory(quick: boolean): string {
  return quick ? join(import.meta.dirname, '../../build/bench-quick') : import.meta.dirname
}

export function writeResult(result: Result): void {
  const directory = resultsDirectory(result.quick)
  mkdirSync(directory, { recursive: true })
  writeFileSync(fileOf(directory, result.scenario), `${JSON.stringify(result, null, 2)}\n`)
}

export function readResult(scenario: string, quick: boolean): Result | undefined {
  try {
    return JSON.parse(readFileSync(fileOf(resultsDirectory(quick), scenario), 'utf8')) as Result
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

/** Whether a run that goes on where another one stopped can do without this scenario. */
export function isRecent(result: Result | undefined): boolean {
  return result !== undefined && Date.now() - Date.parse(result.measuredAt) < RESUMABLE_MS
}

function fileOf(directory: string, scenario: string): string {
  return join(directory, `${scenario}.json`)
}
