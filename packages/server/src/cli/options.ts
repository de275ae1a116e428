import { type AuthOptions, howToMakeSecret, isLoopback } from '../config.ts'
import { ConfigError, type SettingProblem } from '../errors.ts'
import { developmentSecret } from './secret-file.ts'
import type { Settings } from './settings.ts'

export const DEFAULT_PORT = 3000
export const DEFAULT_HOST = '127.0.0.1'

/**
 * The options for `createAuth`: what was set, and what development makes up where nothing was.
 *
 * @param port where the service listens, once that is known
 */
export function authOptions({ options }: Settings, port: number, production: boolean): AuthOptions {
  const { port: _, host, logLevel, ...rest } = options
  const url = rest.url ?? `http://localhost:${port}`
  return {
    ...rest,
    url,
    secret: rest.secret ?? secretFor(rest.database, production),
    developmentHelpers: rest.developmentHelpers ?? (!production && isLocal(url)),
  }
}

/** The same problems, under the names that the user gave the settings with. */
export function inUsersWords(error: ConfigError, settings: Settings): ConfigError {
  return new ConfigError(
    error.problems.map(
      ({ setting, problem }): SettingProblem => ({ setting: settings.sourceOf(setting), problem }),
    ),
  )
}

function secretFor(database: string | undefined, production: boolean): string {
  if (production) {
    // Left to the check of the options, so that it is listed with everything else that is wrong.
    return ''
  }
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

export { howToMakeSecret }
