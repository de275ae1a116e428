// Nodes that serve one store, each a `latchkey serve` of its own, and people who keep refreshing at all of them.
// It asserts nothing.
import { randomBytes } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { onTestFinished } from 'vitest'
import { latchkey } from '../cli/run.ts'
import { newKey, refresh, type SignedIn } from '../refresh/client.ts'
import { over, signUpAt } from '../refresh/over-http.ts'
import type { ServiceCredentials } from '../revocations/listener.ts'
import { type Service, startService } from '../support/service.ts'
import { environmentOf, newStore } from '../support/stores/store.ts'

export type Environment = Record<string, string>

export function newSecret(): string {
  return randomBytes(32).toString('base64url')
}

/** What nodes that serve together have in common: an empty store, a secret and a public origin. */
export async function newPlace(): Promise<Environment> {
  return {
    ...environmentOf(await newStore()),
    LATCHKEY_SECRET: newSecret(),
    LATCHKEY_URL: 'http://localhost:4000',
  }
}

/** Starts so many nodes at the same moment. */
export async function startNodes(count: number, environment: Environment): Promise<Service[]> {
  return await Promise.all(Array.from({ length: count }, () => startService(environment)))
}

/** An API that is registered where these nodes keep their data. */
export async function registerApi(environment: Environment): Promise<ServiceCredentials> {
  const { stdout } = await latchkey(['services', 'add', 'orders'], { environment })
  return { id: /svc_[\w-]+/.exec(stdout)?.[0] ?? '', secret: /lks_[\w-]+/.exec(stdout)?.[0] ?? '' }
}

export async function publishedKids(url: string): Promise<string[]> {
  const { keys } = (await (await fetch(`${url}/.well-known/jwks.json`)).json()) as { keys: { kid: string }[] }
  return keys.map(({ kid }) => kid)
}

/** Nodes behind one address, as a load balancer has them: it sends each request to the next one that is in. */
export class Fleet {
  #nodes: Service[]
  #turn = 0

  constructor(nodes: readonly Service[]) {
    this.#nodes = [...nodes]
  }

  get nodes(): readonly Service[] {
    return this.#nodes
  }

  next(): Service {
    return this.#nodes[this.#turn++ % this.#nodes.length] as Service
  }

  /** Stops the nodes one by one, and starts each again with another environment before the next one stops. */
  async roll(environment: Environment): Promise<void> {
    for (const node of this.#nodes) {
      this.#nodes = this.#nodes.filter((other) => other !== node)
      const code = await node.stop()
      if (code !== 0) throw new Error(`a node ended with ${code}:\n${node.output()}`)
      this.#nodes = [...this.#nodes, await startService(environment)]
    }
  }
}

/** Somebody who refreshes without a pause, each time at another node, and shows every access token to yet another one. */
export class Person {
  /** Answers that an honest client must never get. */
  readonly refusals: string[] = []
  refreshed = 0
  readonly #fleet: Fleet
  readonly #session: SignedIn
  readonly #leave = new AbortController()
  readonly #gone: Promise<void>

  private constructor(fleet: Fleet, session: SignedIn) {
    this.#fleet = fleet
    this.#session = session
    this.#gone = this.#live()
    onTestFinished(() => this.leave())
  }

  static async arrive(fleet: Fleet): Promise<Person> {
    return new Person(fleet, await signUpAt(fleet.next().url, 'native'))
  }

  async leave(): Promise<void> {
    this.#leave.abort()
    await this.#gone
  }

  async #live(): Promise<void> {
    let { refreshToken } = this.#session
    while (!this.#leave.signal.aborted) {
      const key = newKey()
      const answer = await this.#ask((url) => refresh(over(url), 'native', refreshToken, { key }))
      if (answer === null) return
      if (answer.status !== 200) {
        this.refusals.push(`refresh: ${answer.body?.error}`)
        return
      }
      refreshToken = answer.refreshToken
      const me = await this.#ask((url) =>
        over(url).send('GET', '/auth/me', { bearer: answer.body.accessToken }),
      )
      if (me === null) return
      if (me.status !== 200) this.refusals.push(`me: ${me.body?.error}`)
      this.refreshed++
    }
  }

  /** Asks until somebody answers: a node that stops, or a store that is away, is no answer. Null for who leaves meanwhile. */
  async #ask<Answer extends { status: number }>(
    send: (url: string) => Promise<Answer>,
  ): Promise<Answer | null> {
    for (;;) {
      const answer = await send(this.#fleet.next().url).catch(() => null)
      if (answer !== null && answer.status !== 503) return answer
      if (this.#leave.signal.aborted) return null
      await delay(10)
    }
  }
}
