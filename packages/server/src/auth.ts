import type { KeyObject } from 'node:crypto'
import { createVerifier, type Verifier } from '@latchkey/verifier'
import { createLimits, NO_LIMITS } from './abuse/limits.ts'
import { PasswordHasher } from './accounts/password-hasher.ts'
import { loadPeppers } from './accounts/pepper.ts'
import { AccountService } from './accounts/service.ts'
import { UserTransfer } from './accounts/transfer/service.ts'
import { type Administration, createAdministration } from './administration.ts'
import { type AuthOptions, type AuthSettings, resolveOptions } from './config.ts'
import { ConfigError } from './errors.ts'
import type { EventListener } from './events.ts'
import { createApp } from './http/app.ts'
import { serviceAuthenticator } from './http/client-credentials.ts'
import type { RequestContext } from './http/context.ts'
import type { KeyPolicy } from './keys/rules.ts'
import { createSealer, deriveKey } from './keys/seal.ts'
import { type KeySet, SigningKeys } from './keys/signing-keys.ts'
import { Vault } from './keys/vault.ts'
import { createMetrics } from './metrics.ts'
import { secondsToRefuseSession } from './revocations/rules.ts'
import { RevocationService } from './revocations/service.ts'
import { ServiceRegistry } from './services/registry.ts'
import { RefreshArrivals } from './sessions/arrivals.ts'
import { createRefresh } from './sessions/refresh.ts'
import { createRefreshTokens } from './sessions/refresh-token.ts'
import { SessionService } from './sessions/service.ts'
import type { SiblingQuestion, Siblings } from './siblings.ts'
import { insured } from './stores/limits/counters.ts'
import { createMemoryCounters } from './stores/limits/memory.ts'
import type { MoveOptions, MoveReport } from './stores/move/move.ts'
import { openSchema, openStores, type Stores, type Tables } from './stores/open.ts'
import { UpkeepService } from './upkeep/service.ts'

/** A running service. Every method rejects with an `AuthError` that has a stable `code`. */
export interface Auth extends Administration {
  /** Answers a request to any of the service's paths. Never rejects. */
  fetch(request: Request, context?: RequestContext): Promise<Response>
  /** What whoever runs the service should know about what holds its data, as whole sentences. */
  notices: readonly string[]
  /**
   * Ends the open revocation feeds and takes no new ones; everything else goes on. To be called first when a server stops,
   * which would wait for them for ever. Their readers go on with another node, or with this one when it is back.
   */
  endFeeds(): void
  /** Ends the feeds, stops the timers and threads and closes the store. */
  close(): Promise<void>
}

/** How often a node looks for keys that another one, or a command, has changed. */
const KEY_REFRESH_MS = 10_000
/** Twice as long as a verifier may keep the key set. */
const PUBLISH_AHEAD_SECONDS = 600

/**
 * Opens the store, makes what is missing and returns the service. Rejects with `ConfigError` (every wrong option
 * at once) or `StoreUnavailableError`.
 */
export async function createAuth(options: AuthOptions): Promise<Auth> {
  return (await createNode(options)).auth
}

/** A service, and what it tells the other processes of its node when they ask. */
export interface Node {
  auth: Auth
  answerSibling(question: SiblingQuestion): Promise<unknown>
}

/** The same as `createAuth` for one of several processes that serve one port. */
export async function createNode(options: AuthOptions, siblings?: Siblings): Promise<Node> {
  const settings = resolveOptions(options, process.env.NODE_ENV === 'production')
  // The stores ask for it long after the keys, which are in one of them, have been read.
  const longest = { tokenSeconds: () => settings.accessTtlSeconds }
  const stores = await openStores(
    { ...settings, isWorker: siblings !== undefined },
    () => secondsToRefuseSession(longest.tokenSeconds()) * 1000,
  )
  const hasher = new PasswordHasher(settings.passwordHashing)
  try {
    return await assemble(settings, stores, hasher, longest, siblings)
  } catch (error) {
    await Promise.all([hasher.close(), stores.close()])
    throw error
  }
}

/** The tables of the database that the options name, for who looks after them apart from the service. Throws `ConfigError`. */
export async function openTables(options: AuthOptions): Promise<Tables> {
  return await openSchema(resolveOptions(options, process.env.NODE_ENV === 'production'))
}

/** What a move has come to, and how it is asked for. */
export type { MoveReport }

/**
 * Moves everything from the SQLite file that the options name into an empty PostgreSQL database: see `moveToPostgres`.
 * @param to `postgres://...`
 */
export async function moveDatabase(
  options: AuthOptions,
  to: string,
  work: Pick<MoveOptions, 'dryRun' | 'onProgress'> = {},
): Promise<MoveReport> {
  const { database, now } = resolveOptions(options, process.env.NODE_ENV === 'production')
  if (database.kind !== 'sqlite') {
    const problem = "is a PostgreSQL database already: move it on with PostgreSQL's own tools"
    throw new ConfigError([{ setting: 'database', problem }])
  }
  const { moveToPostgres } = await import('./stores/move/move.ts')
  return await moveToPostgres({ ...work, path: database.path, url: to, now })
}

async function assemble(
  settings: AuthSettings,
  stores: Stores,
  hasher: PasswordHasher,
  longest: { tokenSeconds: () => number },
  siblings: Siblings | undefined,
): Promise<Node> {
  const { now } = settings
  const metrics = createMetrics(
    { waitingForHashing: () => hasher.waiting, feedReaders: () => revocations.readers },
    siblings,
  )
  const onEvent: EventListener = (event) => {
    metrics.count(event)
    settings.onEvent(event)
  }

  const vault = new Vault(
    stores.keys,
    createSealer(settings.secrets.map((secret) => deriveKey(secret, 'seal'))),
  )
  const signingKeys = new SigningKeys({ vault, policy: keyPolicy(settings), now, onEvent })
  await signingKeys.refresh()
  const peppers = await loadPeppers(vault, now)

  longest.tokenSeconds = () => signingKeys.longestTokenSeconds()
  const store = stores.sessions
  const tokens = createRefreshTokens(settings.secrets.map((secret) => deriveKey(secret, 'refresh-token')))
  const arrivals = new RefreshArrivals(siblings?.cameBeforeAnswer)
  const sessions = new SessionService({ store, tokens, limits: settings, now, onEvent })
  const limits = settings.rateLimits
    ? createLimits({
        settings: settings.limits,
        counters: insured(stores.counters, createMemoryCounters(), metrics.countedAlone),
        key: deriveKey(settings.secrets[0] as KeyObject, 'limits'),
        now,
        onEvent,
      })
    : NO_LIMITS
  const refresh = createRefresh({ store, tokens, arrivals, policy: settings, limits, now, onEvent })
  const accounts = new AccountService({
    store: stores.accounts,
    sessions,
    hasher,
    peppers,
    limits,
    serviceWords: ['latchkey', new URL(settings.url).hostname],
    now,
    onEvent,
  })
  const transfer = new UserTransfer({ store: stores.accounts, accounts, peppers, now, onEvent })
  void accounts.warmUp().catch(() => {})
  const registry = new ServiceRegistry({ store: stores.services, now, onEvent })
  const revocations = new RevocationService({
    store: stores.revocations,
    now,
    elapsed: () => performance.now(),
    registered: async () => new Set((await registry.list()).map(({ id }) => id)),
    onPublished({ kind, revokedAt }) {
      metrics.revocationPublished(kind, (now() - revokedAt) / 1000)
      // A key that another process has withdrawn is not waited for.
      if (kind === 'kid') signingKeys.refresh().catch(() => metrics.keyRefreshFailed())
    },
    onReadersDropped: metrics.readersDropped,
  })
  await revocations.start()

  const upkeep = new UpkeepService({
    store: stores.upkeep,
    policy: settings,
    now,
    elapsed: () => performance.now(),
    onRemoved: metrics.sessionsRemoved,
    onRound(round) {
      metrics.upkeepRoundFinished(round.seconds)
      if (round.removed > 0) settings.onUpkeep(round)
    },
    onFailed: metrics.upkeepFailed,
  })
  if (settings.upkeep) upkeep.start()

  const keyTimer = setInterval(() => {
    signingKeys.refresh().catch(() => metrics.keyRefreshFailed())
  }, KEY_REFRESH_MS)
  keyTimer.unref()

  const app = createApp({
    settings,
    accounts,
    sessions,
    refresh,
    arrivals,
    tokens,
    signingKeys,
    accessTokens: verifierFor(settings, () => signingKeys.published()),
    pastAccessTokens: verifierFor(settings, () => signingKeys.remembered()),
    registry: serviceAuthenticator(registry, limits),
    revocations,
    metrics,
    ping: () => stores.ping(),
  })

  const auth: Auth = {
    fetch: app,
    ...createAdministration({ accounts, transfer, sessions, signingKeys, registry, upkeep }),
    notices: stores.notices,
    endFeeds: () => revocations.endFeeds(),
    async close() {
      clearInterval(keyTimer)
      revocations.close()
      await upkeep.close()
      await Promise.all([hasher.close(), stores.close()])
    },
  }
  return {
    auth,
    async answerSibling(question) {
      switch (question.topic) {
        case 'metrics':
          return await metrics.ofThisProcess()
        case 'arrival':
          return arrivals.cameBeforeAnswer(question, question.sessionId, question.generation)
      }
    },
  }
}

function verifierFor(settings: AuthSettings, jwks: () => KeySet): Verifier {
  return createVerifier({
    issuer: settings.url,
    audience: [...settings.audience],
    jwks,
    typ: settings.accessTokenType,
    // Each answer takes a look at the session in any case, and a process's memory that holds no tokens gives none away.
    cache: false,
    now: settings.now,
  })
}

function keyPolicy(settings: AuthSettings): KeyPolicy {
  return {
    algorithm: settings.signingAlgorithm,
    rotationSeconds: settings.keyRotationSeconds,
    publishAheadSeconds: PUBLISH_AHEAD_SECONDS,
    tokenSeconds: settings.accessTtlSeconds,
    rememberSeconds: settings.sessionTtlSeconds,
  }
}
