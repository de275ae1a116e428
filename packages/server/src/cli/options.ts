import { type AuthOptions, findOptionProblems, isLoopback } from '../config.ts'
import { ConfigError, type SettingProblem } from '../errors.ts'
import type { Clock } from '../time.ts'
import { developmentSecret } from './secret-file.ts'
import type { Settings } from './settings.ts'
import { workerCount } from './worker-count.ts'

export const DEFAULT_PORT = 3000
export const DEFAULT_HOST = '127.0.0.1'

function authOptions({ options, rehearsal, production }: Settings, port: number): AuthOptions {
  const { port: _, host, workers, logLevel, rehearse, ...rest } = options
  const url = rest.url ?? new URL(`http://localhost:${port}`).origin
  const clockOffsetMs = rehearsal?.clockOffsetMs ?? 0
  return {
    ...rest,
    url,
    secret: rest.secret ?? secretFor(rest.database, production),
    developmentHelpers: rest.developmentHelpers ?? (!production && isLocal(url) && isLocalHost(host)),
    ...(clockOffsetMs === 0 ? {} : { now: putForward(rest.now ?? Date.now, clockOffsetMs) }),
  }
}

/** One offset for everything that the service reads the time for: so what it signs, it also accepts. */
function putForward(now: Clock, offsetMs: number): Clock {
  return () => now() + offsetMs
}

/**
 * The checked options for `createAuth`: what was set, and what development makes up where nothing was. Throws a
 * `ConfigError` that lists everything that is wrong, under the names that the user gave it with.
 *
 * @param port where the service listens
 */
export function checkedAuthOptions(settings: Settings, port: number): AuthOptions {
  const { production } = settings
  const options = authOptions(settings, port)
  const problems = [
    ...settings.problems,
    ...rehearsalProblems(settings, options.url),
    ...findOptionProblems(options, production).map(({ setting, problem }) => ({
      setting: settings.sourceOf(setting),
      problem,
    })),
  ]
  if (problems.length > 0) throw new ConfigError(problems)
  return options
}

/** Faults are for who asked for them: nobody else may reach a service that rehearses. */
function rehearsalProblems(settings: Settings, url: string): SettingProblem[] {
  const { production, rehearsal, sourceOf } = settings
  const { host, workers } = settings.options
  if (rehearsal === null) return []
  const problem = production
    ? 'is for development alone, and NODE_ENV is production: it loses answers and refuses requests on purpose'
    : !isLocalHost(host)
      ? `is for this machine alone: ${sourceOf('host')} must be a loopback address such as ${DEFAULT_HOST}`
      : !isLocal(url)
        ? `is for this machine alone: ${sourceOf('url')} must be a loopback origin such as http://localhost:3000`
        : workerCount(workers) > 1
          ? `is for one process: its faults are drawn in one order. Set ${sourceOf('workers')} to 1`
          : null
  return problem === null ? [] : [{ setting: sourceOf('rehearse'), problem }]
}

function secretFor(database: string | undefined, production: boolean): string {
  // Left to the check of the options, so that it is listed with everything else that is wrong.
  if (production) return ''
  const path = /^sqlite:(?:\/\/)?(.+)$/.exec(database ?? 'sqlite:./latchkey-data/latchkey.db')?.[1]
  return path === undefined ? '' : developmentSecret(path)
}

function isLocalHost(host = DEFAULT_HOST): boolean {
  return isLocal(`http://${host.includes(':') ? `[${host}]` : host}`)
}

function isLocal(url: string): boolean {
  try {
    return isLoopback(url)
  } catch {
    return false
  }
}
