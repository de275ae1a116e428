// The command line: what operators type. It owns settings' sources, texts on the terminal and the process's life.
// It decides nothing that `createAuth` could decide.
import { existsSync, readFileSync } from 'node:fs'
import { extname, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { parseEnv } from 'node:util'
import type { AuthOptions } from '../config.ts'
import { ConfigError, type SettingProblem } from '../errors.ts'
import { type Plan, parsePlan } from '../rehearsal/plan.ts'
import { type KnownSetting, SETTINGS, UnreadableError } from './known-settings.ts'
import { isWorkerCount, MAX_WORKERS } from './worker-count.ts'

/** Everything that `latchkey serve` can be told: the options of `createAuth`, and how to listen and to log. */
export type ServeOptions = Omit<AuthOptions, 'url' | 'secret'> & {
  url?: string
  secret?: AuthOptions['secret']
  port?: number
  host?: string
  /** Processes that serve the port together, 1 to 256; `auto` is one per core. @default 1 */
  workers?: number | 'auto'
  logLevel?: string
  /** Faults to inject, such as `drop-refresh-answer=10%,delay=2s`, or a list of them. Never in production. @default none */
  rehearse?: string | readonly string[]
}

export interface Settings {
  options: ServeOptions
  /** What is rehearsed; null when nothing is. */
  rehearsal: Plan | null
  /** What could not even be read; the options that it was meant for are missing. */
  problems: readonly SettingProblem[]
  /** Whether `NODE_ENV` is `production`. */
  production: boolean
  /** Where the value of an option came from, in the words that the user gave it with. */
  sourceOf(option: string): string
}

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
 * with a `ConfigError` when the config file cannot be read.
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

  const environment = { ...readDotEnv(sources.workingFolder), ...withoutEmpty(sources.environment) }
  problems.push(...unsupported(environment))
  for (const known of SETTINGS) {
    take(known, environment[known.variable], known.variable)
    if (known.flag !== null) take(known, sources.flags[known.flag], `--${known.flag}`)
  }

  const { port, workers, logLevel } = options
  if (
    port !== undefined &&
    !(typeof port === 'number' && Number.isInteger(port) && port >= 0 && port <= 65_535)
  ) {
    problems.push({ setting: sourceOf('port'), problem: 'must be a whole number from 0 to 65535' })
  }
  if (workers !== undefined && !isWorkerCount(workers)) {
    problems.push({
      setting: sourceOf('workers'),
      problem: `must be auto, or a whole number from 1 to ${MAX_WORKERS}`,
    })
  }
  if (logLevel !== undefined && !LOG_LEVELS.includes(String(logLevel))) {
    problems.push({ setting: sourceOf('logLevel'), problem: `must be one of ${LOG_LEVELS.join(', ')}` })
  }
  const rehearsal = options.rehearse === undefined ? null : parsePlan(options.rehearse)
  for (const problem of rehearsal?.problems ?? []) problems.push({ setting: sourceOf('rehearse'), problem })
  const production = environment.NODE_ENV === 'production'
  return {
    options: options as ServeOptions,
    rehearsal: rehearsal?.plan ?? null,
    problems,
    production,
    sourceOf,
  }

  function take({ option, read }: KnownSetting, given: string | undefined, source: string): void {
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

/** An empty variable is how many tools spell "not set". */
function withoutEmpty(variables: Sources['environment']): Sources['environment'] {
  return Object.fromEntries(Object.entries(variables).filter(([, value]) => value !== ''))
}

function assign(options: Record<string, unknown>, option: string, value: unknown): void {
  const [name = '', inner] = option.split('.')
  options[name] = inner === undefined ? value : { ...(options[name] as object | undefined), [inner]: value }
}

/** Settings of the contract that this version does not have: ignoring them would be worse than stopping. */
function unsupported(environment: Readonly<Record<string, string | undefined>>): SettingProblem[] {
  const problems: SettingProblem[] = []
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
        ? parseJson(readFileSync(path, 'utf8'))
        : ((await import(pathToFileURL(path).href)) as { default?: unknown }).default
    if (typeof options === 'object' && options !== null && !Array.isArray(options)) {
      return { path: name, options: { ...options } }
    }
    throw new Error(
      extname(path) === '.json' ? 'it is not a JSON object' : 'it has no default export that is an object',
    )
  } catch (error) {
    throw new ConfigError([{ setting: name, problem: `cannot be read: ${(error as Error).message}` }])
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    // The parser's own message quotes the file, which may hold the secret.
    const place = /\(line \d+ column \d+\)/.exec((error as Error).message)?.[0] ?? ''
    throw new Error(`it is not JSON ${place}`.trim())
  }
}
