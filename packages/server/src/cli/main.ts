import { readFileSync } from 'node:fs'
import { Command, Option } from 'commander'
import { AuthError, ConfigError } from '../errors.ts'
import { REHEARSAL_HELP } from '../rehearsal/texts.ts'
import { DECODE_HELP } from './decode-help.ts'
import { SETTINGS } from './known-settings.ts'
import { collectSettings, type Settings } from './settings.ts'

const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  version: string
}

const program = new Command('latchkey')
  .description(
    'Keeps users signed in: short-lived access tokens, one rotating, revocable session behind each.',
  )
  .version(version)
  .showHelpAfterError('(--help lists what there is)')

configurable(program.command('serve').description('run the service'))
  .addHelpText('after', `\n${REHEARSAL_HELP}`)
  .action(async (flags: Flags) => {
    const { serve } = await import('./serve.ts')
    await serve(await settingsFrom(flags))
  })

const keys = program.command('keys').description('signing keys')
configurable(keys.command('list').description('show the signing keys and what each is good for')).action(
  async (flags: Flags) => (await import('./commands.ts')).listKeys(await settingsFrom(flags)),
)
configurable(
  keys
    .command('rotate')
    .description('make the next signing key; it signs when every verifier knows it')
    .option(
      '--emergency',
      'for a key that leaked: replace all keys at once, and refuse every token they signed',
    ),
).action(async (flags: Flags) =>
  (await import('./commands.ts')).rotateKeys(await settingsFrom(flags), {
    emergency: flags.emergency === true,
  }),
)

const sessions = program.command('sessions').description('sessions')
configurable(
  sessions
    .command('revoke')
    .description('end sessions, such as those that a restored backup brought back')
    .requiredOption(
      '--before <time>',
      'end every session opened before this time, such as 2026-01-31T12:00:00Z',
    ),
).action(async (flags: Flags) =>
  (await import('./commands.ts')).revokeSessions(await settingsFrom(flags), String(flags.before)),
)

const services = program.command('services').description('APIs and gateways that may ask about tokens')
configurable(
  services
    .command('add')
    .description('register a service, and show its client id and secret once')
    .argument('<name>', 'a name for people')
    .option('--audience <url>', 'introspection answers it for tokens of this audience alone (every one)'),
  { but: 'audience' },
).action(async (name: string, { audience, ...flags }: Flags) =>
  (await import('./commands.ts')).addService(
    await settingsFrom(flags),
    name,
    audience === undefined ? undefined : String(audience),
  ),
)
configurable(services.command('list').description('show the registered services')).action(
  async (flags: Flags) => (await import('./commands.ts')).listServices(await settingsFrom(flags)),
)
configurable(services.command('remove').description('refuse a service from now on'))
  .argument('<id>', 'its client id')
  .action(async (id: string, flags: Flags) =>
    (await import('./commands.ts')).removeService(await settingsFrom(flags), id),
  )

program
  .command('decode')
  .description('show what is in a token, and check its signature where keys are given')
  .argument('[token]', 'the token; - or nothing reads it from standard input')
  .addOption(new Option('--jwks <url|file>', 'check the signature with this key set').conflicts('key'))
  .option('--key <file>', 'check the signature with this public key: a JWK, or PEM')
  .option('--json', 'write JSON')
  .addHelpText('after', DECODE_HELP)
  .action(async (token: string | undefined, { jwks, key, json }: Flags) => {
    const { decode } = await import('./decode.ts')
    const flags = { jwks: jwks as string | undefined, key: key as string | undefined, json: json === true }
    process.exitCode = await decode(token, flags)
  })

type Flags = Record<string, string | boolean | undefined>

try {
  await program.parseAsync()
} catch (error) {
  process.stderr.write(`latchkey: ${explain(error)}\n`)
  process.exitCode = 1
}

/** Gives a command the flags that every setting has, below its own, but for one whose name the command needs itself. */
function configurable(command: Command, { but }: { but?: string } = {}): Command {
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

async function settingsFrom(given: Flags): Promise<Settings> {
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

function explain(error: unknown): string {
  if (error instanceof ConfigError) return error.message
  if (error instanceof AuthError) {
    const cause = error.cause instanceof Error ? ` (${error.cause.message})` : ''
    return `${error.message}${cause}`
  }
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}
