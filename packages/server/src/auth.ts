import type { User } from '@latchkey/protocol'
import { createVerifier, type Verifier } from '@latchkey/verifier'
import { z } from 'zod'
import { PasswordHasher } from './accounts/password-hasher.ts'
import { loadPeppers } from './accounts/pepper.ts'
import { AccountService, type NewUser, toUser } from './accounts/service.ts'
import { type AuthOptions, type AuthSettings, resolveOptions } from './config.ts'
import { AuthError } from './errors.ts'
import type { EventListener } from './events.ts'
import { createApp } from './http/app.ts'
import { serviceAuthenticator } from './http/client-credentials.ts'
import type { RequestContext } from './http/context.ts'
import type { KeyPolicy } from './keys/rules.ts'
import { createSealer, deriveKey } from './keys/seal.ts'
import { type KeyOverview, type KeySet, SigningKeys } from './keys/signing-keys.ts'
import { Vault } from './keys/vault.ts'
import { createMetrics } from './metrics.ts'
import { secondsToRefuseSession } from './revocations/rules.ts'
import { RevocationService } from './revocations/service.ts'
import { type NewService, ServiceRegistry } from './services/registry.ts'
import type { Service } from './services/service.ts'
import { RefreshArrivals } from './sessions/arrivals.ts'
import { createRefresh } from './sessions/refresh.ts'
import { createRefreshTokens } from './sessions/refresh-token.ts'
import { SessionService } from './sessions/service.ts'
import type { Session } from './sessions/session.ts'
import { createSqlAccountStore } from './stores/sql/account-store.ts'
import { createSqlKeyStore } from './stores/sql/key-store.ts'
import { createSqlRevocationStore } from './stores/sql/revocation-store.ts'
import { createSqlServiceStore } from './stores/sql/service-store.ts'
import { createSqlSessionStore } from './stores/sql/session-store.ts'
import { openSqlite } from './stores/sql/sqlite.ts'

/** A running service. Every method rejects with an `AuthError` that has a stable `code`. */
export interface Auth {
  /** Answers a request to any of the service's paths. Never rejects. */
  fetch(request: Request, context?: RequestContext): Promise<Response>
  users: {
    create(user: NewUser): Promise<User>
    /** By id or by e-mail address. */
    find(by: { id: string } | { email: string }): Promise<User | undefined>
    /** Ends everything of the user's at once. */
    disable(userId: string): Promise<void>
    enable(userId: string): Promise<void>
    /** Removes the user with all that is theirs. */
    delete(userId: string): Promise<void>
  }
  sessions: {
    /** A user's live sessions, the most recently used first. */
    list(userId: string): Promise<SessionSummary[]>
    revoke(userId: string, sessionId: string): Promise<void>
    revokeAll(userId: string): Promise<void>
    /** Ends every session opened before an instant; resolves to their number. */
    revokeOpenedBefore(instant: Date): Promise<number>
  }
  keys: {
    list(): KeyOverview[]
    /** Makes the next signing key; resolves to when it will sign. */
    rotate(): Promise<Date>
    /** For a key that leaked: a new one signs at once, and every token of the others is refused at once. */
    replaceAll(): Promise<void>
  }
  /** The APIs and gateways that may ask about tokens and hear what was revoked. */
  services: {
    /** Resolves to its client id and secret. The secret is never shown again. */
    create(service: NewService): Promise<ServiceSummary & { secret: string }>
    /** The oldest first. */
    list(): Promise<ServiceSummary[]>
    /** Its credentials are refused at once. Rejects with NOT_FOUND. */
    remove(id: string): Promise<void>
  }
  /**
   * Ends the open revocation feeds and takes no new ones; everything else goes on. To be called first when a server stops,
   * which would wait for them for ever. Their readers go on with another node, or with this one when it is back.
   */
  endFeeds(): void
  /** Ends the feeds, stops the timers and threads and closes the store. */
  close(): Promise<void>
}

export interface SessionSummary extends Pick<Session, 'id' | 'client' | 'ip' | 'userAgent'> {
  createdAt: Date
  lastUsedAt: Date
  expiresAt: Date
}

export interface ServiceSummary extends Pick<Service, 'id' | 'name' | 'audience'> {
  createdAt: Date
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
  const settings = resolveOptions(options, process.env.NODE_ENV === 'production')
  const database = await openSqlite(settings.databasePath)
  const hasher = new PasswordHasher(settings.passwordHashing)
  try {
    return await assemble(settings, database, hasher)
  } catch (error) {
    await Promise.all([hasher.close(), database.close()])
    throw error
  }
}

async function assemble(
  settings: AuthSettings,
  database: Awaited<ReturnType<typeof openSqlite>>,
  hasher: PasswordHasher,
): Promise<Auth> {
  const { now } = settings
  const metrics = createMetrics({
    waitingForHashing: () => hasher.waiting,
    feedReaders: () => revocations.readers,
  })
  const onEvent: EventListener = (event) => {
    metrics.count(event)
    settings.onEvent(event)
  }

  const vault = new Vault(
    createSqlKeyStore(database),
    createSealer(settings.secrets.map((secret) => deriveKey(secret, 'seal'))),
  )
  const signingKeys = new SigningKeys({ vault, policy: keyPolicy(settings), now, onEvent })
  await signingKeys.refresh()
  const peppers = await loadPeppers(vault, now)

  const refusedForMs = secondsToRefuseSession(settings.accessTtlSeconds) * 1000
  const store = createSqlSessionStore(database, refusedForMs)
  const tokens = createRefreshTokens(settings.secrets.map((secret) => deriveKey(secret, 'refresh-token')))
  const arrivals = new RefreshArrivals()
  const sessions = new SessionService({ store, tokens, limits: settings, now, onEvent })
  const refresh = createRefresh({ store, tokens, arrivals, policy: settings, now, onEvent })
  const accounts = new AccountService({
    store: createSqlAccountStore(database, refusedForMs),
    sessions,
    hasher,
    peppers,
    serviceWords: ['latchkey', new URL(settings.url).hostname],
    now,
    onEvent,
  })
  void accounts.warmUp().catch(() => {})
  const registry = new ServiceRegistry({ store: createSqlServiceStore(database), now, onEvent })
  const revocations = new RevocationService({
    store: createSqlRevocationStore(database),
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
    registry: serviceAuthenticator(registry),
    revocations,
    metrics,
    ping: () => database.ping(),
  })

  return {
    fetch: app,
    users: {
      create: async (user) => toUser(await accounts.create(checked(newUserSchema, user, 'user'))),
      async find(by) {
        const account = 'id' in by ? await accounts.findById(by.id) : await accounts.findByEmail(by.email)
        return account === undefined ? undefined : toUser(account)
      },
      disable: (userId) => accounts.disable(userId),
      enable: (userId) => accounts.enable(userId),
      delete: (userId) => accounts.delete(userId),
    },
    sessions: {
      list: async (userId) => (await sessions.list(userId)).map(summarize),
      revoke: (userId, sessionId) => sessions.end(userId, sessionId, 'revoked_by_operator'),
      revokeAll: (userId) => sessions.endAll(userId, null, 'revoked_by_operator'),
      async revokeOpenedBefore(instant) {
        if (Number.isNaN(instant.getTime())) throw new TypeError('instant: an invalid Date')
        return await sessions.endOpenedBefore(instant.getTime())
      },
    },
    keys: {
      list: () => signingKeys.overview(),
      rotate: async () => new Date(await signingKeys.rotate()),
      replaceAll: () => signingKeys.replaceAll(),
    },
    services: {
      async create(service) {
        const { service: created, secret } = await registry.create(
          checked(newServiceSchema, service, 'service'),
        )
        return { ...summarizeService(created), secret }
      },
      list: async () => (await registry.list()).map(summarizeService),
      remove: (id) => registry.remove(id),
    },
    endFeeds: () => revocations.endFeeds(),
    async close() {
      clearInterval(keyTimer)
      revocations.close()
      await Promise.all([hasher.close(), database.close()])
    },
  }
}

const newUserSchema = z.strictObject({
  email: z.string(),
  password: z.string().optional(),
  passwordHash: z.string().optional(),
  // Half of a surrogate pair is no text: every token that holds one is refused. RFC 8259 §8.2
  roles: z.array(z.string().refine((role) => role.isWellFormed())).optional(),
  emailVerified: z.boolean().optional(),
})

/** A misspelt `audience` must not make a service that hears of every token. */
const newServiceSchema = z.strictObject({ name: z.string(), audience: z.string().optional() })

/** Callers without types make mistakes too: a list of roles that is a text, a password that is null. */
function checked<T>(schema: z.ZodType<T>, given: T, name: string): T {
  const parsed = schema.safeParse(given)
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  const where = issue?.code === 'unrecognized_keys' ? issue.keys.join(', ') : issue?.path.join('.')
  throw new AuthError('INVALID_REQUEST', `${where || name}: is not of the documented form`)
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

function summarize(session: Session): SessionSummary {
  const { id, client, ip, userAgent } = session
  return {
    id,
    client,
    ip,
    userAgent,
    createdAt: new Date(session.createdAt),
    lastUsedAt: new Date(session.lastUsedAt),
    expiresAt: new Date(session.expiresAt),
  }
}

function summarizeService({ id, name, audience, createdAt }: Service): ServiceSummary {
  return { id, name, audience, createdAt: new Date(createdAt) }
}
