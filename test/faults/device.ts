import { expect } from 'vitest'
import { generationOf, newKey, refresh, type SignedIn } from '../refresh/client.ts'
import { over, signUpAt } from '../refresh/over-http.ts'

/** How long a device waits for an answer before it asks again with the same key. */
const PATIENCE_MS = 1_000

/**
 * A native app on a device of its own: it writes its `Idempotency-Key` down before it sends, and the new refresh
 * token before it forgets the key. Whatever becomes of the service, it asks again with what it has written down.
 */
export class Device {
  readonly sessionId: string
  /** What is written down. */
  #token: string
  #key: string | undefined
  readonly #tokens = new Map<number, string>()
  /** Answers that it got. */
  acknowledged = 0

  private constructor({ sessionId, refreshToken }: SignedIn) {
    this.sessionId = sessionId
    this.#token = refreshToken
  }

  static async signUp(url: string): Promise<Device> {
    return new Device(await signUpAt(url, 'native'))
  }

  /** The generation of the token that it holds: what the service has acknowledged. */
  get generation(): number {
    return generationOf(this.#token) as number
  }

  /** Sends one refresh. Resolves to whether there was an answer; any answer but the successor is a failure. */
  async refresh(url: string): Promise<boolean> {
    this.#key ??= newKey()
    const answer = await refresh(over(url, AbortSignal.timeout(PATIENCE_MS)), 'native', this.#token, {
      key: this.#key,
    }).catch(() => undefined)
    if (answer === undefined) return false
    if (answer.status === 503) {
      expect(Number(answer.headers.get('retry-after')), 'when to come again').toBeGreaterThan(0)
      return false
    }
    expect([answer.status, answer.body.error], 'nobody has to sign in again').toEqual([200, undefined])
    this.#take(answer.refreshToken)
    return true
  }

  #take(token: string): void {
    const generation = generationOf(token) as number
    expect(generation, 'no step is lost or made twice').toBe(this.generation + 1)
    expect(this.#tokens.get(generation) ?? token, 'no session is forked').toBe(token)
    this.#tokens.set(generation, token)
    this.#token = token
    this.#key = undefined
    this.acknowledged++
  }
}
