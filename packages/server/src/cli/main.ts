import cluster from 'node:cluster'
import { readFileSync } from 'node:fs'
import { Command } from 'commander'
import { AuthError, ConfigError, StoreUnavailableError } from '../errors.ts'
import { REHEARSAL_HELP } from '../rehearsal/texts.ts'
import { addDecodeCommand } from './program/decode.ts'
import { addKeyCommands } from './program/keys.ts'
import { addMoveCommand } from './program/move.ts'
import { addServiceCommands } from './program/services.ts'
import { addSessionCommands } from './program/sessions.ts'
import { configurable, type Flags, settingsFrom } from './program/settings-flags.ts'
import { addUpkeepCommands } from './program/upkeep.ts'
import { addUserCommands } from './program/users.ts'

// The files in program/ say what each command takes, and every start reads them all. So what a command does is
// imported by its action alone: `latchkey --help` and `latchkey decode` load no database.

const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  version: string
}

const WHERE_STORES_ARE =
  '\nIs it there, and is the URL right? Look at LATCHKEY_DATABASE_URL and LATCHKEY_REDIS_URL, or at --to of a move.'

// Who reads the output, such as `head`, may go away: what was begun is brought to its end all the same.
process.stdout.on('error', () => {})

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

addKeyCommands(program)
addSessionCommands(program)
addServiceCommands(program)
addUserCommands(program)
addMoveCommand(program)
addUpkeepCommands(program)
addDecodeCommand(program)

try {
  await program.parseAsync()
} catch (error) {
  process.stderr.write(`latchkey: ${explain(error)}\n`)
  process.exitCode = 1
} finally {
  // The line to the primary would keep a worker alive that has finished, or could not begin.
  cluster.worker?.disconnect()
}

function explain(error: unknown): string {
  if (error instanceof ConfigError) return error.message
  if (error instanceof AuthError) {
    const cause = error.cause instanceof Error ? error.cause.message : ''
    const hint = error instanceof StoreUnavailableError ? WHERE_STORES_ARE : ''
    return `${error.message}${cause && ` (${cause})`}${hint}`
  }
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}
