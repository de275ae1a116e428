/** What a population of people does: everything here is an assumption, and `docs/scaling.md` lists them for the reader to change. */
export interface Behaviour {
  /** Kinds of people: their share, and how likely each is to come on a given day. */
  people: readonly { share: number; dailyChance: number }[]
  /** How many of them use a second device. */
  secondDevice: number
  /** The share of devices whose client keeps its access token when it is closed: an app, rather than a page. */
  apps: number
  visitsPerActiveDay: number
  visitMinutes: number
  /** How likely a visit is to end with signing out. */
  signOut: number
  /** How much of the day's use moves with the hour: 0 for none, 1 for a night without anybody. */
  dayAndNight: number
}

/** Durations of the service, in seconds: its defaults. */
export interface Lifetimes {
  access: number
  idle: number
  absolute: number
  /** How long an ended session's row is kept. */
  retention: number
  /** How long before the end of an access token the client gets a new one. */
  margin: number
  /** How long the end of a session is told beyond the lifetime of its access tokens. */
  slack: number
}

export const BEHAVIOURS = {
  /** A few looks a day, from a telephone or a browser. */
  'an app for everybody': {
    people: [
      { share: 0.2, dailyChance: 0.9 },
      { share: 0.3, dailyChance: 0.4 },
      { share: 0.5, dailyChance: 0.07 },
    ],
    secondDevice: 0.6,
    apps: 0.5,
    visitsPerActiveDay: 5,
    visitMinutes: 8,
    signOut: 0.005,
    dayAndNight: 0.8,
  },
  /** Open all day, and nearly everybody in one time zone. */
  'an app for work': {
    people: [{ share: 1, dailyChance: 0.7 }],
    secondDevice: 0.3,
    apps: 0,
    visitsPerActiveDay: 4,
    visitMinutes: 110,
    signOut: 0.02,
    dayAndNight: 1,
  },
} satisfies Record<string, Behaviour>

export const LIFETIMES: Lifetimes = {
  access: 900,
  idle: 604_800,
  absolute: 2_592_000,
  retention: 604_800,
  margin: 30,
  slack: 360,
}

/** What one person asks of the service, on average, and how the busiest minute compares with the average one. */
export interface Demand {
  refreshesPerDay: number
  signInsPerDay: number
  /** Sessions that are ended before they run out, which is what the feed tells. */
  endedPerDay: number
  liveSessions: number
  /** Rows of the table: live ones, and those that are kept for a while after they ended. */
  rows: number
  /** The share of people in a visit at the busiest minute. */
  presentAtPeak: number
  peakOverMean: number
}
