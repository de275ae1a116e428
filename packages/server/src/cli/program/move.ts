import { type Command, Option } from 'commander'
import { configurable, type Flags, settingsFrom } from './settings-flags.ts'

export function addMoveCommand(program: Command): void {
  configurable(
    program
      .command('move')
      .description(
        'move everything from the SQLite file into an empty PostgreSQL database; nobody is signed out',
      )
      .addOption(
        new Option(
          '--to <url>',
          'postgres://USER@HOST:PORT/NAME; a password may come from PGPASSWORD or ~/.pgpass',
        )
          .env('LATCHKEY_MOVE_TO')
          .makeOptionMandatory(),
      )
      .option('--dry-run', 'only tell what there is to move, and about how long it would take')
      .option('--json', 'write the summary as JSON'),
  ).action(async ({ to, dryRun, json, ...flags }: Flags) => {
    const { move } = await import('../move.ts')
    await move(await settingsFrom(flags), {
      to: String(to),
      dryRun: dryRun === true,
      json: json === true,
    })
  })
}
