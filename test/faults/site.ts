// Several nodes on one store that is durable and can be killed, and a crowd of devices and people who leave.
// It knows what must hold of them at every moment; the tests beside it say what happens meanwhile.
import { setTimeout as delay } from 'node:timers/promises'
import { expect, onTestFinished, type TestContext } from 'vitest'
import { postgresPrograms, startPostgres } from '../../packages/server/src/stores/testing/servers/postgres.ts'
import { hasRedis, startRedis } from '../../packages/server/src/stores/testing/servers/redis.ts'
import type { ServerProcess } from '../../packages/server/src/stores/testing/servers/server-process.ts'
import { newKey, refresh, type SignedIn } from '../refresh/client.ts'
import { over, signUpAt } from '../refresh/over-http.ts'
import { PASSWORD } from '../support/auth.ts'
import { type Service, startService } from '../support/service.ts'
import { sessionsIn } from '../support/stores/look.ts'
import { environmentOf, type TestStore } from '../support/stores/store.ts'
import { Device } from './device.ts'

const RECOVERS_WITHIN_MS = 5_000
/** For what is on its way to fail: a server's last connection may live a moment longer than itself. */
const GONE_WITHIN_MS = 10_000

export interface Site {
  store: TestStore
  nodes: Service[]
  postgres: ServerProcess
  /** Null where PostgreSQL holds the sessions too. */
  redis: ServerProcess | null
  /** Starts a node again where it was. */
  restart(node: number): Promise<void>
}

/** Nodes on PostgreSQL, or on Redis beside it, each of which keeps what it has answered through a `kill -9`. */
export async function startSite(
  context: TestContext,
  {
    nodes,
    redis: withRedis,
    settings = {},
  }: { nodes: number; redis: boolean; settings?: Record<string, string> },
): Promise<Site> {
  requireServers(context)
  const postgres = await startPostgres()
  onTestFinished(() => postgres.process.remove())
  const redis = withRedis ? await startRedis() : null
  onTestFinished(() => redis?.process.remove())
  const store: TestStore = {
    database: await postgres.createDatabase('latchkey'),
    ...(redis === null ? {} : { redis: redis.url, redisPrefix: 'latchkey' }),
  }
  const environment = { ...environmentOf(store), LATCHKEY_URL: 'http://localhost:4000', ...settings }
  const services = await Promise.all(Array.from({ length: nodes }, () => startService(environment)))
  return {
    store,
    nodes: services,
    postgres: postgres.process,
    redis: redis?.process ?? null,
    async restart(node) {
      const { port } = new URL((services[node] as Service).url)
      services[node] = await startService({ ...environment, PORT: port, HOST: '127.0.0.1' })
    },
  }
}

function requireServers(context: TestContext): void {
  if (postgresPrograms() !== null && hasRedis()) return
  const reason = 'PostgreSQL or Redis was not found: apt-get install postgresql redis-server'
  if (process.env.CI === 'true') throw new Error(reason)
  context.skip(reason)
}

/** Devices that refresh without a pause at whichever node, and people who sign out and must stay out. */
export class Crowd {
  readonly devices: readonly Device[]
  readonly #site: Site
  readonly #gone: SignedIn[] = []
  #leaving: SignedIn[] = []
  #stopped = false
  #refreshing: Promise<unknown> = Promise.resolve()

  private constructor(site: Site, devices: readonly Device[]) {
    this.#site = site
    this.devices = devices
  }

  static async gather(site: Site, count: number): Promise<Crowd> {
    const devices = await Promise.all(Array.from({ length: count }, (_, i) => Device.signUp(urlOf(site, i))))
    return new Crowd(site, devices)
  }

  get acknowledged(): number {
    return this.devices.reduce((sum, { acknowledged }) => sum + acknowledged, 0)
  }

  get signedOut(): number {
    return this.#gone.length
  }

  /** Every device asks a node, and another one the next time. */
  start(): void {
    this.#stopped = false
    this.#refreshing = Promise.all(
      this.devices.map(async (device, i) => {
        for (let turn = i; !this.#stopped; turn++) {
          if (!(await device.refresh(urlOf(this.#site, turn)))) await delay(20)
        }
      }),
    )
    // Whoever waits for it hears of a failure; until then it is nobody's.
    this.#refreshing.catch(() => {})
  }

  async stop(): Promise<void> {
    this.#stopped = true
    await this.#refreshing
  }

  /** So many people sign in now, to leave later. */
  async prepareToLeave(count: number): Promise<void> {
    this.#leaving = await Promise.all(
      Array.from({ length: count }, (_, i) => signUpAt(urlOf(this.#site, i), 'native')),
    )
  }

  /** One signs out now, and the others do whatever happens meanwhile. Who was told that they have left is gone for good. */
  async leave(): Promise<{ others: Promise<unknown> }> {
    const [first, ...others] = this.#leaving.splice(0)
    if (first !== undefined) await this.#signOut(first, 0)
    return { others: Promise.all(others.map((person, i) => this.#signOut(person, i))) }
  }

  async #signOut(person: SignedIn, turn: number): Promise<void> {
    const { refreshToken } = person
    const answer = await over(urlOf(this.#site, turn), AbortSignal.timeout(10_000))
      .send('POST', '/auth/logout', { body: { refreshToken } })
      .catch(() => undefined)
    if (answer !== undefined) expect([204, 503]).toContain(answer.status)
    if (answer?.status === 204) this.#gone.push(person)
  }

  /** Nobody has lost a session, none was forked, and nobody who has left is back: at every node. */
  async expectAllIsWell(): Promise<void> {
    for (const [i, device] of this.devices.entries()) {
      await expect
        .poll(() => device.refresh(urlOf(this.#site, i)), { timeout: RECOVERS_WITHIN_MS })
        .toBe(true)
    }
    await Promise.all(
      this.#gone.map(async ({ refreshToken, accessToken }, i) => {
        const node = over(urlOf(this.#site, i))
        const again = await refresh(node, 'native', refreshToken, { key: newKey() })
        expect(again.status).toBe(401)
        expect(again.body.error).toBeOneOf(['SESSION_REVOKED', 'REFRESH_INVALID'])
        const me = await node.send('GET', '/auth/me', { bearer: accessToken })
        expect(me.status, 'its access token neither').toBe(401)
      }),
    )
    const kept = new Map((await sessionsIn(this.#site.store)).map((session) => [session.id, session]))
    for (const { sessionId, generation } of this.devices) {
      const session = kept.get(sessionId)
      expect([session?.generation, session?.ended], 'the store says so too').toEqual([generation, null])
    }
  }
}

/** Sees what every node answers while a store is away, and after it has come back. */
export class Witness {
  readonly #site: Site
  /** A refresh that was answered with 503 may have happened: the same key gets its answer later. */
  #key = newKey()
  #stays: SignedIn
  /** A sign-out that was answered with 503 may have happened too. */
  readonly #leaves: SignedIn

  private constructor(site: Site, stays: SignedIn, leaves: SignedIn) {
    this.#site = site
    this.#stays = stays
    this.#leaves = leaves
  }

  static async signUp(site: Site): Promise<Witness> {
    const url = urlOf(site, 0)
    return new Witness(site, await signUpAt(url, 'native'), await signUpAt(url, 'native'))
  }

  /** Waits until every node has noticed, and then every answer is 503 with when to come again; what needs no store is there. */
  async expectAway(): Promise<void> {
    await Promise.all(this.#site.nodes.map(({ url }) => this.#expectAwayAt(url)))
  }

  async #expectAwayAt(url: string): Promise<void> {
    await expect.poll(() => statusOf(`${url}/readyz`), { timeout: GONE_WITHIN_MS }).toBe(503)
    const { email, refreshToken, accessToken: bearer } = this.#stays
    const leaves = this.#leaves
    const node = over(url)
    const answers = {
      refresh: refresh(node, 'native', refreshToken, { key: this.#key }),
      login: node.send('POST', '/auth/login', { body: { email, password: PASSWORD, client: 'native' } }),
      me: node.send('GET', '/auth/me', { bearer }),
      list: node.send('GET', '/auth/sessions', { bearer }),
      'end the others': node.send('DELETE', '/auth/sessions', { bearer }),
      'end one': node.send('DELETE', `/auth/sessions/${leaves.sessionId}`, { bearer: leaves.accessToken }),
      logout: node.send('POST', '/auth/logout', { body: { refreshToken: leaves.refreshToken } }),
    }
    for (const [name, answer] of Object.entries(answers)) {
      const { status, body, headers } = await answer
      expect([name, status, body?.error]).toEqual([name, 503, 'STORE_UNAVAILABLE'])
      expect(Number(headers.get('retry-after')), name).toBeGreaterThan(0)
    }
    expect(await statusOf(`${url}/healthz`)).toBe(200)
    expect(await statusOf(`${url}/.well-known/jwks.json`)).toBe(200)
  }

  /** Within five seconds every node serves, and who stayed is who they were. */
  async expectBack(): Promise<void> {
    const backAt = performance.now()
    for (const { url } of this.#site.nodes) {
      const left = Math.max(1, RECOVERS_WITHIN_MS - (performance.now() - backAt))
      await expect.poll(() => statusOf(`${url}/readyz`), { timeout: left, interval: 20 }).toBe(200)
      const me = await over(url).send('GET', '/auth/me', { bearer: this.#stays.accessToken })
      expect(me.status).toBe(200)
    }
    const { status, refreshToken } = await refresh(
      over(urlOf(this.#site, 0)),
      'native',
      this.#stays.refreshToken,
      { key: this.#key },
    )
    expect(status).toBe(200)
    this.#stays = { ...this.#stays, refreshToken }
    this.#key = newKey()
  }
}

export function urlOf({ nodes }: Site, turn: number): string {
  return (nodes[turn % nodes.length] as Service).url
}

async function statusOf(url: string): Promise<number> {
  return (await fetch(url)).status
}
