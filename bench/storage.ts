import { join } from 'node:path'
import { resolveOptions } from '../packages/server/src/config.ts'
import { openStores } from '../packages/server/src/stores/open.ts'
import { rotationOf } from './lab/population.ts'
import { seed } from './lab/seed.ts'
import { databaseIn } from './lab/service.ts'
import { type Store, type StoreName, startStore } from './lab/stores.ts'
import { bytesText, whole } from './report.ts'
import type { Finding, Rows, Scenario, Settings } from './scenario.ts'
import { type Piece, piecesOf, totalOf } from './storage/pieces.ts'

const REFRESHES = 5
/** Sessions that are rotated in one step: as many as a busy service has in a batch. */
const BATCH = 64
const REFUSED_FOR_MS = 900_000
const PROMISED_BYTES: Readonly<Record<StoreName, number>> = { sqlite: 400, postgres: 400, redis: 600 }
/** The same after every session was refreshed: room that is used again, or garbage that heaps up. */
const PROMISED_GROWTH = 1.1

interface Measured {
  before: readonly Piece[]
  after: readonly Piece[]
}

/** What a session takes up on each store, and what for; and again when each of them was refreshed some times. */
export const storage: Scenario = {
  summary:
    'bytes per session on each store, what each is for, and after every session was refreshed five times',
  async run(settings) {
    const count = settings.quick ? 100_000 : 1_000_000
    const findings: Finding[] = []
    for (const name of settings.stores) {
      const measured = await measure(name, count, settings)
      settings.keepTable(name, rowsOf(measured))
      const before = totalOf(measured.before)
      const growth = totalOf(measured.after) / before
      findings.push(
        {
          what: `bytes per session on ${name}, of ${whole(count)} sessions, indexes included`,
          measured: bytesText(before),
          promised: `at most ${PROMISED_BYTES[name]}`,
          holds: before <= PROMISED_BYTES[name],
        },
        {
          what: `the same after ${REFRESHES} refreshes of each, of those before`,
          measured: growth.toFixed(2),
          promised: `at most ${PROMISED_GROWTH}`,
          holds: growth <= PROMISED_GROWTH,
        },
      )
    }
    return findings
  },
}

async function measure(name: StoreName, count: number, { workplace, progress }: Settings): Promise<Measured> {
  const databaseFile = databaseIn(join(workplace.directory, `storage-${name}`))
  // Nothing here has to survive the machine, and durability takes up no room.
  const store = await startStore(name, { durable: false })
  try {
    const stores = await openStores(settingsOf(store, databaseFile), () => REFUSED_FOR_MS)
    try {
      const started = performance.now()
      await seed(store, databaseFile, count)
      const seeded = performance.now()
      progress(`${name}: ${whole(count)} sessions in ${seconds(seeded - started)}`)
      const before = piecesOf(store, databaseFile, count)
      for (let times = 1; times <= REFRESHES; times++) {
        for (let start = 0; start < count; start += BATCH) {
          const size = Math.min(BATCH, count - start)
          const rotations = Array.from({ length: size }, (_, index) => rotationOf(start + index, times))
          const moved = await stores.sessions.rotateMany(rotations)
          if (!moved.every(Boolean)) throw new Error('a session was not moved')
        }
      }
      progress(
        `${name}: ${whole(REFRESHES * count)} refreshes in ${seconds(performance.now() - seeded)}, straight in the store`,
      )
      return { before, after: piecesOf(store, databaseFile, count) }
    } finally {
      await stores.close()
    }
  } finally {
    await store.remove()
  }
}

function settingsOf({ env }: Store, databaseFile: string) {
  return resolveOptions(
    {
      url: 'http://localhost',
      secret: env.LATCHKEY_SECRET ?? Buffer.alloc(32, 'storage').toString('base64url'),
      database: env.LATCHKEY_DATABASE_URL ?? `sqlite:${databaseFile}`,
      ...(env.LATCHKEY_REDIS_URL === undefined ? {} : { redis: env.LATCHKEY_REDIS_URL }),
    },
    false,
  )
}

function rowsOf({ before, after }: Measured): Rows {
  return [
    ['bytes per session', 'as it was opened', `refreshed ${REFRESHES} times more`],
    ...before.map(({ name, bytes }, index) => [name, bytesText(bytes), bytesText(after[index]!.bytes)]),
    ['together', bytesText(totalOf(before)), bytesText(totalOf(after))],
  ]
}

function seconds(milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(0)} s`
}
