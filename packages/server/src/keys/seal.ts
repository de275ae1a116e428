import {
  createCipheriv,
  createDecipheriv,
  createSecretKey,
  hkdfSync,
  type KeyObject,
  randomBytes,
} from 'node:crypto'

/** What the service's secret is used for; each use has a key of its own. RFC 5869 §3.2 */
export type SecretPurpose = 'seal' | 'refresh-token' | 'limits'

/** The key that a secret yields for one purpose: 32 bytes, HKDF-SHA-256. */
export function deriveKey(secret: KeyObject, purpose: SecretPurpose): KeyObject {
  return createSecretKey(Buffer.from(hkdfSync('sha256', secret, '', `latchkey/v1/${purpose}`, 32)))
}

export interface Sealer {
  /** Seals under the first secret. `context` is authenticated, not hidden: it ties the box to its row. */
  seal(plain: Uint8Array, context: string): Uint8Array
  /** Opens with any of the secrets; null when none of them fits or the box was changed. */
  open(box: Uint8Array, context: string): { plain: Buffer; byFirstSecret: boolean } | null
}

const VERSION = 1
const NONCE_BYTES = 12
const TAG_BYTES = 16

/** @param keys the sealing keys derived from the service's secrets, newest first. */
export function createSealer(keys: readonly KeyObject[]): Sealer {
  const [sealing] = keys
  if (sealing === undefined) throw new TypeError('keys: at least one sealing key is needed')
  return {
    seal(plain, context) {
      const nonce = randomBytes(NONCE_BYTES)
      const cipher = createCipheriv('aes-256-gcm', sealing, nonce).setAAD(Buffer.from(context))
      const body = Buffer.concat([cipher.update(plain), cipher.final()])
      return Buffer.concat([Buffer.of(VERSION), nonce, cipher.getAuthTag(), body])
    },
    open(box, context) {
      if (box[0] !== VERSION || box.length < 1 + NONCE_BYTES + TAG_BYTES) return null
      for (const [i, key] of keys.entries()) {
        const plain = tryOpen(box, context, key)
        if (plain !== null) return { plain, byFirstSecret: i === 0 }
      }
      return null
    },
  }
}

function tryOpen(box: Uint8Array, context: string, key: KeyObject): Buffer | null {
  const nonce = box.subarray(1, 1 + NONCE_BYTES)
  const tag = box.subarray(1 + NONCE_BYTES, 1 + NONCE_BYTES + TAG_BYTES)
  const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: TAG_BYTES })
  decipher.setAAD(Buffer.from(context)).setAuthTag(tag)
  try {
    return Buffer.concat([decipher.update(box.subarray(1 + NONCE_BYTES + TAG_BYTES)), decipher.final()])
  } catch {
    return null
  }
}
