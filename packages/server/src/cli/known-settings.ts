/** How a text from the environment or a flag becomes an option's value. */
type Read = (text: string) => unknown

export interface KnownSetting {
  /** The option's name, with dots for nested ones. */
  option: string
  variable: string
  /** Null where a flag would show a secret to everybody who lists processes. */
  flag: string | null
  /** What `--help` shows for the value. */
  value: string
  help: string
  read: Read
}

/** A text that cannot be read as its setting's value; the message says what it must be. */
export class UnreadableError extends Error {}

const text: Read = (given) => given
const list: Read = (given) =>
  given
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '')
const oneOrMore: Read = (given) => {
  const parts = list(given) as string[]
  return parts.length === 1 ? parts[0] : parts
}
const whole: Read = (given) => {
  if (!/^\d{1,15}$/.test(given.trim())) throw new UnreadableError('must be a whole number')
  return Number(given)
}
const wholeOrAuto: Read = (given) => {
  if (given.trim().toLowerCase() === 'auto') return 'auto'
  if (!/^\d{1,15}$/.test(given.trim())) throw new UnreadableError('must be a whole number, or auto')
  return Number(given)
}
const yesOrNo: Read = (given) => {
  const value = given.trim().toLowerCase()
  if (['true', 'on', '1'].includes(value)) return true
  if (['false', 'off', '0'].includes(value)) return false
  throw new UnreadableError('must be true or false')
}

/** Every setting, under the name that each source has for it. */
export const SETTINGS: readonly KnownSetting[] = [
  setting('port', 'PORT', 'port', 'NUMBER', 'where it listens; 0 picks a free port (3000)', whole),
  setting('host', 'HOST', 'host', 'ADDRESS', 'where it listens (127.0.0.1)', text),
  setting('url', 'LATCHKEY_URL', 'url', 'ORIGIN', 'its public origin (http://localhost:PORT)', text),
  setting(
    'workers',
    'LATCHKEY_WORKERS',
    'workers',
    'NUMBER',
    'processes that serve the port together; auto for one per core (1)',
    wholeOrAuto,
  ),
  setting(
    'database',
    'LATCHKEY_DATABASE_URL',
    'database',
    'URL',
    'sqlite:PATH, or postgres://... (sqlite:./latchkey-data/latchkey.db)',
    text,
  ),
  setting(
    'databasePool',
    'LATCHKEY_DATABASE_POOL',
    'database-pool',
    'NUMBER',
    'connections to PostgreSQL that each worker holds at most (10)',
    whole,
  ),
  setting(
    'databaseTimeoutSeconds',
    'LATCHKEY_DATABASE_TIMEOUT',
    'database-timeout',
    'SECONDS',
    'what one statement or command of a store may take (5)',
    whole,
  ),
  setting(
    'redis',
    'LATCHKEY_REDIS_URL',
    null,
    'URL',
    'redis://... moves sessions, limits and the news of revocations there (none)',
    text,
  ),
  setting(
    'redisPrefix',
    'LATCHKEY_REDIS_PREFIX',
    'redis-prefix',
    'TEXT',
    'what the names of all keys in Redis begin with (latchkey)',
    text,
  ),
  setting(
    'autoMigrate',
    'LATCHKEY_AUTO_MIGRATE',
    'auto-migrate',
    'BOOLEAN',
    'a start changes the tables of an older version; otherwise `latchkey migrate` (on)',
    yesOrNo,
  ),
  setting(
    'upkeep',
    'LATCHKEY_UPKEEP',
    'upkeep',
    'BOOLEAN',
    'ended sessions and old records are removed in the background (on)',
    yesOrNo,
  ),
  setting(
    'sessionRetentionSeconds',
    'LATCHKEY_SESSION_RETENTION',
    'session-retention',
    'SECONDS',
    'an ended session can still be told from one that never was (604800)',
    whole,
  ),
  setting(
    'secret',
    'LATCHKEY_SECRET',
    null,
    'TEXT',
    '32 random bytes, base64url; or a list, the newest first',
    oneOrMore,
  ),
  setting(
    'audience',
    'LATCHKEY_AUDIENCE',
    'audience',
    'LIST',
    '"aud" of the access tokens (the public origin)',
    oneOrMore,
  ),
  setting(
    'accessTtlSeconds',
    'LATCHKEY_ACCESS_TTL',
    'access-ttl',
    'SECONDS',
    'lifetime of an access token (900)',
    whole,
  ),
  setting(
    'idleTtlSeconds',
    'LATCHKEY_IDLE_TTL',
    'idle-ttl',
    'SECONDS',
    'a session ends this long after its last refresh (604800)',
    whole,
  ),
  setting(
    'sessionTtlSeconds',
    'LATCHKEY_SESSION_TTL',
    'session-ttl',
    'SECONDS',
    'a session ends this long after sign-in (2592000)',
    whole,
  ),
  setting(
    'reuseGraceSeconds',
    'LATCHKEY_REUSE_GRACE',
    'reuse-grace',
    'SECONDS',
    'a spent refresh token still earns the same answer (0)',
    whole,
  ),
  setting(
    'requireAccessTokenOnRefresh',
    'LATCHKEY_REQUIRE_ACCESS_TOKEN_ON_REFRESH',
    'require-access-token-on-refresh',
    'BOOLEAN',
    'a refresh must bring the access token too (false)',
    yesOrNo,
  ),
  setting(
    'trustedOrigins',
    'LATCHKEY_TRUSTED_ORIGINS',
    'trusted-origins',
    'LIST',
    'front ends on other origins (none)',
    list,
  ),
  setting(
    'nativeOrigins',
    'LATCHKEY_NATIVE_ORIGINS',
    'native-origins',
    'LIST',
    'web views that may open native sessions (none)',
    list,
  ),
  setting(
    'trustProxy',
    'LATCHKEY_TRUST_PROXY',
    'trust-proxy',
    'LIST',
    'CIDRs of proxies whose X-Forwarded-For counts (none)',
    list,
  ),
  setting(
    'cookie.name',
    'LATCHKEY_COOKIE_NAME',
    'cookie-name',
    'NAME',
    'the cookie, without its prefix (latchkey)',
    text,
  ),
  setting('cookie.path', 'LATCHKEY_COOKIE_PATH', 'cookie-path', 'PATH', "the cookie's path (/)", text),
  setting(
    'cookie.domain',
    'LATCHKEY_COOKIE_DOMAIN',
    'cookie-domain',
    'DOMAIN',
    'a domain to share the cookie with (none)',
    text,
  ),
  setting(
    'cookie.sameSite',
    'LATCHKEY_COOKIE_SAME_SITE',
    'cookie-same-site',
    'VALUE',
    'strict, lax, or none for front ends on another site (strict)',
    text,
  ),
  setting(
    'signingAlgorithm',
    'LATCHKEY_SIGNING_ALGORITHM',
    'signing-algorithm',
    'NAME',
    'ES256, EdDSA or RS256 (ES256)',
    text,
  ),
  setting(
    'accessTokenType',
    'LATCHKEY_ACCESS_TOKEN_TYPE',
    'access-token-type',
    'NAME',
    'at+jwt, or JWT for old verifiers (at+jwt)',
    text,
  ),
  setting(
    'keyRotationSeconds',
    'LATCHKEY_KEY_ROTATION',
    'key-rotation',
    'SECONDS',
    "a signing key's term (7776000)",
    whole,
  ),
  setting(
    'maxSessionsPerUser',
    'LATCHKEY_MAX_SESSIONS',
    'max-sessions',
    'NUMBER',
    'live sessions of one user (100)',
    whole,
  ),
  setting(
    'passwordHashing.memoryKiB',
    'LATCHKEY_HASH_MEMORY',
    'hash-memory',
    'KIB',
    'memory of one argon2id hash (19456)',
    whole,
  ),
  setting(
    'passwordHashing.iterations',
    'LATCHKEY_HASH_ITERATIONS',
    'hash-iterations',
    'NUMBER',
    'passes of one argon2id hash (2)',
    whole,
  ),
  setting(
    'passwordHashing.parallelism',
    'LATCHKEY_HASH_PARALLELISM',
    'hash-parallelism',
    'NUMBER',
    'lanes of one argon2id hash (1)',
    whole,
  ),
  setting(
    'passwordHashing.workers',
    'LATCHKEY_HASH_WORKERS',
    'hash-workers',
    'NUMBER',
    'threads that hash, shared out among the workers (cores - 1, 1 to 4)',
    whole,
  ),
  setting(
    'passwordHashing.maxQueue',
    'LATCHKEY_HASH_QUEUE',
    'hash-queue',
    'NUMBER',
    'passwords that may wait for a thread, shared out likewise (100)',
    whole,
  ),
  setting(
    'rateLimits',
    'LATCHKEY_RATE_LIMITS',
    'rate-limits',
    'BOOLEAN',
    'tries at passwords, sign-ups and refreshes are limited (on)',
    yesOrNo,
  ),
  setting(
    'limits.passwordTries',
    'LATCHKEY_LIMIT_PASSWORD_TRIES',
    'limit-password-tries',
    'NUMBER',
    "tries at an account's password before each has to wait for longer (10)",
    whole,
  ),
  setting(
    'limits.passwordTriesPerAddress',
    'LATCHKEY_LIMIT_PASSWORD_TRIES_PER_ADDRESS',
    'limit-password-tries-per-address',
    'NUMBER',
    'wrong passwords from one address in 15 minutes (300)',
    whole,
  ),
  setting(
    'limits.signUpsPerAddress',
    'LATCHKEY_LIMIT_SIGN_UPS',
    'limit-sign-ups',
    'NUMBER',
    'sign-ups from one address in an hour (500)',
    whole,
  ),
  setting(
    'limits.refreshesPerSession',
    'LATCHKEY_LIMIT_REFRESHES',
    'limit-refreshes',
    'NUMBER',
    'refreshes of one session in a minute (600)',
    whole,
  ),
  setting(
    'logLevel',
    'LATCHKEY_LOG_LEVEL',
    'log-level',
    'LEVEL',
    'debug, info, warn, error or silent (info)',
    text,
  ),
  setting(
    'rehearse',
    'LATCHKEY_REHEARSE',
    'rehearse',
    'LIST',
    'faults to inject, in development only: serve --help lists them (none)',
    list,
  ),
]

function setting(
  option: string,
  variable: string,
  flag: string | null,
  value: string,
  help: string,
  read: Read,
): KnownSetting {
  return { option, variable, flag, value, help, read }
}
