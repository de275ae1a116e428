import { keysUnavailable } from '../errors.ts'
import { type FetchLike, fetchJson } from '../keys/fetch-json.ts'
import { Recent } from '../recent.ts'
import { requestsAreIsolated } from '../runtime.ts'
import { isJsonObject } from '../token/json.ts'

export interface IntrospectionOptions {
  url: string
  /** The `Authorization` header. */
  authorization: string
  fetch: FetchLike
  /** Milliseconds since any instant; it is never set. */
  elapsed: () => number
}

const TIMEOUT_SECONDS = 3
/** How long a good answer is believed, in milliseconds. */
const BELIEVED_MS = 2000
/** How long nobody asks after a failure, in milliseconds: an issuer that hangs would make every request wait. */
const PAUSE_MS = 1000
const MOST_ANSWERS = 1000

/** Asks the issuer about single tokens. RFC 7662 */
export class Introspection {
  readonly #options: IntrospectionOptions
  /** Until when each good answer is believed. */
  readonly #answers = new Recent<number>(MOST_ANSWERS)
  readonly #asking = new Map<string, Promise<boolean>>()
  #pausedUntil = Number.NEGATIVE_INFINITY
  asked = 0
  failed = 0

  constructor(options: IntrospectionOptions) {
    this.#options = options
  }

  /** Whether the issuer says that the token is good. Rejects with KEYS_UNAVAILABLE when it says nothing. */
  async isActive(token: string): Promise<boolean> {
    const now = this.#options.elapsed()
    if (now < (this.#answers.get(token) ?? 0)) return true
    if (now < this.#pausedUntil) throw keysUnavailable('the issuer could not be asked about the token')
    return requestsAreIsolated() ? this.#ask(token) : this.#askOnce(token)
  }

  #askOnce(token: string): Promise<boolean> {
    const underWay = this.#asking.get(token)
    if (underWay) return underWay
    const answer = this.#ask(token).finally(() => this.#asking.delete(token))
    this.#asking.set(token, answer)
    return answer
  }

  async #ask(token: string): Promise<boolean> {
    const { url, authorization, fetch, elapsed } = this.#options
    this.asked++
    try {
      const asked = elapsed()
      const answer = await fetchJson(fetch, url, TIMEOUT_SECONDS, {
        method: 'POST',
        headers: { authorization, 'content-type': 'application/x-www-form-urlencoded' },
        body: new URLSearchParams({ token, token_type_hint: 'access_token' }).toString(),
      })
      const isActive = readActive(answer)
      if (isActive) this.#answers.set(token, asked + BELIEVED_MS)
      return isActive
    } catch (cause) {
      this.failed++
      this.#pausedUntil = elapsed() + PAUSE_MS
      throw keysUnavailable('the issuer could not be asked about the token', { cause })
    }
  }
}

function readActive(answer: unknown): boolean {
  if (isJsonObject(answer) && typeof answer.active === 'boolean') return answer.active
  throw new Error('the answer must say whether the token is active')
}
