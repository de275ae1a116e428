// From one kind of database to another, with everything that is kept.
// It does not know what any of it means: a table that is added is moved with the others.
import { setTimeout as delay } from 'node:timers/promises'
import { StoreUnavailableError } from '../../errors.ts'
import type { Clock } from '../../time.ts'
import { MoveSource, type SourceTable } from './source.ts'
import { MoveTarget, wrongTarget } from './target.ts'

export interface MoveOptions {
  /** The SQLite file. */
  path: string
  /** `postgres://...`, an empty database. */
  url: string
  /** Only look: the file is not held, and nothing is written anywhere. @default false */
  dryRun?: boolean
  onProgress?: (rows: number, total: number) => void
  now: Clock
}

export interface MoveReport {
  /** By table. */
  rows: Record<string, number>
  /** `finished`: the data was there already, and only the last word was missing. */
  outcome: 'moved' | 'finished' | 'moved-before' | 'dry-run'
  /** The file. */
  path: string
  /** HOST:PORT/NAME */
  target: string
}

const ROWS_AT_ONCE = 1_000
const LOOKS_AFTER_COMMIT = 20
const LOOK_EVERY_MS = 500

/**
 * Moves everything from an SQLite file into an empty PostgreSQL database, in one transaction there, while the file is held.
 * Then the file is marked, and takes no write any more. Whatever fails before that leaves both as they were.
 *
 * The mark is written before the transaction is committed: were it the other way round, a crash in between would leave two
 * databases that both hold the truth. So a file may say `finishing`, and the next call finds out what has happened.
 *
 * Rejects with `ConfigError` or `StoreUnavailableError`.
 */
export async function moveToPostgres(options: MoveOptions): Promise<MoveReport> {
  const { path, url, dryRun = false } = options
  const target = nameOf(url)
  const source = MoveSource.open(path)
  try {
    const to = await MoveTarget.open(url)
    try {
      const before = await settleFormerMove(source, to, target)
      if (before !== null) return { rows: countsOf(source.tables()), outcome: before, path, target }
      if (dryRun) {
        await requireEmpty(to, source.tables())
        return { rows: countsOf(source.tables()), outcome: 'dry-run', path, target }
      }
      return { rows: await move(source, to, target, options), outcome: 'moved', path, target }
    } finally {
      await to.close()
    }
  } finally {
    source.close()
  }
}

async function move(
  source: MoveSource,
  to: MoveTarget,
  target: string,
  { path, url, onProgress, now }: MoveOptions,
): Promise<Record<string, number>> {
  await source.migrate(path)
  if (source.peppers().length === 0)
    throw wrongTarget(['there is nothing to move: no service has used the file yet'])
  await requireEmpty(to, source.tables())
  await MoveTarget.migrate(url)
  await source.hold()
  const tables = source.tables()
  await to.begin(tables)
  await requireEmpty(to, tables)
  await copy(source, to, tables, onProgress)
  for (const { table, last } of source.sequences()) await to.setSequence(table, last)
  source.markAndLetGo({ at: now(), target, state: 'finishing' })
  try {
    await to.commit()
  } catch (error) {
    if (!(await hasArrivedAfterAll(source, url))) {
      await source.unmark()
      throw error
    }
  }
  await source.finish()
  await to.analyze(tables).catch(() => {})
  return countsOf(tables)
}

async function copy(
  source: MoveSource,
  to: MoveTarget,
  tables: readonly SourceTable[],
  onProgress: MoveOptions['onProgress'],
): Promise<void> {
  const total = tables.reduce((sum, { rows }) => sum + rows, 0)
  let done = 0
  for (const table of tables) {
    for (const rows of source.rows(table, ROWS_AT_ONCE)) {
      await to.insert(table, rows)
      done += rows.length
      onProgress?.(done, total)
    }
    if ((await to.countRows([table.name])) !== table.rows) {
      throw new StoreUnavailableError(new Error(`not all rows of ${table.name} have arrived`))
    }
  }
}

/** What a move of before has left: null when there is one to make. */
async function settleFormerMove(
  source: MoveSource,
  to: MoveTarget,
  target: string,
): Promise<'finished' | 'moved-before' | null> {
  const { moved } = source
  if (moved === null) return null
  if (moved.target !== target) {
    throw wrongTarget([
      moved.state === 'done'
        ? `the data of the file is in the database ${moved.target}: move it on with PostgreSQL's own tools`
        : `a move to the database ${moved.target} was broken off at its last step: run it again first`,
    ])
  }
  if (moved.state === 'done') return 'moved-before'
  if (await to.hasArrived(source.peppers())) {
    await source.finish()
    return 'finished'
  }
  await source.unmark()
  return null
}

/**
 * Asks a server whose answer to the commit was lost. The tables are locked until that is decided, so no answer comes too early.
 * Rejects when nobody can say: the same command finds out later.
 */
async function hasArrivedAfterAll(source: MoveSource, url: string): Promise<boolean> {
  for (let look = 1; ; look++) {
    try {
      const to = await MoveTarget.open(url)
      try {
        return await to.hasArrived(source.peppers())
      } finally {
        await to.close()
      }
    } catch (error) {
      if (look === LOOKS_AFTER_COMMIT) throw error
      await delay(LOOK_EVERY_MS)
    }
  }
}

async function requireEmpty(to: MoveTarget, tables: readonly SourceTable[]): Promise<void> {
  const rows = await to.countRows(tables.map(({ name }) => name))
  if (rows > 0) {
    throw wrongTarget([
      `the database is not empty: a service has used it, or something was moved there. Give a new one`,
    ])
  }
}

function countsOf(tables: readonly SourceTable[]): Record<string, number> {
  return Object.fromEntries(tables.map(({ name, rows }) => [name, rows]))
}

/** Without the user and the password. */
function nameOf(url: string): string {
  const { hostname, port, pathname, searchParams } = new URL(url)
  return `${hostname || searchParams.get('host') || 'localhost'}:${port || '5432'}${pathname}`
}
