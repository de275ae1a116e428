import { createSecretKey, type KeyObject } from 'node:crypto'
import type { AuthErrorCode, User } from '@latchkey/protocol'
import ipaddr from 'ipaddr.js'
import { z } from 'zod'
import type { LimitSettings } from './abuse/limits.ts'
import { DEFAULT_HASHING, type PasswordHasherOptions } from './accounts/password-hasher.ts'
import { ConfigError, type SettingProblem } from './errors.ts'
import type { EventListener } from './events.ts'
import { SIGNING_ALGORITHMS, type SigningAlgorithm } from './keys/key.ts'
import type { Clock } from './time.ts'
import type { RoundReport } from './upkeep/service.ts'

export type SameSite = 'strict' | 'lax' | 'none'

export interface CookieOptions {
  /** The name without its prefix. @default 'latchkey' */
  name?: string
  /** Anything but `/` gives up the `__Host-` prefix for `__Secure-`. @default '/' */
  path?: string
  /** A domain to share the cookie with; gives up the `__Host-` prefix too. @default none */
  domain?: string
  /** `none` is for front ends on another site, with `trustedOrigins`. @default 'strict' */
  sameSite?: SameSite
}

export interface FailedRequest {
  /** The answer's `X-Request-Id`. */
  requestId: string
  method: string
  /** Without the query, and with `…` for what is not a word of the service's own paths. */
  path: string
  code: AuthErrorCode
}

export type ErrorListener = (error: unknown, request: FailedRequest) => void

/** What `createAuth` takes. Durations are whole seconds. */
export interface AuthOptions {
  /** The public origin, such as `https://auth.example.com`: `iss`, byte for byte. */
  url: string
  /** 32 random bytes or more, base64url; or a list: the first seals, the others still open. */
  secret: string | readonly string[]
  /**
   * `sqlite:PATH`, or `postgres://USER:PASSWORD@HOST:PORT/NAME` with `?sslmode=verify-full&sslrootcert=FILE` for TLS.
   * @default 'sqlite:./latchkey-data/latchkey.db'
   */
  database?: string
  /** PostgreSQL connections that one process holds at most, 3 to 1000: one listens, a share is for refreshes. @default 10 */
  databasePool?: number
  /** Seconds that a statement of PostgreSQL, or a command of Redis, may take, 1 to 60. @default 5 */
  databaseTimeoutSeconds?: number
  /**
   * Moves sessions, limits and the news of revocations to Redis 7: `redis://`, `rediss://` for TLS, and
   * `redis+cluster://HOST:PORT,HOST:PORT`, `redis+sentinel://HOST:PORT,HOST:PORT/MASTER` or their `rediss+` forms. @default none
   */
  redis?: string
  /** What the names of all keys in Redis begin with. @default 'latchkey' */
  redisPrefix?: string
  /** Whether a start changes the tables of an older version. Otherwise `latchkey migrate` has to. @default true */
  autoMigrate?: boolean
  /** Whether ended sessions and old records are removed in the background. @default true */
  upkeep?: boolean
  /** Seconds for which an ended session can still be told from one that never was, 0 to 31536000. @default 604800 */
  sessionRetentionSeconds?: number
  /** `aud` of the access tokens. @default the public origin */
  audience?: string | readonly string[]
  /** Lifetime of an access token, 1 to 86400. @default 900 */
  accessTtlSeconds?: number
  /** A session ends this long after its last refresh. @default 604800 */
  idleTtlSeconds?: number
  /** A session ends this long after sign-in, whatever happens. @default 2592000 */
  sessionTtlSeconds?: number
  /**
   * Seconds after a rotation in which the spent refresh token earns the same answer again, also without an
   * `Idempotency-Key`. A thief has the same seconds. @default 0
   */
  reuseGraceSeconds?: number
  /** Whether a refresh must bring the session's access token, expired or not. @default false */
  requireAccessTokenOnRefresh?: boolean
  /** Front ends on other origins, compared exactly. @default none */
  trustedOrigins?: readonly string[]
  /** Origins of web views in mobile shells, which may open native sessions. @default none */
  nativeOrigins?: readonly string[]
  /** The CIDRs of the proxies whose `X-Forwarded-For` counts. @default none */
  trustProxy?: readonly string[]
  cookie?: CookieOptions
  /** @default 'ES256' */
  signingAlgorithm?: SigningAlgorithm
  /** The access token's `typ`; `JWT` is for verifiers older than RFC 9068. @default 'at+jwt' */
  accessTokenType?: 'at+jwt' | 'JWT'
  /** A signing key's term. @default 7776000, 90 days */
  keyRotationSeconds?: number
  /** Live sessions that one user may have; the least recently used beyond it end. @default 100 */
  maxSessionsPerUser?: number
  /** argon2id's cost, and the threads and the queue of hashing. */
  passwordHashing?: Partial<PasswordHasherOptions>
  /** Whether tries at passwords, sign-ups and refreshes are limited. @default true */
  rateLimits?: boolean
  /** How much of each: 10 tries at an account, 300 wrong ones and 500 sign-ups of an address, 600 refreshes of a session. */
  limits?: Partial<LimitSettings>
  /** Claims to add to the access token; read again at each refresh. Must not throw. */
  claims?: (user: User) => Record<string, unknown> | Promise<Record<string, unknown>>
  /** Hears of every security event. Must not throw. */
  onEvent?: EventListener
  /** Hears of what went wrong inside: the answer to the caller does not say it. Must not throw. */
  onError?: ErrorListener
  /** Hears of each round of the upkeep that has removed something. Must not throw. */
  onUpkeep?: (round: RoundReport) => void
  /** Adds `/dev`, helpers that the live view uses. Never in production. @default false */
  developmentHelpers?: boolean
  /** The time in milliseconds since 1970. @default Date.now */
  now?: Clock
}

/** The checked form of {@link AuthOptions}, with every default in place. */
export interface AuthSettings {
  url: string
  secrets: readonly KeyObject[]
  database: { kind: 'sqlite'; path: string } | { kind: 'postgres'; url: string }
  databasePool: number
  databaseTimeoutSeconds: number
  redis: string | null
  redisPrefix: string
  autoMigrate: boolean
  upkeep: boolean
  sessionRetentionSeconds: number
  audience: readonly string[]
  accessTtlSeconds: number
  idleTtlSeconds: number
  sessionTtlSeconds: number
  reuseGraceSeconds: number
  requireAccessTokenOnRefresh: boolean
  trustedOrigins: readonly string[]
  nativeOrigins: readonly string[]
  trustProxy: readonly string[]
  cookie: Required<Omit<CookieOptions, 'domain'>> & { domain: string | null }
  signingAlgorithm: SigningAlgorithm
  accessTokenType: 'at+jwt' | 'JWT'
  keyRotationSeconds: number
  maxSessionsPerUser: number
  passwordHashing: PasswordHasherOptions
  rateLimits: boolean
  limits: LimitSettings
  claims: NonNullable<AuthOptions['claims']> | null
  onEvent: EventListener
  onError: ErrorListener
  onUpkeep: NonNullable<AuthOptions['onUpkeep']>
  developmentHelpers: boolean
  now: Clock
}

const MIN_SECRET_BYTES = 32
/** 32 random bytes hold fewer than 16 different ones less than once in 10^13: an example secret, or a slip. */
const MIN_DISTINCT_BYTES = 16
const TEN_YEARS = 315_360_000

const seconds = (least: number, most: number) =>
  z
    .number({ error: 'must be a whole number of seconds' })
    .int('must be a whole number of seconds')
    .min(least, `must be at least ${least} seconds`)
    .max(most, `must be at most ${most} seconds`)
const count = (least: number, most: number) =>
  z
    .number({ error: 'must be a whole number' })
    .int('must be a whole number')
    .min(least, `must be at least ${least}`)
    .max(most, `must be at most ${most}`)

const callback = <Callback>() =>
  z.custom<Callback>((value) => typeof value === 'function', 'must be a function').optional()

const publicOrigin = z
  .string({ error: 'is needed: the public origin of the service' })
  .transform((text, check) => {
    const url = text.replace(/\/$/, '')
    const origin = originOf(url)
    if (origin === url && /^https?:/.test(url)) return url
    check.addIssue(
      origin === null
        ? 'is not an origin: write it as https://auth.example.com'
        : `is not an origin in its plain form: write ${origin}`,
    )
    return z.NEVER
  })

// A `*` would be taken for a pattern by who wrote it, and for a letter by who compares.
const pageOrigin = z.string().refine((text) => /^https?:[^*]+$/.test(text) && originOf(text) === text, {
  error: ({ input }) =>
    `holds ${JSON.stringify(input)}: write each as https://app.example.com, without a path`,
})
const shellOrigin = z.string().refine((text) => /^[a-z][a-z0-9+.-]*:\/\/[^/?#\s]+$/.test(text), {
  error: ({ input }) => `holds ${JSON.stringify(input)}: write each as capacitor://localhost, without a path`,
})
const cidr = z.string().refine(isCidr, {
  error: ({ input }) => `holds ${JSON.stringify(input)}: write each as 10.0.0.0/8 or 192.0.2.1`,
})

/** base64url; the other alphabet and its padding are read as well. RFC 4648 §4, §5 */
const BASE64 = /^[A-Za-z0-9+/_-]*={0,2}$/
const TEXT_OR_TEXTS = 'must be a text, or a list of texts'

const optionsSchema = z.strictObject({
  url: publicOrigin,
  secret: z
    .union([z.string(), z.array(z.string())], { error: 'is needed: 32 random bytes or more, base64url' })
    .transform((given, check) => {
      if (given.length === 0) {
        check.addIssue(`is needed: ${MIN_SECRET_BYTES} random bytes or more, base64url. ${howToMakeSecret}`)
        return z.NEVER
      }
      const texts = typeof given === 'string' ? [given] : given
      if (texts.some((text) => !BASE64.test(text))) {
        check.addIssue(`is not base64url: only letters, digits, - and _ may be in it. ${howToMakeSecret}`)
        return z.NEVER
      }
      const secrets = texts.map((text) => Buffer.from(text, 'base64url'))
      if (secrets.some((secret) => secret.length < MIN_SECRET_BYTES)) {
        check.addIssue(
          `is too short: ${MIN_SECRET_BYTES} random bytes or more, base64url. ${howToMakeSecret}`,
        )
        return z.NEVER
      }
      return secrets
    }),
  database: z
    .string()
    .default('sqlite:./latchkey-data/latchkey.db')
    .transform((text, check): AuthSettings['database'] => {
      const path = /^sqlite:(?:\/\/)?(.+)$/.exec(text)?.[1]
      if (path !== undefined && path !== ':memory:') return { kind: 'sqlite', path }
      if (/^postgres(?:ql)?:\/\//.test(text) && URL.canParse(text)) return { kind: 'postgres', url: text }
      // The text itself may hold a password.
      check.addIssue(
        'must be sqlite:PATH of a file, such as sqlite:./latchkey-data/latchkey.db, or postgres://USER:PASSWORD@HOST:PORT/NAME with what is special in the password percent-encoded',
      )
      return z.NEVER
    }),
  databasePool: count(3, 1_000).default(10),
  databaseTimeoutSeconds: seconds(1, 60).default(5),
  redis: z
    .string()
    .regex(
      /^rediss?(?:\+cluster|\+sentinel)?:\/\/[^\s]+$/,
      'must be redis://HOST:PORT, rediss:// for TLS, or redis+cluster:// or redis+sentinel:// with a list of hosts',
    )
    .optional(),
  redisPrefix: z
    .string()
    .regex(/^[A-Za-z0-9:._-]{1,64}$/, 'must be 1 to 64 letters, digits, or : . _ -')
    .default('latchkey'),
  autoMigrate: z.boolean().default(true),
  upkeep: z.boolean().default(true),
  sessionRetentionSeconds: seconds(0, 31_536_000).default(604_800),
  audience: z
    .union([z.string().min(1), z.array(z.string().min(1)).nonempty(TEXT_OR_TEXTS)], {
      error: TEXT_OR_TEXTS,
    })
    .optional(),
  accessTtlSeconds: seconds(1, 86_400).default(900),
  idleTtlSeconds: seconds(1, TEN_YEARS).default(604_800),
  sessionTtlSeconds: seconds(1, TEN_YEARS).default(2_592_000),
  reuseGraceSeconds: seconds(0, 300).default(0),
  requireAccessTokenOnRefresh: z.boolean().default(false),
  trustedOrigins: z.array(pageOrigin).default([]),
  nativeOrigins: z.array(shellOrigin).default([]),
  trustProxy: z.array(cidr).default([]),
  cookie: z
    .strictObject({
      name: z
        .string()
        .regex(/^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/, 'must be letters, digits, - or _')
        .refine((name) => !/^__(?:host|secure|http)-/i.test(name), 'gets its prefix by itself: leave it out')
        .default('latchkey'),
      path: z
        .string()
        .regex(/^\/[\x21-\x3a\x3c-\x7e]*$/, 'must begin with /')
        .default('/'),
      domain: z
        .string()
        .regex(/^[a-z0-9.-]+$/, 'must be a domain name in lower case')
        .optional(),
      sameSite: z.enum(['strict', 'lax', 'none'], 'must be strict, lax or none').default('strict'),
    })
    .prefault({}),
  signingAlgorithm: z
    .enum(SIGNING_ALGORITHMS, `must be one of ${SIGNING_ALGORITHMS.join(', ')}`)
    .default('ES256'),
  accessTokenType: z.enum(['at+jwt', 'JWT'], 'must be at+jwt or JWT').default('at+jwt'),
  keyRotationSeconds: seconds(3_600, TEN_YEARS).default(7_776_000),
  maxSessionsPerUser: count(1, 10_000).default(100),
  passwordHashing: z
    .strictObject({
      memoryKiB: count(8_192, 4_194_304).default(DEFAULT_HASHING.memoryKiB),
      iterations: count(1, 100).default(DEFAULT_HASHING.iterations),
      parallelism: count(1, 64).default(DEFAULT_HASHING.parallelism),
      workers: count(1, 256).default(DEFAULT_HASHING.workers),
      maxQueue: count(1, 100_000).default(DEFAULT_HASHING.maxQueue),
    })
    .prefault({}),
  rateLimits: z.boolean().default(true),
  limits: z
    .strictObject({
      passwordTries: count(1, 100).default(10),
      passwordTriesPerAddress: count(1, 1_000_000).default(300),
      signUpsPerAddress: count(1, 1_000_000).default(500),
      refreshesPerSession: count(1, 1_000_000).default(600),
    })
    .prefault({}),
  claims: callback<AuthOptions['claims']>(),
  onEvent: callback<AuthOptions['onEvent']>(),
  onError: callback<AuthOptions['onError']>(),
  onUpkeep: callback<AuthOptions['onUpkeep']>(),
  developmentHelpers: z.boolean().default(false),
  now: callback<AuthOptions['now']>(),
})

const howToMakeSecret = 'Make one with: node -p "crypto.randomBytes(32).toString(\'base64url\')"'

/** Every option that is wrong. `production`: also what is only good enough for development. */
export function findOptionProblems(options: AuthOptions, production: boolean): SettingProblem[] {
  const parsed = optionsSchema.safeParse(options)
  const issues = parsed.success ? [] : parsed.error.issues
  return [
    ...issues.map((issue) =>
      issue.code === 'unrecognized_keys'
        ? { setting: issue.keys.join(', '), problem: 'is not an option' }
        : { setting: settingOf(issue.path), problem: issue.message },
    ),
    ...(production ? productionProblems(options) : []),
  ]
}

/** Checks options and fills in the defaults. Throws a `ConfigError` that lists every wrong one. */
export function resolveOptions(options: AuthOptions, production: boolean): AuthSettings {
  const problems = findOptionProblems(options, production)
  if (problems.length > 0) throw new ConfigError(problems)
  const { secret, redis, audience, cookie, claims, onEvent, onError, onUpkeep, now, ...rest } =
    optionsSchema.parse(options)
  return {
    ...rest,
    secrets: secret.map((bytes) => createSecretKey(bytes)),
    redis: redis ?? null,
    audience: audience === undefined ? [rest.url] : typeof audience === 'string' ? [audience] : audience,
    cookie: { ...cookie, domain: cookie.domain ?? null },
    claims: claims ?? null,
    onEvent: onEvent ?? (() => {}),
    onError: onError ?? (() => {}),
    onUpkeep: onUpkeep ?? (() => {}),
    now: now ?? Date.now,
  }
}

function settingOf(path: readonly PropertyKey[]): string {
  return path.filter((part) => typeof part === 'string').join('.')
}

function productionProblems({ url, secret, developmentHelpers }: AuthOptions): SettingProblem[] {
  const problems: SettingProblem[] = []
  if (typeof url === 'string' && url.startsWith('http:') && URL.canParse(url) && !isLoopback(url)) {
    problems.push({
      setting: 'url',
      problem: 'must be https in production: tokens and passwords travel over it',
    })
  }
  const secrets = typeof secret === 'string' ? [secret] : Array.isArray(secret) ? secret : []
  if (secrets.some(looksLikeExample)) {
    problems.push({
      setting: 'secret',
      problem: `is not random, it looks like an example. ${howToMakeSecret}`,
    })
  }
  if (developmentHelpers === true) {
    problems.push({
      setting: 'developmentHelpers',
      problem: 'must be off in production: they replay refresh tokens',
    })
  }
  return problems
}

function looksLikeExample(secret: string): boolean {
  const bytes = Buffer.from(secret, 'base64url')
  return bytes.length >= MIN_SECRET_BYTES && new Set(bytes).size < MIN_DISTINCT_BYTES
}

/** Whether an origin is this machine's own: browsers treat it as safe without TLS. */
export function isLoopback(origin: string): boolean {
  const { hostname } = new URL(origin)
  return (
    hostname === 'localhost' || hostname.endsWith('.localhost') || /^(?:127\.[\d.]+|\[::1\])$/.test(hostname)
  )
}

function originOf(text: string): string | null {
  try {
    return new URL(text).origin
  } catch {
    return null
  }
}

function isCidr(text: string): boolean {
  // `10` and `0x7f.1` are addresses to some parsers, and to nobody's eye.
  if (!text.includes(':') && !/^\d+\.\d+\.\d+\.\d+(?:\/\d+)?$/.test(text)) return false
  return text.includes('/') ? ipaddr.isValidCIDR(text) : ipaddr.isValid(text)
}
