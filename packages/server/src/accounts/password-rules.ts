/** Why a password is refused. */
export type PasswordFault = 'ill-formed' | 'too-short' | 'too-long' | 'personal' | 'pattern'

export const MIN_PASSWORD_LENGTH = 8
export const MAX_PASSWORD_LENGTH = 256
const MAX_PATTERN_LENGTH = 12

export interface PasswordContext {
  /** The account's e-mail address, in its canonical form. */
  email: string
  /** Words that stand for the service, such as its name and its host. */
  serviceWords: readonly string[]
}

/** The form in which a password is checked and hashed: NFC, never trimmed, never cut. NIST SP 800-63B-4 §3.1.1.2 */
export function normalizePassword(password: string): string {
  return password.normalize('NFC')
}

/**
 * What is wrong with a password that somebody chose, or null. Length is counted in code points; there are no
 * composition rules. Whether it is one of the common ones is asked where it is hashed. NIST SP 800-63B-4 §3.1.1.2
 */
export function findPasswordFault(password: string, context: PasswordContext): PasswordFault | null {
  // A lone surrogate has no UTF-8 form: two different ones would hash to the same bytes.
  if (!password.isWellFormed()) return 'ill-formed'
  const chosen = normalizePassword(password)
  const length = [...chosen].length
  if (length < MIN_PASSWORD_LENGTH) return 'too-short'
  if (length > MAX_PASSWORD_LENGTH) return 'too-long'
  const lowerCased = chosen.toLowerCase()
  if (isPersonal(lowerCased, context)) return 'personal'
  return isRepetition(lowerCased) || isSequence(lowerCased) ? 'pattern' : null
}

/** A few digits over and over, such as 88888888 or 12341234: lists of common passwords leave these out. */
function isRepetition(lowerCased: string): boolean {
  return lowerCased.length <= MAX_PATTERN_LENGTH && /^([0-9]{1,4})\1+$/.test(lowerCased)
}

/** Letters or digits in a row, up or down, such as abcdefgh or 987654321. */
function isSequence(lowerCased: string): boolean {
  if (!/^[a-z]+$|^[0-9]+$/.test(lowerCased)) return false
  const step = lowerCased.charCodeAt(1) - lowerCased.charCodeAt(0)
  if (Math.abs(step) !== 1) return false
  return [...lowerCased].every(
    (_, i) => i === 0 || lowerCased.charCodeAt(i) - lowerCased.charCodeAt(i - 1) === step,
  )
}

/** The e-mail address, a part of it or the service's name, also with a year or a few signs behind it. */
function isPersonal(lowerCased: string, { email, serviceWords }: PasswordContext): boolean {
  const [local = '', domain = ''] = email.split('@')
  const words = [email, local, domain, domain.split('.')[0] ?? '', ...serviceWords]
  const bare = withoutTail(lowerCased)
  return words.some((word) => word.length >= 3 && (lowerCased === word || bare === withoutTail(word)))
}

function withoutTail(word: string): string {
  const bare = word.replace(/[^\p{L}]+$/u, '')
  return bare === '' ? word : bare
}
