import { type Command, Option } from 'commander'
import { SETTINGS } from '../known-settings.ts'
import { collectSettings, type Settings } from '../settings.ts'

/** What a command was given, under the names in camel case that commander has for its options. */
export type Flags = Record<string, string | boolean | undefined>

/** Gives a command the flags that every setting has, below its own, but for one whose name the command needs itself. */
export function configurable(command: Command, { but }: { but?: string } = {}): Command {
  // Options that are added from here on.
  command.optionsGroup('Settings of the service:')
  for (const { flag, variable, value, help } of SETTINGS) {
    if (flag === null || flag === but) continue
    command.addOption(new Option(`--${flag} <${value.toLowerCase()}>`, `${help} [${variable}]`))
  }
  return command
    .option('--config <file>', 'a config file (latchkey.config.ts, .js or .json, if there is one)')
    .optionsGroup('Options:')
    .addHelpText(
      'after',
      '\nSettings come from the config file, .env, the environment and flags, in rising priority.' +
        '\nWhat other users must not see in the list of processes has no flag: set LATCHKEY_SECRET and LATCHKEY_REDIS_URL.',
    )
}

/** The settings that a command made `configurable` was started with, from all their sources. */
export async function settingsFrom(given: Flags): Promise<Settings> {
  const flags = Object.fromEntries(
    SETTINGS.flatMap(({ flag }) => (flag === null ? [] : [[flag, given[toCamelCase(flag)]]])),
  ) as Record<string, string | undefined>
  return await collectSettings({
    environment: process.env,
    flags,
    configFile: given.config as string | undefined,
    workingFolder: process.cwd(),
  })
}

function toCamelCase(flag: string): string {
  return flag.replaceAll(/-(\w)/g, (_, letter: string) => letter.toUpperCase())
}
