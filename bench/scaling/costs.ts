import type { Costs } from './arithmetic.ts'

/**
 * As `npm run bench` measured them on PostgreSQL, on two cores that the service shared with its load: docs/performance.md. CPU times are those at 8
 * connections: machines that are half busy make small batches. The bytes of PostgreSQL's log are those of version 15 with 300,000 sessions,
 * refreshed at random, before and after a checkpoint.
 */
export const COSTS: Costs = {
  refreshCpu: 242e-6,
  databaseCpu: 62e-6,
  hashCpu: 8e-3,
  sessionBytes: 370,
  accountBytes: 350,
  logBytes: 160,
  logBytesWithPage: 7_100,
  newsBytes: 173,
  snapshotEntryBytes: 130,
}
