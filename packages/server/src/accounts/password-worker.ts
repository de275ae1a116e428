import { pbkdf2Sync, scryptSync, timingSafeEqual } from 'node:crypto'
import { setPriority } from 'node:os'
import { parentPort } from 'node:worker_threads'
import { hashSync as argon2Hash, verifySync as argon2Verify } from '@node-rs/argon2'
import { verifySync as bcryptVerify } from '@node-rs/bcrypt'
import { type ImportedHash, readImportedHash } from './imported-hash.ts'
import type { HashParameters } from './password-hasher.ts'

export type PasswordJob =
  | { kind: 'hash'; input: string; commonForm: string | null; parameters: HashParameters }
  | { kind: 'verify'; inputs: readonly string[]; phc: string }

export interface PasswordJobResult {
  /** The hash that was made; null for a common password. */
  phc: string | null
  matched: boolean
  /** What the work took, without the wait for a thread. */
  milliseconds: number
}

const BELOW_NORMAL = 10

let common: Set<string> | undefined

yieldToRefreshes()
parentPort?.on('message', async (job: PasswordJob) => {
  const start = performance.now()
  const outcome = job.kind === 'hash' ? await hash(job) : { phc: null, matched: verify(job) }
  parentPort?.postMessage({ ...outcome, milliseconds: performance.now() - start } satisfies PasswordJobResult)
})

async function hash({ input, commonForm, parameters }: PasswordJob & { kind: 'hash' }) {
  if (commonForm !== null && (await commonPasswords()).has(commonForm)) return { phc: null, matched: false }
  // The library's default algorithm is argon2id, version 0x13.
  const phc = argon2Hash(input, {
    memoryCost: parameters.memoryKiB,
    timeCost: parameters.iterations,
    parallelism: parameters.parallelism,
  })
  return { phc, matched: false }
}

function verify({ inputs, phc }: PasswordJob & { kind: 'verify' }): boolean {
  const stored = readImportedHash(phc)
  // Our own may be dearer than what an import may bring.
  const matches =
    stored === null ? (input: string) => argon2Verify(phc, input) : (input: string) => isHashOf(input, stored)
  try {
    return inputs.some(matches)
  } catch {
    // A hash that no library can read matches nothing.
    return false
  }
}

function isHashOf(input: string, stored: ImportedHash): boolean {
  switch (stored.algorithm) {
    case 'argon2':
      return argon2Verify(stored.phc, input)
    case 'bcrypt':
      return bcryptVerify(input, stored.phc)
    case 'scrypt': {
      const { N, r, p, salt, digest } = stored
      // What OpenSSL counts is a little more than the table itself.
      const maxmem = 128 * r * (N + p + 2) + 1_048_576
      return timingSafeEqual(scryptSync(input, salt, digest.length, { N, r, p, maxmem }), digest)
    }
    case 'pbkdf2': {
      const { prf, iterations, salt, digest } = stored
      return timingSafeEqual(pbkdf2Sync(input, salt, iterations, digest.length, prf), digest)
    }
  }
}

/** Loaded with the first password that somebody chooses, here, where it costs no request its time. */
async function commonPasswords(): Promise<Set<string>> {
  if (common === undefined) {
    const { dictionary } = await import('@zxcvbn-ts/language-common')
    common = new Set(dictionary['passwords-common'])
  }
  return common
}

/** On Linux a priority belongs to a thread: where cores are scarce, refreshes come before hashing. */
function yieldToRefreshes(): void {
  if (process.platform !== 'linux') return
  try {
    setPriority(0, BELOW_NORMAL)
  } catch {
    // Not allowed here; the queue's bound still holds.
  }
}
