import type { Attempt } from '../sessions/session.ts'
import { REMEMBERED_ATTEMPTS } from '../sessions/store.ts'

const GENERATION_BYTES = 6
const DIGEST_BYTES = 16
const ATTEMPT_BYTES = GENERATION_BYTES + DIGEST_BYTES
const NO_ATTEMPT = 'A'.repeat(22)

/** Always so long: what keeps its size is overwritten where it stands. */
export const ATTEMPTS_BYTES = REMEMBERED_ATTEMPTS * ATTEMPT_BYTES

export function toAttempts(bytes: Uint8Array): Attempt[] {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const attempts: Attempt[] = []
  for (let at = 0; at + ATTEMPT_BYTES <= buffer.length; at += ATTEMPT_BYTES) {
    const keyDigest = buffer.toString('base64url', at + GENERATION_BYTES, at + ATTEMPT_BYTES)
    if (keyDigest === NO_ATTEMPT) break
    attempts.push({ generation: buffer.readUIntBE(at, GENERATION_BYTES), keyDigest })
  }
  return attempts
}

export function toAttemptBytes(attempts: readonly Attempt[]): Buffer {
  // From Node's pool: `Buffer.alloc` would give each refresh memory of its own, which the garbage collector pays for.
  const bytes = Buffer.allocUnsafe(ATTEMPTS_BYTES).fill(0)
  writeAttempts(bytes, 0, attempts)
  return bytes
}

/** Into bytes that are zero, from a place on. */
export function writeAttempts(bytes: Buffer, place: number, attempts: readonly Attempt[]): void {
  attempts.forEach(({ generation, keyDigest }, i) => {
    const at = place + i * ATTEMPT_BYTES
    bytes.writeUIntBE(generation, at, GENERATION_BYTES)
    bytes.write(keyDigest, at + GENERATION_BYTES, DIGEST_BYTES, 'base64url')
  })
}
