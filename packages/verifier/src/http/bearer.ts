/** What of a request is looked at. */
export interface BearerRequest {
  /** The `Authorization` header; several of them joined by commas, as the Fetch standard does. */
  authorization: string | null | undefined
  /** The URL, or the path and query of the request line. */
  url: string
  /** The members of a form-encoded body, where something before has already read it. */
  form?: unknown
}

export type Credentials =
  | { kind: 'none' }
  | { kind: 'token'; token: string }
  | { kind: 'malformed'; rule: string }

const SCHEME = /^bearer(?: +|$)/i

/** A header of ours among several, joined: no token holds a comma. */
const ONE_OF_SEVERAL = /^bearer .*,[ \t]*\S|,[ \t]*bearer(?: |$)/i

/**
 * The credentials of a request: those of its `Authorization` header alone. What follows the scheme is the token, whatever it
 * looks like: the verifier judges it. RFC 6750 §2.1
 */
export function readCredentials({ authorization, url, form }: BearerRequest): Credentials {
  // Beside a token in the header it would be a second one, which RFC 6750 §2 forbids. Alone it has been in logs, histories and
  // `Referer`s, so it is as good as stolen: RFC 9700 §4.3.2.
  if (hasInQuery(url) || hasInForm(form))
    return malformed('an access token belongs into the Authorization header alone')
  if (!authorization) return { kind: 'none' }
  if (ONE_OF_SEVERAL.test(authorization)) return malformed('there must be one Authorization header')
  if (!SCHEME.test(authorization)) return { kind: 'none' }
  const token = authorization.replace(SCHEME, '')
  return token === '' ? malformed('a token must follow Bearer') : { kind: 'token', token }
}

function malformed(rule: string): Credentials {
  return { kind: 'malformed', rule }
}

/** The name that RFC 6750 §2.3 reserves. */
function hasInQuery(url: string): boolean {
  const start = url.indexOf('?')
  return start !== -1 && new URLSearchParams(url.slice(start)).has('access_token')
}

/** RFC 6750 §2.2 */
function hasInForm(form: unknown): boolean {
  return typeof form === 'object' && form !== null && Object.hasOwn(form, 'access_token')
}
