import { CompiledQuery, type Kysely } from 'kysely'
import { RateLimiterPostgres } from 'rate-limiter-flexible'
import type { CounterStore } from '../../abuse/store.ts'
import { countersOver, UNLIMITED } from './counters.ts'

/** Counts in a table of PostgreSQL, which our migrations have made. */
export function createPostgresCounters<Schema>(db: Kysely<Schema>): CounterStore {
  return countersOver(
    new RateLimiterPostgres({
      ...UNLIMITED,
      keyPrefix: '',
      tableName: 'limits',
      tableCreated: true,
      storeType: 'pool',
      storeClient: {
        // Without the name that the library gives a statement: poolers in transaction mode know no prepared ones.
        async query({ text, values }: { text: string; values: unknown[] }) {
          const { rows, numAffectedRows } = await db.executeQuery(CompiledQuery.raw(text, values))
          return { rows, rowCount: Number(numAffectedRows ?? rows.length) }
        },
      },
    }),
  )
}
