/**
 * Nearly all user agents are made of the same words, and a database of a million sessions holds each of them a million times.
 * A phrase is kept as one control character, which no HTTP header may hold (RFC 9110 §5.5).
 *
 * Never changed: what was stored is read by this list. New phrases go to its end, and there is room for 28.
 */
const PHRASES = [
  'Mozilla/5.0 (',
  'Windows NT 10.0; Win64; x64',
  'Macintosh; Intel Mac OS X 10_15_7',
  'X11; Linux x86_64',
  'Linux; Android 10; K',
  'Linux; Android ',
  'iPhone; CPU iPhone OS ',
  'iPad; CPU OS ',
  ' like Mac OS X',
  ') AppleWebKit/537.36 (KHTML, like Gecko) Chrome/',
  ') AppleWebKit/605.1.15 (KHTML, like Gecko) Version/',
  ') AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/',
  ') Gecko/20100101 Firefox/',
  '.0.0.0 Mobile Safari/537.36',
  '.0.0.0 Safari/537.36',
  ' Mobile/15E148 Safari/604.1',
  ' Safari/605.1.15',
  ' Edg/',
  ' OPR/',
  'okhttp/',
  'Dalvik/2.1.0 (Linux; U; Android ',
  ' CFNetwork/',
  ' Darwin/',
  'Expo/',
] as const

/** Every control character but NUL, which PostgreSQL keeps in no text, and the tab, which a header may hold. */
const CODES = Array.from({ length: 31 }, (_, i) => String.fromCharCode(i + 1)).filter((code) => code !== '\t')
const CODE_OF = new Map<string, string>(PHRASES.map((phrase, i) => [phrase, CODES[i] as string]))
const PHRASE_OF = new Map<string, string>(PHRASES.map((phrase, i) => [CODES[i] as string, phrase]))

const ANY_PHRASE = new RegExp(
  [...PHRASES]
    .sort((a, b) => b.length - a.length)
    .map((phrase) => phrase.replaceAll(/[().]/g, '\\$&'))
    .join('|'),
  'g',
)
const ANY_CODE = new RegExp(`[${CODES.join('')}]`, 'g')

export function compactUserAgent(text: string): string {
  return text.replace(ANY_CODE, '').replace(ANY_PHRASE, (phrase) => CODE_OF.get(phrase) as string)
}

export function fullUserAgent(stored: string): string {
  return stored.replace(ANY_CODE, (code) => PHRASE_OF.get(code) ?? '')
}
