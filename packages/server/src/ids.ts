import { randomUUID } from 'node:crypto'

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/

/** A new identifier of 122 random bits: it tells neither order nor time. RFC 9562 §5.4 */
export function newId(): string {
  return randomUUID()
}

/** Whether a text that came from outside has the one spelling that we give out. */
export function isId(text: string): boolean {
  return UUID.test(text)
}

/** The same where it is one, and nobody's id where it is none: a `uuid` column takes no other text. */
export function idOrNobodys(text: string): string {
  return isId(text) ? text : BEFORE_ALL_IDS
}

export function idToBytes(id: string): Buffer {
  return Buffer.from(id.replaceAll('-', ''), 'hex')
}

export function bytesToId(bytes: Uint8Array): string {
  const hex = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
}

/** Comes before every id: a random one is never all zeros. */
export const BEFORE_ALL_IDS = '00000000-0000-0000-0000-000000000000'

const PLACE_BITS = 48

/** Where an id stands among all there could be, from 0 up to 1: about that share of the rows comes before it. */
export function placeOfId(id: string): number {
  return Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16) / 2 ** PLACE_BITS
}

/** What stands at such a place: the ids after it come behind the place. */
export function idAtPlace(place: number): string {
  const hex = Math.floor(place * 2 ** PLACE_BITS)
    .toString(16)
    .padStart(PLACE_BITS / 4, '0')
  return `${hex.slice(0, 8)}-${hex.slice(8)}${BEFORE_ALL_IDS.slice(13)}`
}
