/** A refresh token and the `Idempotency-Key` that it is sent with. Whoever repeats it gets the same successor. */
export interface Attempt {
  refreshToken: string
  key: string
}

/** What a browser's cookies say: the service's refresh token, and what the host keeps beside it. */
export interface Jar {
  refreshToken?: string
  /** The key for the next refresh of this token. It was in the jar before it is sent, so no lost answer costs a session. */
  key?: string
  /** The attempt that this token came from, for the minute after. */
  last?: Attempt
  accessToken?: string
  /** The user signed out. No answer to an earlier document takes this cookie away. */
  isSignedOut: boolean
}

export interface CookieNames {
  /** The service's. */
  refresh: string
  key: string
  last: string
  access: string
  signedOut: string
}

export function cookieNames(refresh: string): CookieNames {
  return {
    refresh,
    key: `${refresh}-attempt`,
    last: `${refresh}-last`,
    access: `${refresh}-access`,
    signedOut: `${refresh}-signed-out`,
  }
}

const KEY = /^[A-Za-z0-9_-]{16,128}$/
const LAST = /^([A-Za-z0-9_-]{16,128})\.([^"\\]+)$/

/** Whatever is malformed counts as missing: a spoilt key would be refused for ever. */
export function readJar(header: string | null, names: CookieNames): Jar {
  const [, key = '', refreshToken = ''] = LAST.exec(only(header, names.last) ?? '') ?? []
  const next = only(header, names.key) ?? ''
  return {
    refreshToken: only(header, names.refresh),
    key: KEY.test(next) ? next : undefined,
    last: refreshToken === '' ? undefined : { refreshToken, key },
    accessToken: only(header, names.access),
    isSignedOut: cookieValues(header, names.signedOut).length > 0,
  }
}

export function writeLast({ refreshToken, key }: Attempt): string {
  return `${key}.${refreshToken}`
}

/** Every value of a name in a `Cookie` header. */
export function cookieValues(header: string | null, name: string): string[] {
  return (header ?? '').split(';').flatMap((pair) => {
    const [found = '', ...value] = pair.split('=')
    return found.trim() === name && value.length > 0 ? [value.join('=').trim()] : []
  })
}

/** More than one of a name means that somebody planted another: none of them counts. */
function only(header: string | null, name: string): string | undefined {
  const [value, ...more] = cookieValues(header, name)
  return value === '' || more.length > 0 ? undefined : value
}
