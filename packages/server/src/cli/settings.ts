// The command line: what operators type. It owns settings' sources, texts on the terminal and the process's life.
// It decides nothing that `createAuth` could decide.
import { existsSync, readFileSync } from 'node:fs'
import { extname, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { parseEnv } from 'node:util'
import type { AuthOptions } from '../config.ts'
import { ConfigError, type SettingProblem } from '../errors.ts'

/** Everything that `latchkey serve` can be told: the options of `createAuth`, and how to listen and to log. */
export type ServeOptions = Omit<AuthOptions, 'url' | 'secret'> & {
  url?: string
  secret?: AuthOptions['secret']
  port?: number
  host?: string
  logLevel?: string
}

export interface Settings {
  options: ServeOptions
  /** Where the value of an option came from, in the words that the user gave it with. */
  sourceOf(option: string): string
}

type Read = (text: string) => unknown

interface Setting {
  /** The option's name, with dots for nested ones. */
  option: string
  variable: string
  flag: string
  /** What `--help` shows for the value. */
  value: string
  help: string
  read: Read
}

class UnreadableError extends Error {}

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
const yesOrNo: Read = (given) => {
  const known: Record<string, boolean> = {
    true: true,
    on: true,
    '1': true,
    false: false,
    off: false,
    '0': false,
  }
  const value = known[given.trim().toLowerCase()]
  if (value === undefined) throw new UnreadableError('must be true or false')
  return value
}

/** Every setting, under the name that each source has for it. */
export const SETTINGS: readonly Setting[] = [
  setting('port', 'PORT', 'port', 'NUMBER', 'where it listens; 0 picks a free port (3000)', whole),
  setting('host', 'HOST', 'host', 'ADDRESS', 'where it listens (127.0.0.1)', text),
  setting('url', 'LATCHKEY_URL', 'url', 'ORIGIN', 'its public origin (http://localhost:PORT)', text),
  setting(
    'database',
    'LATCHKEY_DATABASE_URL',
    'database',
    'URL',
    'sqlite:PATH (sqlite:./latchkey-data/latchkey.db)',
    text,
  ),
  setting(
    'secret',
    'LATCHKEY_SECRET',
    'secret',
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
    'threads that hash (cores - 1, 1 to 4)',
    whole,
  ),
  setting(
    'passwordHashing.maxQueue',
    'LATCHKEY_HASH_QUEUE',
    'hash-queue',
    'NUMBER',
    'passwords that may wait for a thread (100)',
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
]

const LOG_LEVELS = ['debug', 'info', 'warn', 'error', 'silent']
const DEFAULT_CONFIG_FILES = ['latchkey.config.ts', 'latchkey.config.js', 'latchkey.config.json']

export interface Sources {
  environment: Readonly<Record<string, string | undefined>>
  /** By flag name, without the dashes. */
  flags: Readonly<Record<string, string | undefined>>
  /** A config file that was asked for; without it, the default names are looked for. */
  configFile?: string | undefined
  workingFolder: string
}

/**
 * Collects the settings from the config file, `.env` and the environment, and the flags, in rising priority. Rejects
 * with a `ConfigError` that lists every text that cannot be read.
 */
export async function collectSettings(sources: Sources): Promise<Settings> {
  const problems: SettingProblem[] = []
  const origins = new Map<string, string>()
  const options: Record<string, unknown> = {}

  const file = await readConfigFile(sources)
  for (const [name, value] of Object.entries(file?.options ?? {})) {
    options[name] = value
    origins.set(name, `${name} in ${file?.path}`)
  }

  const environment = { ...readDotEnv(sources.workingFolder), ...sources.environment }
  problems.push(...unsupported(environment))
  for (const known of SETTINGS) {
    take(known, environment[known.variable], known.variable)
    take(known, sources.flags[known.flag], `--${known.flag}`)
  }

  const { port, logLevel } = options
  if (
    port !== undefined &&
    !(typeof port === 'number' && Number.isInteger(port) && port >= 0 && port <= 65_535)
  ) {
    problems.push({ setting: sourceOf('port'), problem: 'must be a whole number from 0 to 65535' })
  }
  if (logLevel !== undefined && !LOG_LEVELS.includes(String(logLevel))) {
    problems.push({ setting: sourceOf('logLevel'), problem: `must be one of ${LOG_LEVELS.join(', ')}` })
  }
  if (problems.length > 0) throw new ConfigError(problems)
  return { options: options as ServeOptions, sourceOf }

  function take({ option, read }: Setting, given: string | undefined, source: string): void {
    // An empty variable is how many tools spell "not set".
    if (given === undefined || given === '') return
    try {
      assign(options, option, read(given))
      origins.set(option, source)
    } catch (error) {
      if (!(error instanceof UnreadableError)) throw error
      problems.push({ setting: source, problem: error.message })
    }
  }

  function sourceOf(option: string): string {
    const known = SETTINGS.find((candidate) => candidate.option === option)
    return origins.get(option) ?? origins.get(option.split('.')[0] ?? '') ?? known?.variable ?? option
  }
}

function setting(
  option: string,
  variable: string,
  flag: string,
  value: string,
  help: string,
  read: Read,
): Setting {
  return { option, variable, flag, value, help, read }
}

function assign(options: Record<string, unknown>, option: string, value: unknown): void {
  const [name = '', inner] = option.split('.')
  options[name] = inner === undefined ? value : { ...(options[name] as object | undefined), [inner]: value }
}

/** Settings of the contract that this version does not have: ignoring them would be worse than stopping. */
function unsupported(environment: Readonly<Record<string, string | undefined>>): SettingProblem[] {
  const problems: SettingProblem[] = []
  if (environment.LATCHKEY_REDIS_URL) {
    problems.push({
      setting: 'LATCHKEY_REDIS_URL',
      problem: 'this version keeps sessions in SQLite only: unset it',
    })
  }
  if (environment.LATCHKEY_SMTP_URL) {
    problems.push({ setting: 'LATCHKEY_SMTP_URL', problem: 'this version sends no mail: unset it' })
  }
  return problems
}

function readDotEnv(folder: string): Record<string, string | undefined> {
  const path = resolve(folder, '.env')
  return existsSync(path) ? parseEnv(readFileSync(path, 'utf8')) : {}
}

async function readConfigFile({
  configFile,
  workingFolder,
}: Sources): Promise<{ path: string; options: Record<string, unknown> } | undefined> {
  const name =
    configFile ?? DEFAULT_CONFIG_FILES.find((candidate) => existsSync(resolve(workingFolder, candidate)))
  if (name === undefined) return undefined
  const path = resolve(workingFolder, name)
  try {
    const options =
      extname(path) === '.json'
        ? (JSON.parse(readFileSync(path, 'utf8')) as unknown)
        : ((await import(pathToFileURL(path).href)) as { default?: unknown }).default
    if (typeof options === 'object' && options !== null && !Array.isArray(options)) {
      return { path: name, options: { ...options } }
    }
    throw new Error(
      extname(path) === '.json' ? 'is not a JSON object' : 'has no default export that is an object',
    )
  } catch (error) {
    throw new ConfigError([{ setting: name, problem: `cannot be read: ${(error as Error).message}` }])
  }
}
