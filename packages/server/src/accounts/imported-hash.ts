/**
 * What other systems keep of a password, as far as it can be checked here: argon2 and bcrypt as libraries read them, scrypt and
 * PBKDF2 in parts. The spellings are those of the PHC string format, of Python's passlib and of Django.
 */
export type ImportedHash =
  | { algorithm: 'argon2' | 'bcrypt'; cost: string; phc: string }
  | { algorithm: 'scrypt'; cost: string; N: number; r: number; p: number; salt: Buffer; digest: Buffer }
  | { algorithm: 'pbkdf2'; cost: string; prf: Prf; iterations: number; salt: Buffer; digest: Buffer }

type Prf = 'sha1' | 'sha256' | 'sha512'

/** No check may take longer than some two seconds, or more than 1 GiB: it would hold up everybody's. */
const MAX_ARGON2_KIB = 1_048_576
const MAX_ARGON2_KIB_PASSES = 4 * MAX_ARGON2_KIB
const MAX_ARGON2_LANES = 99
const MAX_BCRYPT_COST = 15
const MAX_SCRYPT_BYTES = 2 ** 29
const MAX_SCRYPT_WORK = 2 ** 30
const MAX_PBKDF2_BLOCKS = 10_000_000

const MIN_DIGEST_BYTES = 16
const MAX_DIGEST_BYTES = 128
const MAX_SALT_BYTES = 128
const DIGEST_SIZE: Record<Prf, number> = { sha1: 20, sha256: 32, sha512: 64 }

const NUMBER = '([1-9]\\d{0,8})'
/** passlib writes `.` for `+`. */
const B64 = '([A-Za-z0-9+/.]+)'

const ARGON2 =
  /^\$argon2(?:id|i|d)\$v=(?:16|19)\$m=([1-9]\d{0,6}),t=([1-9]\d{0,3}),p=([1-9]\d?)\$[A-Za-z0-9+/]{11,86}\$[A-Za-z0-9+/]{16,172}$/
const BCRYPT = /^\$2[aby]\$(\d\d)\$[A-Za-z0-9./]{53}$/
const SCRYPT = new RegExp(`^\\$scrypt\\$ln=${NUMBER},r=${NUMBER},p=${NUMBER}\\$${B64}\\$${B64}$`)
const SCRYPT_OF_DJANGO = new RegExp(
  `^scrypt\\$${NUMBER}\\$([!-#%-~]+)\\$${NUMBER}\\$${NUMBER}\\$([A-Za-z0-9+/]+)={0,2}$`,
)
const PBKDF2 = new RegExp(
  `^\\$pbkdf2(?:-(sha1|sha256|sha512))?\\$(?:i=)?${NUMBER}(?:,l=${NUMBER})?\\$${B64}\\$${B64}$`,
)
const PBKDF2_OF_DJANGO = new RegExp(
  `^pbkdf2_(sha1|sha256)\\$${NUMBER}\\$([!-#%-~]+)\\$([A-Za-z0-9+/]+)={0,2}$`,
)

export const UNREADABLE_HASH =
  'is no argon2, bcrypt, scrypt or PBKDF2 hash in a spelling that is known here, or one that takes more than two seconds to check'

/** Reads a hash; null for one that cannot be checked here, or only at a cost that nobody may ask for. */
export function readImportedHash(text: string): ImportedHash | null {
  return text.length > 1_024 ? null : (argon2(text) ?? bcrypt(text) ?? scrypt(text) ?? pbkdf2(text))
}

/** The one spelling in which libraries read it: Django puts a name before what they have made. */
export function withoutFramework(text: string): string {
  return text.replace(/^(?:argon2|bcrypt\$)(?=\$(?:argon2|2))/, '')
}

function argon2(text: string): ImportedHash | null {
  const [, memory, passes, lanes] = (ARGON2.exec(text) ?? []).map(Number)
  if (memory === undefined || passes === undefined || lanes === undefined) return null
  const tooDear = memory > MAX_ARGON2_KIB || memory * passes > MAX_ARGON2_KIB_PASSES
  if (tooDear || lanes > MAX_ARGON2_LANES) return null
  return { algorithm: 'argon2', cost: text.split('$').slice(0, 4).join('$'), phc: text }
}

function bcrypt(text: string): ImportedHash | null {
  const cost = Number(BCRYPT.exec(text)?.[1])
  if (!(cost >= 4 && cost <= MAX_BCRYPT_COST)) return null
  return { algorithm: 'bcrypt', cost: `bcrypt ${cost}`, phc: text }
}

function scrypt(text: string): ImportedHash | null {
  const phc = SCRYPT.exec(text)
  if (phc !== null) {
    const [, ln, r, p, salt, digest] = phc as unknown as Matched
    return Number(ln) > 30 ? null : scryptOf(2 ** Number(ln), r, p, fromB64(salt), digest)
  }
  const django = SCRYPT_OF_DJANGO.exec(text)
  if (django === null) return null
  const [, N, salt, r, p, digest] = django as unknown as Matched
  return scryptOf(Number(N), r, p, Buffer.from(salt), digest)
}

type Matched = [whole: string, a: string, b: string, c: string, d: string, e: string]

function scryptOf(N: number, r: string, p: string, salt: Buffer, base64: string): ImportedHash | null {
  const parameters = { N, r: Number(r), p: Number(p) }
  const bytes = 128 * N * parameters.r
  const isPowerOfTwo = N > 1 && Number.isInteger(Math.log2(N))
  if (!isPowerOfTwo || bytes > MAX_SCRYPT_BYTES || bytes * parameters.p > MAX_SCRYPT_WORK) return null
  const digest = fromB64(base64)
  if (!isOfReason(salt, digest)) return null
  return { algorithm: 'scrypt', cost: `scrypt ${N} ${r} ${p}`, ...parameters, salt, digest }
}

function pbkdf2(text: string): ImportedHash | null {
  const phc = PBKDF2.exec(text)
  if (phc !== null) {
    const [, prf, iterations = '', length, salt = '', hash = ''] = phc
    const digest = fromB64(hash)
    if (length !== undefined && Number(length) !== digest.length) return null
    // passlib leaves the name of SHA-1 out.
    return pbkdf2Of((prf ?? 'sha1') as Prf, iterations, fromB64(salt), digest)
  }
  const django = PBKDF2_OF_DJANGO.exec(text)
  if (django === null) return null
  const [, prf, iterations = '', salt = '', hash = ''] = django
  return pbkdf2Of(prf as Prf, iterations, Buffer.from(salt), fromB64(hash))
}

function pbkdf2Of(prf: Prf, count: string, salt: Buffer, digest: Buffer): ImportedHash | null {
  const iterations = Number(count)
  const blocks = Math.ceil(digest.length / DIGEST_SIZE[prf])
  if (!isOfReason(salt, digest) || iterations * blocks > MAX_PBKDF2_BLOCKS) return null
  return { algorithm: 'pbkdf2', cost: `${prf} ${iterations} ${blocks}`, prf, iterations, salt, digest }
}

function isOfReason(salt: Buffer, digest: Buffer): boolean {
  const saltFits = salt.length > 0 && salt.length <= MAX_SALT_BYTES
  return saltFits && digest.length >= MIN_DIGEST_BYTES && digest.length <= MAX_DIGEST_BYTES
}

function fromB64(text: string): Buffer {
  return Buffer.from(text.replaceAll('.', '+'), 'base64')
}
