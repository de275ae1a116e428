import { createHash } from 'node:crypto'
import type pg from 'pg'
import { StoreUnavailableError } from '../../errors.ts'
import { idOrNobodys } from '../../ids.ts'
import type { AccountRow, OwnedSessionRow, RotationRow } from './database.ts'
import { isOfPreparedStatement, wasInTheWay, wasLost } from './postgres-errors.ts'
import type { PostgresPool } from './postgres-pool.ts'
import { persistently } from './postgres-retry.ts'

/** One row for each id, in the order asked, also where there is no session: each says whether a replica answers. */
const FIND_SESSIONS = statement(`
  select (select pg_is_in_recovery()), s.user_id, s.client, s.seed, s.generation, s.created_at, s.last_used_at, s.expires_at,
    s.attempts, s.ip, s.user_agent, s.ended_at, s.end_reason,
    u.email, u.email_verified_at, u.roles, u.credential_version, u.created_at, u.disabled_at
  from unnest($1::uuid[]) with ordinality as asked (id, place)
  left join sessions s on s.id = asked.id
  left join users u on u.id = s.user_id
  order by asked.place`)

const FIND_ACCOUNTS = statement(`
  select (select pg_is_in_recovery()), u.email, u.email_verified_at, u.roles, u.credential_version, u.created_at, u.disabled_at,
    u.kept_session_id
  from unnest($1::uuid[]) with ordinality as asked (id, place)
  left join users u on u.id = asked.id
  order by asked.place`)

/**
 * A session that has ended has a reason. Asked for its time instead, a plan that is made while the table is empty would read the
 * whole index of the sessions that have not ended, for each batch and for ever.
 */
const ROTATE = statement(`
  update sessions s set generation = r.generation, last_used_at = r.last_used_at, attempts = r.attempts, ip = r.ip
  from unnest($1::uuid[], $2::int8[], $3::int8[], $4::int8[], $5::bytea[], $6::text[])
    as r (id, expected_generation, generation, last_used_at, attempts, ip)
  where s.id = r.id and s.generation = r.expected_generation and s.end_reason is null
  returning s.id`)

/** Which of the rows stand as they were to be written. */
const FIND_ROTATED = statement(`
  select s.id
  from unnest($1::uuid[], $2::int8[], $3::int8[], $4::bytea[], $5::text[]) as r (id, generation, last_used_at, attempts, ip)
  join sessions s on s.id = r.id
  where s.generation = r.generation and s.last_used_at = r.last_used_at and s.attempts = r.attempts
    and s.ip is not distinct from r.ip and s.end_reason is null`)

/** Every statement goes to the server once for a whole batch, whatever its size. */
export class PostgresHotPath {
  readonly #pool: PostgresPool
  #mayName = true

  constructor(pool: PostgresPool) {
    this.#pool = pool
  }

  async findOwnedSessions(ids: readonly string[]): Promise<(OwnedSessionRow | undefined)[]> {
    const rows = await this.#find(FIND_SESSIONS, ids)
    return rows.map((row, i) => toOwnedSessionRow(ids[i] as string, row))
  }

  async findAccounts(ids: readonly string[]): Promise<(AccountRow | undefined)[]> {
    const rows = await this.#find(FIND_ACCOUNTS, ids)
    return rows.map((row, i) => toAccountRow(ids[i] as string, row))
  }

  /**
   * Where an answer was lost on its way from the server, the rows tell whether they were written: on another connection it is
   * tried again, and what stands there exactly as it was to be written was written by us.
   */
  async rotateSessions(rotations: readonly RotationRow[]): Promise<boolean[]> {
    // Two nodes lock the rows that they share in the same order, so that neither waits for the other for ever.
    const rows = rotations.toSorted((a, b) => (a.id < b.id ? -1 : 1))
    const moved = new Set<string>()
    let isInDoubt = false
    await persistently(
      async () => {
        const left = rows.filter(({ id }) => !moved.has(id))
        for (const id of await this.#rotate(left)) moved.add(id)
        if (isInDoubt) for (const id of await this.#findRotated(left)) moved.add(id)
      },
      (error) => {
        isInDoubt ||= wasLost(error)
        // A server that crashed is back in a moment, and whoever is in doubt has more to lose than that.
        return isInDoubt || wasInTheWay(error)
      },
    )
    return rotations.map(({ id }) => moved.has(id))
  }

  async #find(statement: Statement, ids: readonly string[]): Promise<unknown[][]> {
    // One id that is none must not fail the whole batch.
    const asked = `{${ids.map(idOrNobodys).join(',')}}`
    const rows = await persistently(() => this.#run<unknown[]>(statement, [asked]), wasLost)
    if (rows[0]?.[0] === true) throw new StoreUnavailableError(new Error('the server is a replica'))
    return rows
  }

  async #rotate(rows: readonly RotationRow[]): Promise<string[]> {
    const moved = await this.#run<[string]>(ROTATE, [
      rows.map(({ id }) => id),
      rows.map((row) => row.expected_generation),
      rows.map((row) => row.generation),
      rows.map((row) => row.last_used_at),
      rows.map((row) => row.attempts),
      rows.map((row) => row.ip),
    ])
    return moved.map(([id]) => id)
  }

  async #findRotated(rows: readonly RotationRow[]): Promise<string[]> {
    const found = await this.#run<[string]>(FIND_ROTATED, [
      rows.map(({ id }) => id),
      rows.map((row) => row.generation),
      rows.map((row) => row.last_used_at),
      rows.map((row) => row.attempts),
      rows.map((row) => row.ip),
    ])
    return found.map(([id]) => id)
  }

  /** Prepared once for each connection, unless a pooler shares the server's connections out anew. */
  async #run<Row extends unknown[]>({ name, text }: Statement, values: unknown[]): Promise<Row[]> {
    return await this.#pool.use(async (client) => {
      const query = { text, values, rowMode: 'array' as const }
      if (this.#mayName && !this.#pool.isPooled) {
        try {
          return await rowsOf<Row>(client, { ...query, name })
        } catch (error) {
          if (!isOfPreparedStatement(error)) throw error
          this.#mayName = false
        }
      }
      return await rowsOf<Row>(client, query)
    })
  }
}

interface Statement {
  name: string
  text: string
}

/** The name belongs to the text alone: a pooler may hand on a connection on which another version has prepared its own. */
function statement(text: string): Statement {
  return { name: `latchkey_${createHash('sha256').update(text).digest('hex').slice(0, 16)}`, text }
}

async function rowsOf<Row extends unknown[]>(
  client: pg.ClientBase,
  query: pg.QueryArrayConfig,
): Promise<Row[]> {
  return (await client.query<Row>(query)).rows
}

function toOwnedSessionRow(id: string, row: unknown[]): OwnedSessionRow | undefined {
  if (row[1] === null || row[13] === null) return undefined
  return {
    id,
    user_id: row[1],
    client: row[2],
    seed: row[3],
    generation: row[4],
    created_at: row[5],
    last_used_at: row[6],
    expires_at: row[7],
    attempts: row[8],
    ip: row[9],
    user_agent: row[10],
    ended_at: row[11],
    end_reason: row[12],
    email: row[13],
    email_verified_at: row[14],
    roles: row[15],
    credential_version: row[16],
    user_created_at: row[17],
    disabled_at: row[18],
  } as OwnedSessionRow
}

function toAccountRow(id: string, row: unknown[]): AccountRow | undefined {
  if (row[1] === null) return undefined
  return {
    id,
    email: row[1],
    email_verified_at: row[2],
    roles: row[3],
    credential_version: row[4],
    created_at: row[5],
    disabled_at: row[6],
    kept_session_id: row[7],
  } as AccountRow
}
