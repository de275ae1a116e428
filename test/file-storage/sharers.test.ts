import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileStorage } from '@latchkey/client/file'
import { createAuthClient } from '@latchkey/client/native'
import { expect, test } from 'vitest'
import { PASSWORD, temporaryFolder } from '../support/auth.ts'
import { startService } from '../support/service.ts'
import { startSharer, type Worker } from './processes.ts'

/** More, and for longer: LATCHKEY_SHARERS=40 LATCHKEY_SHARERS_SECONDS=600 npm test -- test/file-storage/sharers.test.ts */
const SHARERS = Number(process.env.LATCHKEY_SHARERS ?? 20)
const SECONDS = Number(process.env.LATCHKEY_SHARERS_SECONDS ?? 15)
const TOKEN_SECONDS = 2
/** A token as short as that is renewed when two thirds of it are over. */
const RENEWED_AFTER_SECONDS = (TOKEN_SECONDS * 2) / 3
const KILLS = 2

test(`${SHARERS} processes that share one file renew as often as one alone, and none is ever signed out, ${KILLS} of them killed and replaced meanwhile`, {
  timeout: 60_000 + SECONDS * 1000,
}, async () => {
  const { url } = await startService({ LATCHKEY_ACCESS_TTL: String(TOKEN_SECONDS) })
  const path = join(temporaryFolder(), 'session.json')
  const user = createAuthClient({ baseUrl: url, storage: fileStorage({ path }) })
  await user.register({ email: 'ada@example.com', password: PASSWORD })

  const sharers = Array.from({ length: SHARERS }, () => startSharer(url, path))
  const seen = [...sharers]
  for (const sharer of sharers) await sharer.says('accepted')
  const before = await refreshesOf(url)
  const used = usesOf(seen)
  const startedAt = performance.now()
  for (let kills = 0; kills < KILLS; kills++) {
    await delay((Math.random() * SECONDS * 1000) / KILLS)
    const [victim] = sharers.splice(Math.floor(Math.random() * sharers.length), 1) as [Worker]
    await victim.kill()
    const next = startSharer(url, path)
    sharers.push(next)
    seen.push(next)
  }
  await delay(startedAt + SECONDS * 1000 - performance.now())
  const after = await refreshesOf(url)
  const seconds = (performance.now() - startedAt) / 1000
  for (const sharer of sharers) await sharer.says('accepted')

  expect(seen.flatMap(({ lines }) => lines).filter((line) => line !== 'accepted')).toEqual([])
  expect(usesOf(seen) - used).toBeGreaterThan(SHARERS * seconds * 0.3)
  expect(Object.keys(after)).toEqual(['ok'])
  const refreshes = after.ok! - before.ok!
  process.stdout.write(`${refreshes} refreshes in ${seconds.toFixed(1)} s\n`)
  expect(refreshes).toBeGreaterThan(seconds / (TOKEN_SECONDS + 1) - 1)
  // Who is killed after the service has answered, and before that is stored, leaves the refresh to be asked for again.
  expect(refreshes).toBeLessThanOrEqual(seconds / RENEWED_AFTER_SECONDS + KILLS + 1)
})

function usesOf(sharers: readonly Worker[]): number {
  return sharers.reduce((sum, { lines }) => sum + lines.length, 0)
}

/** How many refreshes the service has answered, by how they ended. */
async function refreshesOf(url: string): Promise<{ [outcome: string]: number }> {
  const metrics = await (await fetch(`${url}/metrics`)).text()
  const counts = metrics.matchAll(/^latchkey_refreshes_total\{outcome="(?<outcome>\w+)"\} (?<count>\d+)$/gm)
  return Object.fromEntries([...counts].map(({ groups }) => [groups!.outcome!, Number(groups!.count)]))
}
