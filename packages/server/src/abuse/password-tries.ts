import { type Limit, RateLimitedError } from '../errors.ts'
import { GrowingDelay, MEMORY_SECONDS } from './growing-delay.ts'
import { Lines } from './lines.ts'
import { addressRange } from './rules.ts'
import type { CounterStore } from './store.ts'

/** Who tries a password, and at which account. */
export interface PasswordTry {
  /** In its canonical form, whether anybody has it or not. */
  email: string
  ip: string | null
  /** What proves that the account was signed in to from here; null for everybody else. */
  knownDevice: KnownDevice | null
}

/** By a session's token, or by an address from which a live session was last used. */
export type KnownDevice = { by: 'session'; id: string } | { by: 'address' }

/** Checks a password, unless it is not its turn. */
export interface PasswordTries {
  /**
   * Resolves to what `matches` does. Rejects with `RateLimitedError` without having called it, and with what it rejects
   * with: such a try is not counted.
   */
  check(attempt: PasswordTry, matches: () => Promise<boolean>): Promise<boolean>
}

interface PasswordTriesOptions {
  /** Tries at one account. */
  perAccount: number
  /** Wrong tries from one address range, at whatever accounts. */
  perAddress: number
  counters: CounterStore
  /** A name for a text that does not tell the text. */
  disguise: (text: string) => string
  onLimited: (limit: Limit, ip: string | null) => void
}

/** What an admitted try does when it is over. */
interface Counted {
  takeBack(): Promise<unknown>
  forgive(): Promise<unknown>
}

const ADDRESS_WINDOW_SECONDS = 900

/**
 * The one place where tries at passwords are counted. A known device has a count of its own, so that nobody else can use it up.
 * All others share the account's. Beside it counts the address; what it got wrong at an account is forgiven when it gets it
 * right there. NIST SP 800-63B-4 §3.2.2
 */
export function createPasswordTries(options: PasswordTriesOptions): PasswordTries {
  const { perAccount, perAddress, counters, disguise, onLimited } = options
  const accountLimit: Limit = { name: 'sign-in', quota: perAccount, seconds: MEMORY_SECONDS }
  const addressLimit: Limit = { name: 'sign-in-address', quota: perAddress, seconds: ADDRESS_WINDOW_SECONDS }
  const delay = new GrowingDelay(counters, perAccount)
  const lines = new Lines()

  function keyOf({ email, ip, knownDevice }: PasswordTry): string {
    if (knownDevice === null) return `account:${disguise(email)}`
    const device = knownDevice.by === 'session' ? knownDevice.id : addressRange(ip)
    return `device:${disguise(`${email} ${device}`)}`
  }

  async function admit(key: string, attempt: PasswordTry): Promise<Counted> {
    const { ip, knownDevice } = attempt
    const count = () => (knownDevice === null ? ofStranger(key, attempt) : ofKnownDevice(key, ip))
    // Many share an address, and its count. Nobody shares a token: who shows one is let off the address's.
    return knownDevice?.by === 'session' ? await count() : await withAddress(ip, count)
  }

  async function takeTurn(key: string, ip: string | null) {
    const answer = await delay.take(key)
    if (answer.admitted) return answer
    return refuse(accountLimit, answer.retryAfterMs, ip)
  }

  async function ofKnownDevice(key: string, ip: string | null): Promise<Counted> {
    const { takeBack } = await takeTurn(key, ip)
    return { takeBack, forgive: () => delay.forget(key) }
  }

  async function ofStranger(account: string, { email, ip }: PasswordTry): Promise<Counted> {
    const { takeBack } = await takeTurn(account, ip)
    const pair = `pair:${disguise(`${email} ${addressRange(ip)}`)}`
    await counters.add(pair, 1, MEMORY_SECONDS)
    return {
      takeBack: () => Promise.all([takeBack(), counters.add(pair, -1, MEMORY_SECONDS)]),
      async forgive() {
        const tries = (await counters.read(pair))?.total ?? 1
        await Promise.all([delay.forgive(account, tries), counters.forget(pair)])
      },
    }
  }

  async function withAddress(ip: string | null, count: () => Promise<Counted>): Promise<Counted> {
    const range = addressRange(ip)
    if (range === null) return await count()
    const giveBack = await countAddress(range, ip)
    try {
      const { takeBack, forgive } = await count()
      return {
        takeBack: () => Promise.all([takeBack(), giveBack()]),
        forgive: () => Promise.all([forgive(), giveBack()]),
      }
    } catch (error) {
      await giveBack()
      throw error
    }
  }

  async function countAddress(range: string, ip: string | null): Promise<() => Promise<unknown>> {
    const key = `address:${disguise(range)}`
    const add = (points: number) => counters.add(key, points, ADDRESS_WINDOW_SECONDS)
    const { total, endsInMs } = await add(1)
    if (total <= perAddress) return () => add(-1)
    await add(-1)
    return refuse(addressLimit, endsInMs, ip)
  }

  function refuse(limit: Limit, retryAfterMs: number, ip: string | null): never {
    onLimited(limit, ip)
    throw new RateLimitedError(limit, retryAfterMs)
  }

  return {
    async check(attempt, matches) {
      const key = keyOf(attempt)
      return await lines.inTurn(key, async () => {
        const counted = await admit(key, attempt)
        const matched = await matches().catch(async (error: unknown) => {
          await counted.takeBack()
          throw error
        })
        if (matched) await counted.forgive()
        return matched
      })
    },
  }
}
