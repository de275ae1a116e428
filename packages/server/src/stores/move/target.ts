import pg from 'pg'
import { ConfigError, StoreUnavailableError } from '../../errors.ts'
import { bytesToId } from '../../ids.ts'
import { openPostgresSchema } from '../sql/postgres.ts'
import { clientConfig } from '../sql/postgres-connection.ts'
import { meetPostgres } from '../sql/postgres-start.ts'
import type { SourceRow, SourceTable } from './source.ts'

const SETTING = '--to'
/** Whoever holds the tables that long is a service at work. */
const LOCK_WAIT_MS = 10_000

/** The database that is moved to: everything happens in one transaction of it. */
export class MoveTarget {
  readonly #client: pg.Client
  readonly #types = new Map<string, Map<string, string>>()

  private constructor(client: pg.Client) {
    this.#client = client
  }

  /** Rejects with `ConfigError` where the URL, or the server, has to be another one. */
  static async open(url: string): Promise<MoveTarget> {
    try {
      await meetPostgres({ url, timeoutSeconds: null }, 0)
    } catch (error) {
      throw error instanceof ConfigError ? wrongTarget(error.problems.map(({ problem }) => problem)) : error
    }
    const client = new pg.Client(clientConfig({ url, timeoutSeconds: null }))
    client.on('error', () => {})
    await mapErrors(() => client.connect())
    return new MoveTarget(client)
  }

  /** Makes what is missing of the tables. */
  static async migrate(url: string): Promise<void> {
    const schema = openPostgresSchema({ url })
    try {
      await schema.migrate()
    } finally {
      await schema.close()
    }
  }

  /** The rows that are there already; tables that are missing have none. */
  async countRows(tables: readonly string[]): Promise<number> {
    let count = 0
    for (const table of tables) {
      const [found] = await this.#query('select to_regclass($1) is not null as exists', [table])
      if (found?.exists !== true) continue
      const [row] = await this.#query(`select count(*) as count from "${table}"`)
      count += Number(row?.count)
    }
    return count
  }

  /** Whether the data of a file has come here, by the names of its peppers. */
  async hasArrived(peppers: readonly string[]): Promise<boolean> {
    const [found] = await this.#query("select to_regclass('keys') is not null as exists")
    if (found?.exists !== true) return false
    const [key] = await this.#query('select 1 from keys where id = any($1::text[])', [peppers])
    return key !== undefined
  }

  /** Begins the transaction. Nobody else reads or writes the tables until it is over, so that no service makes keys meanwhile. */
  async begin(tables: readonly SourceTable[]): Promise<void> {
    await this.#query('begin')
    await this.#query(`set local lock_timeout = ${LOCK_WAIT_MS}`)
    // What the file is marked for has to be there after a power cut.
    await this.#query('set local synchronous_commit = on')
    const names = tables.map(({ name }) => `"${name}"`).join(', ')
    await this.#query(`lock table ${names} in access exclusive mode`)
    for (const { name, columns } of tables) this.#types.set(name, await this.#columnTypes(name, columns))
  }

  async insert({ name, columns }: SourceTable, rows: readonly SourceRow[]): Promise<void> {
    const types = this.#types.get(name) as Map<string, string>
    const names = columns.map((column) => `"${column}"`).join(', ')
    const arrays = columns.map((column, i) => `$${i + 1}::${types.get(column)}[]`).join(', ')
    await this.#query(
      `insert into "${name}" (${names}) select * from unnest(${arrays})`,
      columns.map((column) => rows.map((row) => toPostgres(row[column], types.get(column)))),
    )
  }

  /** The next number that a table gives out is the one after `last`. */
  async setSequence(table: string, last: number): Promise<void> {
    if (last === 0) return
    await this.#query(
      `select setval(pg_get_serial_sequence($1, a.attname), $2) from pg_attribute a
       where a.attrelid = $1::regclass and pg_get_serial_sequence($1, a.attname) is not null`,
      [table, last],
    )
  }

  async commit(): Promise<void> {
    await this.#query('commit')
  }

  /** So that the first plans know how large the tables are. */
  async analyze(tables: readonly SourceTable[]): Promise<void> {
    for (const { name } of tables) await this.#query(`analyze "${name}"`)
  }

  /** What has not been committed has not happened. */
  async close(): Promise<void> {
    await this.#client.end().catch(() => {})
  }

  async #columnTypes(table: string, columns: readonly string[]): Promise<Map<string, string>> {
    const rows = await this.#query(
      'select column_name, data_type from information_schema.columns where table_schema = current_schema() and table_name = $1',
      [table],
    )
    const types = new Map(rows.map((row) => [String(row.column_name), String(row.data_type)]))
    if (types.size !== columns.length || columns.some((column) => !types.has(column))) {
      throw wrongTarget([`its table ${table} is of another version: both sides need this version's tables`])
    }
    return types
  }

  async #query(text: string, values: unknown[] = []): Promise<Record<string, unknown>[]> {
    return await mapErrors(async () => (await this.#client.query(text, values)).rows)
  }
}

function toPostgres(value: SourceRow[string] | undefined, type: string | undefined): unknown {
  if (!(value instanceof Uint8Array)) return value
  return type === 'uuid' ? bytesToId(value) : Buffer.from(value.buffer, value.byteOffset, value.byteLength)
}

export function wrongTarget(problems: readonly string[]): ConfigError {
  return new ConfigError(problems.map((problem) => ({ setting: SETTING, problem })))
}

async function mapErrors<Result>(work: () => Promise<Result>): Promise<Result> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof ConfigError) throw error
    throw new StoreUnavailableError(error)
  }
}
