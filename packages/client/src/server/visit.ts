import { createAuthorizedFetch, type Fetch } from '../authorized-fetch.ts'
import { type Answer, errorFrom, readAnswer } from '../service.ts'
import { judge } from '../verdict.ts'
import { type CookieNames, readJar } from './jar.ts'
import type { ServerSettings } from './options.ts'
import type { Refreshing, SignedInJar } from './refresh.ts'
import { ownHeaders, type Peer } from './upstream.ts'

/** One request of a browser, while the host answers it. */
export interface ServerVisit {
  /**
   * The user's access token, renewed first where the browser holds none that lasts: once, however many ask. `null` when
   * signed out. Rejects with an `AuthClientError` when the service could not say: then nobody is signed out, and the
   * page is worth another try.
   */
  getAccessToken(): Promise<string | null>
  /**
   * `fetch` with the access token, which goes to the service's origin and to `origins` alone; a relative URL is the
   * service's. On 401 TOKEN_EXPIRED or TOKEN_REVOKED the token is renewed once and the request repeated once.
   */
  fetch: Fetch
  /**
   * What the answer to the browser needs: the cookies, and that no cache keeps it. Await `getAccessToken()` before it,
   * also where the body is streamed. Cookies that come too late are left out, which costs nothing but a repetition.
   */
  headers(): Headers
}

/** How a refresh ended. */
interface Renewal {
  answer: Answer
  setCookies: readonly string[]
  /** On the monotonic clock. */
  sentAt: number
}

/**
 * A document that took longer than this sets no cookie: the browser may have a newer one by then. It is well within the
 * time for which a refresh repeats the attempt before it.
 */
const LATE_AFTER_MS = 10_000

export function createVisits(
  settings: ServerSettings,
  names: CookieNames,
  { refresh }: Pick<Refreshing, 'refresh'>,
  now = () => performance.now(),
) {
  /** By what the browser holds, only while under way: documents that come together refresh once and set one key. */
  const underWay = new Map<string, Promise<Renewal>>()

  function renew(jar: SignedInJar, headers: Headers): Promise<Renewal> {
    const held = JSON.stringify([jar.refreshToken, jar.key, jar.last])
    let renewal = underWay.get(held)
    if (renewal === undefined) {
      renewal = send(jar, headers).finally(() => underWay.delete(held))
      underWay.set(held, renewal)
    }
    return renewal
  }

  async function send(jar: SignedInJar, headers: Headers): Promise<Renewal> {
    const sentAt = now()
    try {
      const response = await refresh(jar, headers)
      return { answer: await readAnswer(response), setCookies: response.headers.getSetCookie(), sentAt }
    } catch (cause) {
      return { answer: { cause }, setCookies: [], sentAt }
    }
  }

  return function open(request: Request, peer: Peer = {}): ServerVisit {
    const { refreshToken, isSignedOut, ...rest } = readJar(request.headers.get('cookie'), names)
    // Without the refresh cookie an access token is only a remnant.
    const jar = refreshToken === undefined || isSignedOut ? undefined : { ...rest, refreshToken }
    let wasAsked = false
    let renewed: Renewal | undefined
    let renewing: Promise<string | null> | undefined

    async function renewOnce(): Promise<string | null> {
      if (jar === undefined) return null
      renewed = await renew(jar, ownHeaders(request, peer))
      const { answer } = renewed
      if (answer.tokens !== undefined) return answer.tokens.accessToken
      if (judge(answer) === 'ended') return null
      throw errorFrom(answer)
    }

    async function current(refused?: string): Promise<string | null> {
      wasAsked = true
      const isKept = renewing === undefined && refused === undefined
      if (isKept && jar?.accessToken !== undefined) return jar.accessToken
      renewing ??= renewOnce()
      const token = await renewing
      return token === refused ? null : token
    }

    const { serviceUrl: pageUrl, fetch, origins } = settings
    return {
      getAccessToken: () => current(),
      fetch: createAuthorizedFetch({ origins, fetch, pageUrl }, { held: null }, { current }),
      headers() {
        const headers = new Headers()
        if (wasAsked) {
          headers.set('cache-control', 'private, no-store')
          headers.set('vary', 'Cookie')
        }
        if (renewed !== undefined && now() - renewed.sentAt < LATE_AFTER_MS) {
          for (const line of renewed.setCookies) headers.append('set-cookie', line)
        }
        return headers
      },
    }
  }
}
