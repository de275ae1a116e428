import type { Tokens } from '@latchkey/protocol'
import { type Attempt, type CookieNames, writeLast } from './jar.ts'

/** What was asked of the service when it set the refresh cookie. */
export type Cause =
  | { kind: 'opened' }
  /** `by`: the attempt, where the browser had stored it before it was sent. */
  | { kind: 'renewed'; by: Attempt | undefined }
  /** The attempt that had led to the browser's token was made once more, and nothing moved. */
  | { kind: 'repeated' }

/** An answer that sets or clears the refresh cookie. */
export interface News {
  cause: Cause
  cookie: RefreshCookie
  tokens: Tokens | undefined
  /**
   * The key for the next refresh. Drawn for each answer, not derived from the one before: two browsers that go on from
   * one copied jar must part, so that the second one's refresh is the alarm.
   */
  newKey: string
}

/** The service's own `Set-Cookie`, whose attributes the host's cookies share. */
export interface RefreshCookie {
  line: string
  isCleared: boolean
  maxAgeSeconds: number
  /** Without `Max-Age`. */
  attributes: readonly string[]
}

/**
 * So long after a rotation a refresh repeats the attempt behind it instead of making a new one. Until then every
 * answer that was on its way when the browser got its new token has come, so none of them sets an older token, or
 * another key for this one, beside a session that has moved on.
 */
const SETTLES_SECONDS = 60
/** The longest life that the service gives an access token: after it, none of a closed session is left to be set. */
const SIGNED_OUT_SECONDS = 86_400
/** Browsers drop a cookie of more than 4096 bytes, name included. Without it each document refreshes. RFC 6265bis §5.6 */
const MAX_ACCESS_TOKEN = 3_900

/** Reads the cookie that an answer sets or clears, if it does. */
export function refreshCookieOf({ headers }: Response, { refresh }: CookieNames): RefreshCookie | undefined {
  const line = headers.getSetCookie().find((text) => text.startsWith(`${refresh}=`))
  if (line === undefined) return undefined
  const [pair = '', ...attributes] = line.split(/;\s*/)
  const isMaxAge = (text: string) => /^max-age=/i.test(text)
  const maxAgeSeconds = Number(attributes.find(isMaxAge)?.slice('max-age='.length) ?? 0)
  return {
    line,
    isCleared: pair === `${refresh}=` || maxAgeSeconds <= 0,
    maxAgeSeconds,
    attributes: attributes.filter((text) => !isMaxAge(text)),
  }
}

/** The `Set-Cookie` lines that take the place of the service's one, which is among them wherever its token is news. */
export function linesFor(
  { cause, cookie, tokens, newKey }: News,
  names: CookieNames,
  marginSeconds: number,
): string[] {
  const set = (name: string, value: string, maxAgeSeconds: number) =>
    [`${name}=${value}`, ...cookie.attributes, `Max-Age=${maxAgeSeconds}`].join('; ')
  const clear = (name: string) => set(name, '', 0)
  const { key, last, access, signedOut } = names

  if (cookie.isCleared) {
    return [cookie.line, clear(key), clear(last), clear(access), set(signedOut, '1', SIGNED_OUT_SECONDS)]
  }
  const seconds = accessCookieSeconds(tokens, marginSeconds)
  const keepAccess = seconds > 0 ? set(access, tokens?.accessToken ?? '', seconds) : clear(access)
  const keepKey = set(key, newKey, cookie.maxAgeSeconds)
  switch (cause.kind) {
    case 'opened':
      return [cookie.line, keepKey, clear(last), keepAccess, clear(signedOut)]
    case 'renewed':
      // A key that the browser did not have beforehand may not be the one that moved the session: never repeated.
      return [
        cookie.line,
        keepKey,
        cause.by ? set(last, writeLast(cause.by), SETTLES_SECONDS) : clear(last),
        keepAccess,
      ]
    case 'repeated':
      // The browser has the token. Once more it might come late, and stand beside the key of its successor.
      return [keepAccess]
  }
}

/** The browser counts the time, so no clock is compared. 0 where the token is not to be kept. */
function accessCookieSeconds(tokens: Tokens | undefined, marginSeconds: number): number {
  if (tokens === undefined || tokens.accessToken.length > MAX_ACCESS_TOKEN) return 0
  return Math.floor(tokens.expiresIn - Math.min(marginSeconds, tokens.expiresIn / 3))
}
