import type { Behaviour, Demand, Lifetimes } from './behaviour.ts'

const DAY = 86_400

/** What one piece of work costs, as the other benchmarks measured it on two cores that they shared with their load. */
export interface Costs {
  /** CPU seconds of the service for a refresh, and of PostgreSQL. */
  refreshCpu: number
  databaseCpu: number
  /** CPU seconds of a hash with the default parameters. */
  hashCpu: number
  /** Bytes that a session takes in PostgreSQL with its indexes, and an account beside it. */
  sessionBytes: number
  accountBytes: number
  /** Bytes of the write-ahead log of a refresh: alone, and with the image of its page, once per page and checkpoint. */
  logBytes: number
  logBytesWithPage: number
  /** Bytes of an entry of the feed: as news, and in a snapshot. */
  newsBytes: number
  snapshotEntryBytes: number
}

/** How the machines are used. */
export interface Plan {
  /** The share of a core that is planned for at the busiest minute. */
  busy: number
  checkpointSeconds: number
  /** Calls a second of somebody who is there, and calls that one process of an API answers. */
  callsPerPerson: number
  callsPerProcess: number
}

export const PLAN: Plan = { busy: 0.5, checkpointSeconds: 900, callsPerPerson: 0.1, callsPerProcess: 500 }

/** What a number of people asks of the machines at their busiest minute. */
export interface Load {
  people: number
  refreshesPerSecond: number
  signInsPerSecond: number
  serviceCores: number
  hashingCores: number
  databaseCores: number
  sessions: number
  databaseBytes: number
  logBytesPerSecond: number
  present: number
  verifiers: number
  endedPerSecond: number
  /** Entries that are told at any time, and the bytes of a snapshot for a reader that starts. */
  told: number
  snapshotBytes: number
  feedBytesPerSecond: number
}

export function loadOf(people: number, demand: Demand, lifetimes: Lifetimes, costs: Costs, plan: Plan): Load {
  const atPeak = (perDay: number) => (people * perDay * demand.peakOverMean) / DAY
  const refreshesPerSecond = atPeak(demand.refreshesPerDay)
  const signInsPerSecond = atPeak(demand.signInsPerDay)
  const endedPerSecond = atPeak(demand.endedPerDay)
  const sessions = people * demand.rows
  const present = people * demand.presentAtPeak
  const verifiers = Math.max(1, Math.ceil((present * plan.callsPerPerson) / plan.callsPerProcess))
  const told = endedPerSecond * (lifetimes.access + lifetimes.slack)
  return {
    people,
    refreshesPerSecond,
    signInsPerSecond,
    serviceCores: (refreshesPerSecond * costs.refreshCpu) / plan.busy,
    hashingCores: (signInsPerSecond * costs.hashCpu) / plan.busy,
    databaseCores: (refreshesPerSecond * costs.databaseCpu) / plan.busy,
    sessions,
    databaseBytes: sessions * costs.sessionBytes + people * costs.accountBytes,
    logBytesPerSecond: logRate(refreshesPerSecond, sessions, costs, plan),
    present,
    verifiers,
    endedPerSecond,
    told,
    snapshotBytes: told * costs.snapshotEntryBytes,
    feedBytesPerSecond: endedPerSecond * costs.newsBytes * verifiers,
  }
}

/**
 * The first write to a page after a checkpoint logs the whole page. With n refreshes that fall on m pages at random between two
 * checkpoints, m(1 - (1 - 1/m)^n) of them are the first.
 */
function logRate(perSecond: number, sessions: number, costs: Costs, plan: Plan): number {
  const pages = Math.max(1, (sessions * costs.sessionBytes) / 8_192)
  const refreshes = perSecond * plan.checkpointSeconds
  const firsts = pages * (1 - Math.exp(refreshes * Math.log1p(-1 / Math.max(2, pages))))
  return (firsts * costs.logBytesWithPage + (refreshes - firsts) * costs.logBytes) / plan.checkpointSeconds
}

/** Refreshes a day of one person, without playing the days: what the simulation has to come close to. */
export function expectedRefreshes(
  behaviour: Behaviour,
  { access, margin }: Lifetimes,
  signInsPerDay: number,
): number {
  const daysHere = behaviour.people.reduce((sum, { share, dailyChance }) => sum + share * dailyChance, 0)
  const renewEvery = access - margin
  // A visit's length is exponential: it lasts over one more renewal with the same chance each time.
  const oneMore = Math.exp(-renewEvery / (behaviour.visitMinutes * 60))
  const perVisit = 1 + oneMore / (1 - oneMore)
  return daysHere * behaviour.visitsPerActiveDay * perVisit - signInsPerDay
}

/** Seconds until everybody who is there has a token again, when all are refused at once and this many refreshes a second can be made. */
export function secondsToServeAll({ present, refreshesPerSecond }: Load, capacityPerSecond: number): number {
  return present / (capacityPerSecond - refreshesPerSecond)
}
