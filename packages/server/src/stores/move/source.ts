import { existsSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { ConfigError } from '../../errors.ts'
import { openSqliteSchema } from '../sql/sqlite.ts'
import { mapErrors } from '../sql/sqlite-errors.ts'
import { BUSY_BLOCK_MS, begin } from '../sql/sqlite-lock.ts'
import { findMoved, finishMoved, type Moved, markMoved, unmarkMoved } from '../sql/sqlite-moved.ts'

export type SourceRow = Record<string, string | number | Uint8Array | null>

export interface SourceTable {
  name: string
  columns: string[]
  rows: number
}

/** What SQLite, Kysely and the move keep for themselves. */
const NOT_OURS = "name not like 'sqlite_%' and name not like 'kysely_%' and name <> 'moved'"

/** The file that is moved away from. */
export class MoveSource {
  readonly #database: DatabaseSync

  private constructor(database: DatabaseSync) {
    this.#database = database
  }

  /** Rejects with `ConfigError` for a path that leads to no file. */
  static open(path: string): MoveSource {
    if (!existsSync(path)) {
      throw new ConfigError([
        { setting: 'LATCHKEY_DATABASE_URL', problem: `there is no file ${path} to move` },
      ])
    }
    return new MoveSource(
      mapErrors(() => {
        const database = new DatabaseSync(path, { timeout: BUSY_BLOCK_MS })
        database.exec('pragma synchronous = full')
        return database
      }),
    )
  }

  get moved(): Moved | null {
    return mapErrors(() => findMoved(this.#database))
  }

  /** Brings the tables of an older version up to this one's. */
  async migrate(path: string): Promise<void> {
    const schema = openSqliteSchema(path)
    try {
      await schema.migrate()
    } finally {
      await schema.close()
    }
  }

  /** From here on nobody else writes to the file, until it is let go or closed. Reading goes on. */
  async hold(): Promise<void> {
    await begin(this.#database, 0)
  }

  tables(): SourceTable[] {
    return mapErrors(() =>
      this.#names().map((name) => {
        const columns = this.#database.prepare(`select name from pragma_table_info(?)`).all(name)
        const count = this.#database.prepare(`select count(*) as count from "${name}"`).get()
        return { name, columns: columns.map((column) => String(column.name)), rows: Number(count?.count) }
      }),
    )
  }

  /** The rows of a table, some of them at a time. */
  *rows({ name }: SourceTable, atOnce: number): Generator<SourceRow[]> {
    let batch: SourceRow[] = []
    for (const row of this.#database.prepare(`select * from "${name}"`).iterate()) {
      batch.push(row as SourceRow)
      if (batch.length < atOnce) continue
      yield batch
      batch = []
    }
    if (batch.length > 0) yield batch
  }

  /** The last number that each table has given out, whether its row is there still or not. */
  sequences(): { table: string; last: number }[] {
    return mapErrors(() =>
      this.#database
        .prepare('select name, seq from sqlite_sequence')
        .all()
        .map(({ name, seq }) => ({ table: String(name), last: Number(seq) })),
    )
  }

  /** What no other database has: the peppers' names. Never empty once a service has started on the file. */
  peppers(): string[] {
    return mapErrors(() =>
      this.#database
        .prepare("select id from keys where purpose = 'pepper'")
        .all()
        .map(({ id }) => String(id)),
    )
  }

  /** Writes the mark as the last thing that is done to the file while it is held, durably. */
  markAndLetGo(moved: Moved): void {
    mapErrors(() => {
      markMoved(this.#database, this.#names(), moved)
      this.#database.exec('commit')
    })
  }

  async finish(): Promise<void> {
    await this.#write(() => finishMoved(this.#database))
  }

  /** Gives the file back its data. */
  async unmark(): Promise<void> {
    await this.#write(() => unmarkMoved(this.#database, this.#names()))
  }

  /** What has not been committed has not happened. */
  close(): void {
    if (this.#database.isOpen) this.#database.close()
  }

  async #write(work: () => void): Promise<void> {
    await this.hold()
    mapErrors(() => {
      work()
      this.#database.exec('commit')
    })
  }

  #names(): string[] {
    const tables = this.#database.prepare(
      `select name from sqlite_master where type = 'table' and ${NOT_OURS}`,
    )
    return tables.all().map(({ name }) => String(name))
  }
}
