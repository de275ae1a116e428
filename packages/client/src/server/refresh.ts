import { readAnswer } from '../service.ts'
import type { Attempt, CookieNames, Jar } from './jar.ts'
import { type Cause, linesFor, refreshCookieOf } from './keep.ts'
import type { ServerSettings } from './options.ts'
import { ANSWER_WITHIN_MS, handBack, type Upstream } from './upstream.ts'

export type SignedInJar = Omit<Jar, 'isSignedOut'> & { refreshToken: string }

export interface Refreshing {
  /** Refreshes with the key that stands beside the token in the jar. Rejects where there is no answer. */
  refresh(jar: SignedInJar, headers: Headers): Promise<Response>
  /** Hands an answer back. Where it sets or clears the refresh cookie, the host's own cookies go along. */
  keep(answer: Response, cause: Cause): Promise<Response>
}

export function createRefreshing(
  { refreshMarginSeconds }: ServerSettings,
  names: CookieNames,
  upstream: Upstream,
): Refreshing {
  async function keep(answer: Response, cause: Cause): Promise<Response> {
    const cookie = refreshCookieOf(answer, names)
    const lines = answer.headers.getSetCookie()
    if (cookie === undefined) return handBack(answer, lines)
    const others = lines.filter((line) => line !== cookie.line)
    const { tokens } = await readAnswer(answer.clone())
    const news = { cause, tokens, cookie, newKey: crypto.randomUUID() }
    return handBack(answer, [...others, ...linesFor(news, names, refreshMarginSeconds)])
  }

  function send({ refreshToken, key }: Attempt, from: Headers): Promise<Response> {
    const headers = new Headers(from)
    headers.set('cookie', `${names.refresh}=${refreshToken}`)
    headers.set('idempotency-key', key)
    // For the body too: whoever comes with the same cookies waits for it.
    const signal = AbortSignal.timeout(ANSWER_WITHIN_MS)
    return upstream.send('/auth/refresh', { method: 'POST', headers, signal })
  }

  return {
    keep,
    async refresh({ last, refreshToken, key }, headers) {
      if (last !== undefined) {
        const answer = await send(last, headers)
        const { code } = await readAnswer(answer.clone())
        // Overtaken: then the newer token beside it is what counts.
        if (code !== 'REFRESH_SUPERSEDED') return keep(answer, { kind: 'repeated' })
      }
      // A browser that signed in before this host stood in front of the service has no key yet: the page's own will do.
      const attempt = { refreshToken, key: key ?? headers.get('idempotency-key') ?? crypto.randomUUID() }
      const answer = await send(attempt, headers)
      return keep(answer, { kind: 'renewed', by: key === undefined ? undefined : attempt })
    },
  }
}
