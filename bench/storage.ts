import { join } from 'node:path'
import { resolveOptions } from '../packages/server/src/config.ts'
import { openStores, type Stores } from '../packages/server/src/stores/open.ts'
import { rotationOf } from './lab/population.ts'
import { seed } from './lab/seed.ts'
import { databaseIn } from './lab/service.ts'
import { STORE_NAMES, type Store, type StoreName, startStore } from './lab/stores.ts'
import { bytesText, whole } from './report.ts'
import type { Finding, Rows, Scenario, Settings } from './scenario.ts'
import { type Piece, piecesOf, totalOf } from './storage/pieces.ts'

const REFRESHES = 5
/** Sessions that are refreshed so often: enough for a figure, and few enough for a minute. */
const REFRESHED = 100_000
/** Sessions that are rotated in one step. */
const BATCH = 250
/** So far apart are two sessions that are refreshed one after the other, in the order in which they were opened. A prime number. */
const STRIDE = 7_919
const REFUSED_FOR_MS = 900_000
const PROMISED_BYTES: Readonly<Record<StoreName, number>> = { sqlite: 400, postgres: 400, redis: 600 }

/** What a session takes up on each store, and what for; and again when each of them was refreshed some times. */
export const storage: Scenario = {
  summary:
    'bytes per session on each store, what each is for, and after every session was refreshed five times',
  async run(settings) {
    const count = settings.quick ? REFRESHED : 1_000_000
    const findings: Finding[] = []
    const series: { name: StoreName; bytes: number }[] = []
    for (const name of settings.stores) {
      const opened = await measure(name, count, 0, settings)
      const refreshed = await measure(name, REFRESHED, REFRESHES, settings)
      settings.keepTable(name, rowsOf(count, opened, refreshed))
      const bytes = totalOf(opened)
      series.push({ name, bytes })
      findings.push(
        {
          what: `bytes per session on ${STORE_NAMES[name]}, of ${whole(count)}, indexes included`,
          measured: bytesText(bytes),
          promised: `at most ${PROMISED_BYTES[name]}`,
          holds: bytes <= PROMISED_BYTES[name],
        },
        {
          what: `the same when each of ${whole(REFRESHED)} was refreshed ${REFRESHES} times`,
          measured: bytesText(totalOf(refreshed)),
        },
      )
    }
    settings.keepPlot('bytes', {
      kind: 'bars',
      title: 'Bytes per session',
      yLabel: `${whole(count)} live sessions, indexes included`,
      bars: series.map(({ name, bytes }) => ({ name: STORE_NAMES[name], value: Math.round(bytes) })),
    })
    return findings
  },
}

async function measure(
  name: StoreName,
  count: number,
  refreshes: number,
  { workplace, progress }: Settings,
): Promise<Piece[]> {
  const databaseFile = databaseIn(join(workplace.directory, `storage-${name}-${count}-${refreshes}`))
  // Nothing here has to survive the machine, and durability takes up no room.
  const store = await startStore(name, { durable: false })
  try {
    const stores = await openStores(settingsOf(store, databaseFile), () => REFUSED_FOR_MS)
    try {
      const started = performance.now()
      await seed(store, databaseFile, count)
      for (let times = 1; times <= refreshes; times++) await refreshAll(stores, count, times)
      const what = refreshes > 0 ? `, each refreshed ${refreshes} times` : ''
      progress(`${name}: ${whole(count)} sessions${what}, in ${seconds(performance.now() - started)}`)
      return piecesOf(store, databaseFile, count)
    } finally {
      await stores.close()
    }
  } finally {
    await store.remove()
  }
}

/** Straight in the store. */
async function refreshAll({ sessions }: Stores, count: number, times: number): Promise<void> {
  for (let start = 0; start < count; start += BATCH) {
    const places = Array.from({ length: Math.min(BATCH, count - start) }, (_, index) => start + index)
    const moved = await sessions.rotateMany(
      places.map((place) => rotationOf((place * STRIDE) % count, times)),
    )
    if (!moved.every(Boolean)) throw new Error('a session was not moved')
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

function rowsOf(count: number, opened: readonly Piece[], refreshed: readonly Piece[]): Rows {
  return [
    [
      'bytes per session',
      `${whole(count)} sessions`,
      `${whole(REFRESHED)}, each refreshed ${REFRESHES} times`,
    ],
    ...opened.map(({ name, bytes }, index) => [name, bytesText(bytes), bytesText(refreshed[index]!.bytes)]),
    ['together', bytesText(totalOf(opened)), bytesText(totalOf(refreshed))],
  ]
}

function seconds(milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(0)} s`
}
