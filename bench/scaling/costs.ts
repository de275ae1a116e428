import type { Costs } from './arithmetic.ts'

/** As `npm run bench` measured them: see docs/performance.md. */
export const COSTS: Costs = {
  refreshCpu: 130e-6,
  databaseCpu: 100e-6,
  hashCpu: 24e-3,
  sessionBytes: 400,
  accountBytes: 400,
  logBytes: 350,
  logBytesWithPage: 8_400,
  entryBytes: 190,
}
