import { createHash } from 'node:crypto'
import type { AccountRow, OwnedSessionRow, RotationRow } from './database.ts'
import { toStoreError } from './postgres-errors.ts'
import type { PostgresPool } from './postgres-pool.ts'

/** One row for each id, in the order asked, also where there is no session. */
const FIND = statement(`
  select s.id, s.user_id, s.client, s.seed, s.generation, s.created_at, s.last_used_at, s.expires_at, s.attempts, s.ip,
    s.user_agent, s.ended_at, s.end_reason, u.email, u.email_verified_at, u.roles, u.credential_version, u.created_at,
    u.disabled_at
  from unnest($1::uuid[]) with ordinality as asked (id, place)
  left join sessions s on s.id = asked.id
  left join users u on u.id = s.user_id
  order by asked.place`)

/** One row for each id, in the order asked, also where there is no account. */
const FIND_ACCOUNTS = statement(`
  select u.id, u.email, u.email_verified_at, u.roles, u.credential_version, u.created_at, u.disabled_at, u.kept_session_id
  from unnest($1::uuid[]) with ordinality as asked (id, place)
  left join users u on u.id = asked.id
  order by asked.place`)

const ROTATE = statement(`
  update sessions s set generation = r.generation, last_used_at = r.last_used_at, attempts = r.attempts, ip = r.ip
  from unnest($1::uuid[], $2::int8[], $3::int8[], $4::int8[], $5::bytea[], $6::text[])
    as r (id, expected_generation, generation, last_used_at, attempts, ip)
  where s.id = r.id and s.generation = r.expected_generation and s.ended_at is null
  returning s.id`)

export async function findOwnedSessions(
  pool: PostgresPool,
  ids: readonly string[],
): Promise<(OwnedSessionRow | undefined)[]> {
  try {
    const rows = await pool.query({ ...FIND, values: [`{${ids.join(',')}}`] })
    return rows.map(toOwnedSessionRow)
  } catch (error) {
    throw toStoreError(error)
  }
}

export async function findAccounts(
  pool: PostgresPool,
  ids: readonly string[],
): Promise<(AccountRow | undefined)[]> {
  try {
    const rows = await pool.query({ ...FIND_ACCOUNTS, values: [`{${ids.join(',')}}`] })
    return rows.map(toAccountRow)
  } catch (error) {
    throw toStoreError(error)
  }
}

export async function rotateSessions(
  pool: PostgresPool,
  rotations: readonly RotationRow[],
): Promise<boolean[]> {
  // Two nodes take the locks of the same rows in the same order, so that neither waits for the other for ever.
  const sorted = rotations.toSorted((a, b) => (a.id < b.id ? -1 : 1))
  try {
    const rows = await pool.query<[string]>({
      ...ROTATE,
      values: [
        sorted.map(({ id }) => id),
        sorted.map((row) => row.expected_generation),
        sorted.map((row) => row.generation),
        sorted.map((row) => row.last_used_at),
        sorted.map((row) => row.attempts),
        sorted.map((row) => row.ip),
      ],
    })
    const moved = new Set(rows.map(([id]) => id))
    return rotations.map(({ id }) => moved.has(id))
  } catch (error) {
    throw toStoreError(error)
  }
}

function toOwnedSessionRow(row: unknown[]): OwnedSessionRow | undefined {
  const [id, userId, client, seed, generation, createdAt, lastUsedAt, expiresAt, attempts, ip, userAgent] =
    row
  const [endedAt, endReason, email, emailVerifiedAt, roles, version, userCreatedAt, disabledAt] =
    row.slice(11)
  if (id === null || email === null) return undefined
  return {
    id,
    user_id: userId,
    client,
    seed,
    generation,
    created_at: createdAt,
    last_used_at: lastUsedAt,
    expires_at: expiresAt,
    attempts,
    ip,
    user_agent: userAgent,
    ended_at: endedAt,
    end_reason: endReason,
    email,
    email_verified_at: emailVerifiedAt,
    roles,
    credential_version: version,
    user_created_at: userCreatedAt,
    disabled_at: disabledAt,
  } as OwnedSessionRow
}

function toAccountRow(row: unknown[]): AccountRow | undefined {
  const [id, email, emailVerifiedAt, roles, version, createdAt, disabledAt, keptSessionId] = row
  if (id === null) return undefined
  return {
    id,
    email,
    email_verified_at: emailVerifiedAt,
    roles,
    credential_version: version,
    created_at: createdAt,
    disabled_at: disabledAt,
    kept_session_id: keptSessionId,
  } as AccountRow
}

/** Prepared under a name that belongs to its text alone: a pooler hands on what another version has prepared. */
function statement(text: string): { name: string; text: string; rowMode: 'array' } {
  const digest = createHash('sha256').update(text).digest('hex').slice(0, 16)
  return { name: `latchkey_${digest}`, text, rowMode: 'array' }
}
