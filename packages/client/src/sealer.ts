// Messages between two key pairs that live and die in memory: nothing opens what a disk or a backup still holds of them.

const KEY_PAIR = { name: 'ECDH', namedCurve: 'P-256' }
const SECRET = { name: 'AES-GCM', length: 256 }
const KDF = { name: 'HKDF', hash: 'SHA-256', salt: new Uint8Array(), info: encode('latchkey sealed message') }
const IV_BYTES = 12

export interface Sealer {
  /** The public half, in base64: what another sealer needs to write to this one, and to know what this one wrote. */
  publicKey: string
  /** Only for the peer, and only under the same label. Rejects when the peer's key is none. */
  seal(peer: string, label: string, text: string): Promise<string>
  /** Rejects what the peer has not sealed for this one under this label. */
  open(peer: string, label: string, sealed: string): Promise<string>
}

/** Rejects where there is no WebCrypto, which browsers keep from pages without https. */
export async function createSealer(): Promise<Sealer> {
  const { subtle } = crypto
  const own = await subtle.generateKey(KEY_PAIR, false, ['deriveBits'])

  async function secretWith(peer: string): Promise<CryptoKey> {
    const publicKey = await subtle.importKey('raw', fromBase64(peer), KEY_PAIR, false, [])
    const bits = await subtle.deriveBits({ name: 'ECDH', public: publicKey }, own.privateKey, 256)
    const shared = await subtle.importKey('raw', bits, 'HKDF', false, ['deriveKey'])
    return subtle.deriveKey(KDF, shared, SECRET, false, ['encrypt', 'decrypt'])
  }

  return {
    publicKey: toBase64(await subtle.exportKey('raw', own.publicKey)),
    async seal(peer, label, text) {
      const iv = crypto.getRandomValues(new Uint8Array(IV_BYTES))
      const algorithm = { name: 'AES-GCM', iv, additionalData: encode(label) }
      const sealed = await subtle.encrypt(algorithm, await secretWith(peer), encode(text))
      return toBase64(iv) + toBase64(sealed)
    },
    async open(peer, label, sealed) {
      const bytes = fromBase64(sealed)
      const iv = bytes.subarray(0, IV_BYTES)
      const algorithm = { name: 'AES-GCM', iv, additionalData: encode(label) }
      const text = await subtle.decrypt(algorithm, await secretWith(peer), bytes.subarray(IV_BYTES))
      return new TextDecoder().decode(text)
    },
  }
}

function encode(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text)
}

/** `Uint8Array.toBase64` is newer than the browsers this is for. */
function toBase64(bytes: ArrayBuffer | Uint8Array): string {
  return btoa(Array.from(new Uint8Array(bytes), (byte) => String.fromCharCode(byte)).join(''))
}

function fromBase64(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(text), (char) => char.charCodeAt(0))
}
