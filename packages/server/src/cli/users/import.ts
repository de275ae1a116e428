import { chmodSync, closeSync, createReadStream, fstatSync, openSync, realpathSync, writeSync } from 'node:fs'
import type { Readable } from 'node:stream'
import type { ImportOutcome } from '../../accounts/transfer/service.ts'
import type { Auth } from '../../auth.ts'
import { ConfigError } from '../../errors.ts'
import { createProgress, formatCount, type Progress } from '../progress.ts'
import type { Settings } from '../settings.ts'
import { print, withService } from '../with-service.ts'
import { type Line, linesOf, textOf } from './lines.ts'

export interface ImportFlags {
  update: boolean
  strict: boolean
  dryRun: boolean
  json: boolean
  /** Where the lines go that were refused; null keeps them nowhere. */
  rejects: string | null
}

export interface ImportSummary {
  added: number
  updated: number
  skipped: number
  refused: number
  /** Whether every line was looked at: not after Ctrl-C, nor with `--strict` after one that was refused. */
  finished: boolean
  dryRun: boolean
  seconds: number
  /** The first of those that were refused. */
  problems: { line: number; reason: string }[]
}

const LINES_AT_ONCE = 500
/** A file of another format has as many problems as lines. */
const PROBLEMS_SHOWN = 100
const STOPPED_BY_SIGNAL = 130

/** `latchkey users import FILE`: 0 when every line was taken, 1 when some were refused, 130 after Ctrl-C. */
export async function importUsers(settings: Settings, path: string, flags: ImportFlags): Promise<number> {
  const source = open(path)
  const rejects = flags.rejects === null ? null : openRejects(flags.rejects, path)
  const stop = new AbortController()
  // The batch that is under way is finished; a second Ctrl-C ends at once, and loses nothing either.
  process.once('SIGINT', () => {
    stop.abort()
    source.chunks.destroy()
  })
  try {
    let summary: ImportSummary | undefined
    await withService(settings, async ({ users }) => {
      summary = await new Import(users, flags, source.bytes, rejects).run(source.chunks, stop.signal)
    })
    report(summary as ImportSummary, flags)
    return stop.signal.aborted ? STOPPED_BY_SIGNAL : (summary as ImportSummary).refused > 0 ? 1 : 0
  } finally {
    if (rejects !== null) closeSync(rejects)
  }
}

class Import {
  readonly #users: Auth['users']
  readonly #flags: ImportFlags
  readonly #totalBytes: number | null
  readonly #rejects: number | null
  readonly #progress: Progress = createProgress('lines')
  readonly #start = performance.now()
  readonly #summary: ImportSummary

  constructor(users: Auth['users'], flags: ImportFlags, totalBytes: number | null, rejects: number | null) {
    this.#users = users
    this.#flags = flags
    this.#totalBytes = totalBytes
    this.#rejects = rejects
    this.#summary = {
      ...{ added: 0, updated: 0, skipped: 0, refused: 0 },
      ...{ finished: true, dryRun: flags.dryRun, seconds: 0, problems: [] },
    }
  }

  async run(chunks: AsyncIterable<Buffer>, signal: AbortSignal): Promise<ImportSummary> {
    const summary = this.#summary
    let batch: Line[] = []
    try {
      for await (const line of linesOf(chunks)) {
        if (line.bytes.length > 0) batch.push(line)
        if (batch.length < LINES_AT_ONCE) continue
        await this.#take(batch)
        batch = []
        if (!summary.finished) break
      }
      if (summary.finished && batch.length > 0) await this.#take(batch)
    } catch (error) {
      if (!signal.aborted) throw error
      summary.finished = false
    } finally {
      this.#progress.end()
    }
    summary.seconds = Math.round(performance.now() - this.#start) / 1000
    return summary
  }

  async #take(batch: readonly Line[]): Promise<void> {
    const { update, strict, dryRun } = this.#flags
    const texts = batch.map((line) => textOf(line) ?? '')
    const outcomes = await this.#users.importLines(texts, { update, strict, dryRun })
    for (const [i, outcome] of outcomes.entries()) this.#count(batch[i] as Line, outcome)
    const { added, updated, skipped, refused } = this.#summary
    const read = batch.at(-1)?.readBytes ?? 0
    this.#progress.update(
      added + updated + skipped + refused,
      this.#totalBytes === null ? null : read / this.#totalBytes,
    )
  }

  #count(line: Line, outcome: ImportOutcome): void {
    const summary = this.#summary
    if (outcome.kind === 'left') return
    summary[outcome.kind]++
    if (outcome.kind !== 'refused') return
    const { reason } = outcome
    if (this.#rejects !== null) writeSync(this.#rejects, Buffer.concat([line.bytes, Buffer.from('\n')]))
    if (this.#flags.strict) summary.finished = false
    if (summary.problems.length >= PROBLEMS_SHOWN) return
    summary.problems.push({ line: line.number, reason })
    if (!this.#flags.json) this.#progress.note(`line ${line.number}: ${reason}`)
  }
}

function report(summary: ImportSummary, { json, dryRun, rejects }: ImportFlags): void {
  if (json) {
    print(JSON.stringify(summary))
    return
  }
  const { added, updated, skipped, refused, finished, problems } = summary
  if (refused > problems.length) {
    const where = rejects === null ? '--rejects FILE keeps them' : `they are in ${rejects}`
    process.stderr.write(`... and ${formatCount(refused - problems.length)} more lines: ${where}\n`)
  }
  const counts = [
    `${formatCount(added)} added`,
    ...(updated > 0 ? [`${formatCount(updated)} updated`] : []),
    `${formatCount(skipped)} there already`,
    `${formatCount(refused)} refused`,
  ]
  print(`${dryRun ? 'It would be: ' : ''}${counts.join(', ')}.`)
  if (!finished) print('Not every line was looked at: the same command goes on where this one stopped.')
}

function open(path: string): { chunks: Readable; bytes: number | null } {
  if (path === '-') return { chunks: process.stdin, bytes: null }
  try {
    const fd = openSync(path, 'r')
    const stats = fstatSync(fd)
    if (stats.isDirectory()) throw new Error('it is a folder')
    return { chunks: createReadStream(path, { fd }), bytes: stats.isFile() ? stats.size : null }
  } catch (error) {
    throw unusable(path, 'cannot be read', error)
  }
}

/** They may hold hashes: they are for their user's eyes only. */
function openRejects(path: string, source: string): number {
  try {
    const file = openSync(path, 'a', 0o600)
    closeSync(file)
    if (source !== '-' && realpathSync(path) === realpathSync(source))
      throw new Error('it is the file to import')
    chmodSync(path, 0o600)
    return openSync(path, 'w')
  } catch (error) {
    throw unusable(path, 'cannot be written', error)
  }
}

function unusable(path: string, problem: string, error: unknown): ConfigError {
  return new ConfigError([{ setting: path, problem: `${problem}: ${(error as Error).message}` }])
}
