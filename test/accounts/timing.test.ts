import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { type Auth, createAuth } from 'latchkey'
import { expect, onTestFinished, test } from 'vitest'
import { PASSWORD, sendTo, temporaryFolder } from '../support/auth.ts'
import { startService } from '../support/service.ts'

/** A bcrypt hash that another system made, at cost 8: dearer than the service's own hashes are here. */
const IMPORTED = '$2b$08$jHaKyjCrg7qL4Rd.bSc19OH0v3HbVyJGhrpbSKmdW0nhXKv4iubxm'
/** PBKDF2 of 200,000 iterations: its check is another one's work, on the same threads. */
const IMPORTED_PBKDF2 =
  '$pbkdf2-sha256$200000$8PHy8/T19vf4.fr7/P3./w$3sbRqmB682A3X9nyzzjkHQGEqhszH01LQ.cYyQ9C2U0'
/** Twice OWASP's minimum, so that a missing hash would show. */
const HASHING = { memoryKiB: 19_456, iterations: 4, workers: 1 }
const ROUNDS = 8
const MOST_ROUNDS = 32
const TOLERANCE_MS = 5

/** What must not be told apart from an address that nobody has. */
const ADDRESSES = {
  unknown: 'nobody@example.com',
  'wrong password': 'ada@example.com',
  'disabled user': 'disabled@example.com',
  'user without a password': 'passwordless@example.com',
  'user with an imported hash': 'imported@example.com',
  'user with an imported PBKDF2 hash': 'pbkdf2@example.com',
} as const

/** With a combining accent an imported hash is tried with two spellings: as typed, and composed. */
const WRONG_PASSWORDS = ['not the password', 'not the pa\u0301ssword'] as const

/** A service in a process of its own, with one user of every kind. */
async function startWithUsers(): Promise<string> {
  const secret = randomBytes(32).toString('base64url')
  const database = `sqlite:${join(temporaryFolder(), 'latchkey.db')}`
  const auth = await createAuth({ url: 'http://localhost:3000', secret, database, passwordHashing: HASHING })
  onTestFinished(() => auth.close())
  await createUsers(auth)
  const { url } = await startService({
    LATCHKEY_SECRET: secret,
    LATCHKEY_DATABASE_URL: database,
    LATCHKEY_HASH_MEMORY: String(HASHING.memoryKiB),
    LATCHKEY_HASH_ITERATIONS: String(HASHING.iterations),
    LATCHKEY_HASH_WORKERS: String(HASHING.workers),
  })
  return url
}

async function createUsers({ users }: Auth): Promise<void> {
  await users.create({ email: 'ada@example.com', password: PASSWORD })
  await users.create({ email: 'passwordless@example.com' })
  await users.create({ email: 'imported@example.com', passwordHash: IMPORTED })
  await users.create({ email: 'pbkdf2@example.com', passwordHash: IMPORTED_PBKDF2 })
  const { id } = await users.create({ email: 'disabled@example.com', password: PASSWORD })
  await users.disable(id)
}

/** Sends each refused sign-in in turn, so that a busy moment hits all of them, and notes how long each took. */
async function measure(url: string, times: Map<string, number[]>, rounds: number): Promise<void> {
  for (let round = 0; round < rounds; round++) {
    for (const [kind, email] of Object.entries(ADDRESSES)) {
      for (const password of WRONG_PASSWORDS) {
        const start = performance.now()
        const { status } = await sendTo(fetch, url, 'POST', '/auth/login', { body: { email, password } })
        const milliseconds = performance.now() - start
        expect(status, kind).toBe(401)
        times.set(kind + password, [...(times.get(kind + password) ?? []), milliseconds])
      }
    }
  }
}

/** What is left when the noise, which only ever adds, is taken away. */
function lowerQuartile(numbers: readonly number[] = []): number {
  return numbers.toSorted((a, b) => a - b)[numbers.length >> 2] as number
}

/** The kinds whose time differs from that of an unknown address. */
function toldApart(times: ReadonlyMap<string, readonly number[]>): string[] {
  return WRONG_PASSWORDS.flatMap((password) => {
    const unknown = lowerQuartile(times.get(`unknown${password}`))
    return Object.keys(ADDRESSES)
      .map((kind) => ({ kind, time: lowerQuartile(times.get(kind + password)) }))
      .filter(({ time }) => Math.abs(time - unknown) >= TOLERANCE_MS)
      .map(
        ({ kind, time }) => `${kind} (${password}): ${time.toFixed(1)} ms, unknown: ${unknown.toFixed(1)} ms`,
      )
  })
}

test('LR-02 LR-03: how long a refused sign-in takes does not tell whether there is an account, and of what kind', async () => {
  const url = await startWithUsers()
  await measure(url, new Map(), 1)
  const times = new Map<string, number[]>()
  // On a busy machine it takes more of them to see through the noise.
  for (let measured = 0; measured < MOST_ROUNDS; measured += ROUNDS) {
    await measure(url, times, ROUNDS)
    if (toldApart(times).length === 0) break
  }
  expect(toldApart(times)).toEqual([])
}, 60_000)
