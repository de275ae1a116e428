// Simulated use of an app on a bad day. `LATCHKEY_SOAK_MINUTES=30 npm test -- test/client/soak.test.ts` makes the day long,
// and `LATCHKEY_SOAK_SEED=7` the same again as far as chance goes.

import { expect, test } from 'vitest'
import { randomFrom } from '../support/random.ts'
import type { Fate } from '../support/wire.ts'
import { ADA, startWorld, type Tab, useChromium, type World } from './pages.ts'

const { LATCHKEY_SOAK_MINUTES = '0.4', LATCHKEY_SOAK_SEED } = process.env
const MINUTES = Number(LATCHKEY_SOAK_MINUTES)
const SEED = Number(LATCHKEY_SOAK_SEED ?? Math.floor(Math.random() * 1e6))
const TABS = 3

useChromium()

test(`${MINUTES} minutes of use with lost answers, refusals, kills, reloads and jumping clocks sign nobody out (seed ${SEED})`, {
  timeout: MINUTES * 60_000 + 60_000,
}, async (context) => {
  const world = await startWorld(context, { accessTtl: 2 })
  const random = randomFrom(SEED)
  const signOuts: string[] = []
  world.context.on('console', (message) => {
    if (message.text().startsWith('signed-out')) signOuts.push(message.text())
  })
  const day = { answersLost: 0, requestsLost: 0, refusals: 0, kills: 0, reloads: 0, closed: 0, jumps: 0 }
  const first = await world.open()
  await first.run((auth, ada) => auth.register(ada).then(() => undefined), ADA)
  const tabs = [first]
  while (tabs.length < TABS) tabs.push(await world.open())
  await Promise.all(tabs.map(use))
  let burst: { until: number; status: 503 | 429 } | null = null

  world.wire.fate = ({ path }): Fate => {
    if (!path.startsWith('/auth/')) return undefined
    if (burst !== null && performance.now() < burst.until) {
      day.refusals++
      return refusal(burst.status)
    }
    const chance = random()
    if (path !== '/auth/refresh' || chance > 0.5) return undefined
    if (chance < 0.1) {
      day.answersLost++
      return 'answer lost'
    }
    if (chance < 0.13) {
      day.requestsLost++
      return 'request lost'
    }
    return { answerHeldBy: wait(chance * 3000) }
  }

  const end = performance.now() + MINUTES * 60_000
  let nextKill = performance.now() + 8000
  while (performance.now() < end) {
    await wait(300 + random() * 1200)
    const index = Math.floor(random() * TABS)
    const what = random()
    if (performance.now() > nextKill) {
      nextKill = performance.now() + 10_000 + random() * 20_000
      day.kills++
      await world.restart()
    } else if (what < 0.25) {
      day.reloads++
      await tabs[index]!.page.reload()
      await use(tabs[index]!)
    } else if (what < 0.45) {
      day.closed++
      await tabs[index]!.page.close()
      tabs[index] = await world.open()
      await use(tabs[index]!)
    } else if (what < 0.65) {
      day.jumps++
      await setDeviceClock(world, tabs, Math.round((random() - 0.5) * 10 * 3_600_000))
    } else if (what < 0.8) {
      burst = { until: performance.now() + 500 + random() * 2500, status: random() < 0.5 ? 503 : 429 }
    }
  }

  world.wire.fate = () => undefined
  await wait(5000)
  for (const tab of tabs) {
    const answer = await tab.run(async (auth) => [auth.status, (await auth.fetch('/dev/api/time')).status])
    expect(answer).toEqual(['signed-in', 200])
  }
  const refreshes = world.wire.refreshes()
  const calls = world.wire.passed.filter(({ path }) => path === '/dev/api/time')
  console.info(
    `seed ${SEED}: ${JSON.stringify({ ...day, refreshes: refreshes.length, calls: calls.length })}`,
  )
  expect(signOuts).toEqual([])
  expect(world.output()).not.toMatch(/refresh\.reused|session\.ended/)
  expect(refreshes.filter(({ status }) => status === 401 || status === 400)).toEqual([])
  expect(calls.filter(({ status }) => status === 200).length).toBeGreaterThan(MINUTES * 60)
})

/** Makes the tab call the API all the time, as users do, whatever comes back. */
function use(tab: Tab): Promise<void> {
  return tab.run((auth) => {
    auth.subscribe((state) => {
      if (state.status === 'signed-out') console.warn(`signed-out ${JSON.stringify(state.ended)}`)
    })
    const call = async () => {
      await auth.fetch('/dev/api/time').catch(() => undefined)
      setTimeout(call, 50 + Math.random() * 400)
    }
    for (let user = 0; user < 3; user++) void call()
  })
}

async function setDeviceClock(world: World, tabs: Tab[], offset: number): Promise<void> {
  world.setDeviceClock(offset)
  await Promise.all(tabs.map((tab) => tab.page.evaluate(`globalThis.clockOffset = ${offset}`)))
}

function refusal(status: 503 | 429): Fate {
  const error = status === 503 ? 'STORE_UNAVAILABLE' : 'RATE_LIMITED'
  const headers = { 'content-type': 'application/problem+json', 'retry-after': '1' }
  return { status, headers, body: JSON.stringify({ type: 'about:blank', title: error, status, error }) }
}

function wait(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds))
}
