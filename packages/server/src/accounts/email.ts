import { domainToASCII, domainToUnicode } from 'node:url'

const MAX_LENGTH = 254
const MAX_LOCAL_LENGTH = 64
const LOCAL = /^[a-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*$/
const DOMAIN_AS_TYPED = /^[\p{L}\p{M}\p{N}-]+(?:\.[\p{L}\p{M}\p{N}-]+)+$/u
const DOMAIN = /^(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z](?:[a-z0-9-]{0,61}[a-z0-9])$/
const LATIN = /\p{Script=Latin}/u
const LOOKALIKES = /[\p{Script=Cyrillic}\p{Script=Greek}]/u

/**
 * The one spelling that an e-mail address is stored and looked up by, or null when it is malformed: trimmed, NFC,
 * lower-cased, plus-tags kept, the domain in its ASCII form. The part before the @ is ASCII, so that no look-alike
 * letter makes a second account of an address. RFC 5321 §4.5.3.1, RFC 5891
 */
export function canonicalEmail(text: string): string | null {
  if (text.length > 4 * MAX_LENGTH || !text.isWellFormed()) return null
  const typed = text.trim().normalize('NFC').toLowerCase()
  const [local, domain, ...more] = typed.split('@')
  if (local === undefined || domain === undefined || more.length > 0) return null
  if (local.length > MAX_LOCAL_LENGTH || !LOCAL.test(local)) return null
  const ascii = canonicalDomain(domain)
  if (ascii === null) return null
  const email = `${local}@${ascii}`
  return email.length <= MAX_LENGTH ? email : null
}

function canonicalDomain(domain: string): string | null {
  if (!DOMAIN_AS_TYPED.test(domain)) return null
  if (domain.split('.').some((label) => LATIN.test(label) && LOOKALIKES.test(label))) return null
  const ascii = domainToASCII(domain)
  // Letters that the conversion folds into others, or drops, would make one domain look like another.
  if (domain !== ascii && domain !== domainToUnicode(ascii)) return null
  return DOMAIN.test(ascii) ? ascii : null
}
