import type { Behaviour, Demand, Lifetimes } from './behaviour.ts'

const MINUTE = 60
const DAY = 86_400
const MINUTES_A_DAY = DAY / MINUTE
/** The hour at which most people are there. */
const BUSIEST_HOUR = 20

interface Device {
  isApp: boolean
  /** Undefined while nobody is signed in there. */
  session: { openedAt: number; lastUsedAt: number; tokenFrom: number } | undefined
}

interface Options {
  behaviour: Behaviour
  lifetimes: Lifetimes
  /** People whose days are played; the result is an average of one. */
  population: number
  /** Days that are counted, after enough of them for the oldest session to end. */
  days: number
  /** A number from 0 up to 1, every time another one. */
  random: () => number
}

/**
 * Plays the days of a population, visit by visit, against sessions that idle out, reach their absolute end and are signed out of, as the service
 * and `@latchkey/client` have it. Times are seconds.
 */
export function simulate({ behaviour, lifetimes, population, days, random }: Options): Demand {
  const warmUp = Math.ceil((lifetimes.absolute + lifetimes.retention) / DAY)
  const end = (warmUp + days) * DAY
  const total = { refreshes: 0, signIns: 0, ended: 0, live: 0, rows: 0 }
  const refreshesInMinute = new Float64Array(MINUTES_A_DAY)
  const presentInMinute = new Float64Array(MINUTES_A_DAY)

  for (let person = 0; person < population; person++) {
    const dailyChance = kindOf(behaviour, random())
    const devices: Device[] = [aDevice(), ...(random() < behaviour.secondDevice ? [aDevice()] : [])]
    for (let day = 0; day < warmUp + days; day++) {
      if (random() >= dailyChance) continue
      for (const at of visitsOf(day)) visit(pick(devices), at, day >= warmUp)
    }
    for (const { session } of devices) {
      if (session === undefined) continue
      const over = endOf(session)
      if (over > end) total.live++
      if (over + lifetimes.retention > end) total.rows++
    }
  }

  const perPersonDay = 1 / (population * days)
  const busiest = refreshesInMinute.reduce((most, count) => Math.max(most, count), 0)
  const present = presentInMinute.reduce((most, count) => Math.max(most, count), 0)
  return {
    refreshesPerDay: total.refreshes * perPersonDay,
    signInsPerDay: total.signIns * perPersonDay,
    endedPerDay: total.ended * perPersonDay,
    liveSessions: total.live / population,
    rows: total.rows / population,
    presentAtPeak: (present / days) * (1 / population),
    peakOverMean: (busiest * MINUTES_A_DAY) / total.refreshes,
  }

  function visit(device: Device, from: number, counts: boolean): void {
    const until = from + exponential(behaviour.visitMinutes * MINUTE)
    if (counts) markPresence(from, until)
    if (device.session !== undefined && endOf(device.session) <= from) device.session = undefined
    if (device.session === undefined) {
      device.session = { openedAt: from, lastUsedAt: from, tokenFrom: from }
      if (counts) total.signIns++
    } else if (!device.isApp || from >= renewAt(device.session)) refresh(device.session, from, counts)

    // Somebody who is there makes calls, and the first one after the margin has begun brings a new token.
    for (let next = renewAt(device.session); next < until; next = renewAt(device.session)) {
      if (endOf(device.session) <= next) break
      refresh(device.session, next, counts)
    }
    if (random() >= behaviour.signOut) return
    device.session = undefined
    if (counts) total.ended++
    if (until + lifetimes.retention > end) total.rows++
  }

  function refresh(session: NonNullable<Device['session']>, at: number, counts: boolean): void {
    session.lastUsedAt = at
    session.tokenFrom = at
    if (!counts) return
    total.refreshes++
    refreshesInMinute[minuteOf(at)]! += 1
  }

  function markPresence(from: number, until: number): void {
    for (let at = from; at < until; at += MINUTE) presentInMinute[minuteOf(at)]! += 1
  }

  function endOf({ openedAt, lastUsedAt }: NonNullable<Device['session']>): number {
    return Math.min(openedAt + lifetimes.absolute, lastUsedAt + lifetimes.idle)
  }

  function renewAt({ tokenFrom }: NonNullable<Device['session']>): number {
    return tokenFrom + lifetimes.access - lifetimes.margin
  }

  function visitsOf(day: number): number[] {
    // At least one: the day is one on which this person came.
    const count = 1 + poisson(behaviour.visitsPerActiveDay - 1)
    return Array.from({ length: count }, () => day * DAY + timeOfDay()).sort((a, b) => a - b)
  }

  /** By rejection from a curve that has its top at the busiest hour. */
  function timeOfDay(): number {
    for (;;) {
      const at = random() * DAY
      const angle = (2 * Math.PI * (at - BUSIEST_HOUR * 3600)) / DAY
      if (random() * (1 + behaviour.dayAndNight) < 1 + behaviour.dayAndNight * Math.cos(angle)) return at
    }
  }

  function aDevice(): Device {
    return { isApp: random() < behaviour.apps, session: undefined }
  }

  function pick(devices: readonly Device[]): Device {
    return devices[Math.floor(random() * devices.length)] as Device
  }

  function exponential(mean: number): number {
    return -Math.log(1 - random()) * mean
  }

  function poisson(mean: number): number {
    let count = 0
    for (let left = Math.exp(-mean), product = random(); product > left; product *= random()) count++
    return count
  }
}

function kindOf({ people }: Behaviour, dice: number): number {
  let below = 0
  for (const { share, dailyChance } of people) {
    below += share
    if (dice < below) return dailyChance
  }
  return people.at(-1)?.dailyChance ?? 0
}

function minuteOf(at: number): number {
  return Math.floor(at / MINUTE) % MINUTES_A_DAY
}
