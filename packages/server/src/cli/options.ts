import { type AuthOptions, findOptionProblems, isLoopback } from '../config.ts'
import { ConfigError } from '../errors.ts'
import { developmentSecret } from './secret-file.ts'
import type { Settings } from './settings.ts'

export const DEFAULT_PORT = 3000
export const DEFAULT_HOST = '127.0.0.1'

function authOptions({ options, production }: Settings, port: number): AuthOptions {
  const { port: _, host, logLevel, ...rest } = options
  const url = rest.url ?? new URL(`http://localhost:${port}`).origin
  return {
    ...rest,
    url,
    secret: rest.secret ?? secretFor(rest.database, production),
    developmentHelpers:
      rest.developmentHelpers ?? (!production && isLocal(url) && isLocal(`http://${host ?? DEFAULT_HOST}`)),
  }
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
    ...findOptionProblems(options, production).map(({ setting, problem }) => ({
      setting: settings.sourceOf(setting),
      problem,
    })),
  ]
  if (problems.length > 0) throw new ConfigError(problems)
  return options
}

function secretFor(database: string | undefined, production: boolean): string {
  // Left to the check of the options, so that it is listed with everything else that is wrong.
  if (production) return ''
  const path = /^sqlite:(?:\/\/)?(.+)$/.exec(database ?? 'sqlite:./latchkey-data/latchkey.db')?.[1]
  return path === undefined ? '' : developmentSecret(path)
}

function isLocal(url: string): boolean {
  try {
    return isLoopback(url)
  } catch {
    return false
  }
}
