import type { User } from '@latchkey/protocol'
import { z } from 'zod'
import { type AccountService, type NewUser, toUser } from './accounts/service.ts'
import type { ImportOptions, ImportOutcome, UserTransfer } from './accounts/transfer/service.ts'
import { AuthError } from './errors.ts'
import type { KeyOverview, SigningKeys } from './keys/signing-keys.ts'
import type { NewService, ServiceRegistry } from './services/registry.ts'
import type { Service } from './services/service.ts'
import type { SessionService } from './sessions/service.ts'
import type { Session } from './sessions/session.ts'
import type { WalkProgress } from './sessions/store.ts'
import type { Estimate } from './upkeep/estimate.ts'
import type { RoundReport, RunOptions, UpkeepService } from './upkeep/service.ts'

/** What the program that runs the service may do with it by a call. Every method rejects with an `AuthError`. */
export interface Administration {
  users: {
    create(user: NewUser): Promise<User>
    /** By id or by e-mail address. */
    find(by: { id: string } | { email: string }): Promise<User | undefined>
    /** Ends everything of the user's at once. */
    disable(userId: string): Promise<void>
    enable(userId: string): Promise<void>
    /** Removes the user with all that is theirs. */
    delete(userId: string): Promise<void>
    count(): Promise<number>
    /**
     * Every user as a line of JSON, some hundred lines at a time, in the order of their ids. `withPasswordHash`: with what
     * is kept of the passwords, which only this database, moved or restored, can check.
     */
    exportLines(options: { withPasswordHash: boolean }): AsyncIterable<string[]>
    /** Takes lines of that kind, some hundred at a time, in one transaction. Resolves to what became of each. */
    importLines(lines: readonly string[], options?: ImportOptions): Promise<ImportOutcome[]>
  }
  sessions: {
    /** A user's live sessions, the most recently used first. */
    list(userId: string): Promise<SessionSummary[]>
    revoke(userId: string, sessionId: string): Promise<void>
    revokeAll(userId: string): Promise<void>
    /** Ends every session opened before an instant; resolves to their number. */
    revokeOpenedBefore(
      instant: Date,
      options?: { onProgress?: (progress: WalkProgress) => void },
    ): Promise<number>
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
  /** Removes what has been over for long. It goes on by itself in the background, unless the option `upkeep` is off. */
  upkeep: {
    /** One full round now. */
    run(options?: RunOptions): Promise<RoundReport>
    /** What a round would remove. */
    estimate(): Promise<Estimate>
  }
}

export interface SessionSummary extends Pick<Session, 'id' | 'client' | 'ip' | 'userAgent'> {
  createdAt: Date
  lastUsedAt: Date
  expiresAt: Date
}

export interface ServiceSummary extends Pick<Service, 'id' | 'name' | 'audience'> {
  createdAt: Date
}

interface Features {
  accounts: AccountService
  transfer: UserTransfer
  sessions: SessionService
  signingKeys: SigningKeys
  registry: ServiceRegistry
  upkeep: UpkeepService
}

export function createAdministration({
  accounts,
  transfer,
  sessions,
  signingKeys,
  registry,
  upkeep,
}: Features): Administration {
  return {
    users: {
      create: async (user) => toUser(await accounts.create(checked(newUserSchema, user, 'user'))),
      async find(by) {
        const account = 'id' in by ? await accounts.findById(by.id) : await accounts.findByEmail(by.email)
        return account === undefined ? undefined : toUser(account)
      },
      disable: (userId) => accounts.disable(userId),
      enable: (userId) => accounts.enable(userId),
      delete: (userId) => accounts.delete(userId),
      count: () => transfer.count(),
      exportLines: (options) => transfer.export(options),
      importLines: (lines, options) => transfer.import(lines, options),
    },
    sessions: {
      list: async (userId) => (await sessions.list(userId)).map(summarize),
      revoke: (userId, sessionId) => sessions.end(userId, sessionId, 'revoked_by_operator'),
      revokeAll: (userId) => sessions.endAll(userId, null, 'revoked_by_operator'),
      async revokeOpenedBefore(instant, { onProgress } = {}) {
        if (Number.isNaN(instant.getTime())) throw new TypeError('instant: an invalid Date')
        return await sessions.endOpenedBefore(instant.getTime(), onProgress)
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
    upkeep: {
      run: (options) => upkeep.run(options),
      estimate: () => upkeep.estimate(),
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
