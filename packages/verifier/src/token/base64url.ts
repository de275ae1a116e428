const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
const NOT_IN_ALPHABET = 64

const sextets = new Uint8Array(128).fill(NOT_IN_ALPHABET)
for (let value = 0; value < ALPHABET.length; value++) sextets[ALPHABET.charCodeAt(value)] = value

/**
 * The bytes of a base64url text in its one canonical spelling, or `undefined`. RFC 7515 §2, RFC 4648 §3.5
 *
 * The platform's decoders forgive padding, white space, the other alphabet and bits left over at the end. Each of those would
 * let one token be written in many ways, past everything that knows tokens by their text.
 */
export function decodeBase64url(text: string): Uint8Array<ArrayBuffer> | undefined {
  if (text.length % 4 === 1) return undefined

  const bytes = new Uint8Array((text.length * 3) >> 2)
  let written = 0
  let pending = 0
  let pendingBits = 0

  for (let position = 0; position < text.length; position++) {
    const sextet = sextets[text.charCodeAt(position)] ?? NOT_IN_ALPHABET
    if (sextet === NOT_IN_ALPHABET) return undefined
    pending = (pending << 6) | sextet
    pendingBits += 6
    if (pendingBits >= 8) {
      pendingBits -= 8
      bytes[written++] = pending >> pendingBits
      pending &= (1 << pendingBits) - 1
    }
  }
  return pending === 0 ? bytes : undefined
}
