// node bench/verify/contest.ts FEED_URL ROUNDS, on one core: who takes how much CPU time for the same tokens, in turns. Its
// answer, one line of JSON, is what the scenario beside this folder reads.
import { fastJwt, jose, latchkey, type Verify } from './contenders.ts'
import { mintTokens } from './tokens.ts'

/** Microseconds of CPU time per verification: one figure for each round, the same rounds for both. */
export interface Duel {
  ours: number[]
  theirs: number[]
}

export interface Contest {
  cached: Duel
  uncached: Duel
}

const DISTINCT_TOKENS = 1000
/** Each token comes so often in a turn. */
const REPEATS = 20
const UNCACHED_PER_TURN = 1000
/** Requests that are answered at the same time. */
const AT_ONCE = 16
const WARM_UP_ROUNDS = 3

const [feedUrl = '', rounds = ''] = process.argv.slice(2)
const mint = mintTokens(DISTINCT_TOKENS)
const wire = mint.tokens.map((token) => Buffer.from(`Bearer ${token}`))

const contest: Contest = {
  cached: await duel(await latchkey(mint, feedUrl, undefined), fastJwt(mint), cachedTurn),
  uncached: await duel(await latchkey(mint, feedUrl, false), await jose(mint), uncachedTurn),
}
process.stdout.write(`${JSON.stringify(contest)}\n`, () => process.exit())

async function duel(ours: Verify, theirs: Verify, turn: (verify: Verify) => Promise<number>): Promise<Duel> {
  const result: Duel = { ours: [], theirs: [] }
  for (let round = -WARM_UP_ROUNDS; round < Number(rounds); round++) {
    // Who goes first changes, so that neither always inherits the other's garbage.
    const first = round % 2 === 0 ? ours : theirs
    const one = await turn(first)
    const other = await turn(first === ours ? theirs : ours)
    if (round < 0) continue
    result.ours.push(first === ours ? one : other)
    result.theirs.push(first === ours ? other : one)
  }
  return result
}

async function cachedTurn(verify: Verify): Promise<number> {
  let micros = 0
  for (let repeat = 0; repeat < REPEATS; repeat++) {
    const tokens = wire.map(received)
    const before = process.cpuUsage()
    for (const token of tokens) await verify(token)
    micros += sum(process.cpuUsage(before))
  }
  return micros / (REPEATS * DISTINCT_TOKENS)
}

async function uncachedTurn(verify: Verify): Promise<number> {
  const tokens = wire.slice(0, UNCACHED_PER_TURN).map(received)
  const before = process.cpuUsage()
  for (let start = 0; start < tokens.length; start += AT_ONCE) {
    await Promise.all(tokens.slice(start, start + AT_ONCE).map(verify))
  }
  return sum(process.cpuUsage(before)) / tokens.length
}

/** As it is cut out of a header that was just read: a new string each time, whose hash nobody has computed yet. */
function received(header: Buffer): string {
  return header.toString('latin1').slice('Bearer '.length)
}

function sum({ user, system }: NodeJS.CpuUsage): number {
  return user + system
}
