import type { Command } from 'commander'
import { configurable, type Flags, settingsFrom } from './settings-flags.ts'

export function addUpkeepCommands(program: Command): void {
  configurable(
    program
      .command('gc')
      .description('remove the sessions that have been over for long now, rather than in the background')
      .option('--dry-run', 'only tell how many there are, and what they take')
      .option('--json', 'write the outcome as JSON'),
  ).action(async (flags: Flags) => {
    const { collectGarbage } = await import('../gc.ts')
    process.exitCode = await collectGarbage(await settingsFrom(flags), {
      dryRun: flags.dryRun === true,
      json: flags.json === true,
    })
  })
  configurable(
    program
      .command('migrate')
      .description('make the tables in the database, or bring those of an older version up to this one')
      .option('--dry-run', 'only show what is pending, with the SQL that it would run'),
  ).action(async (flags: Flags) =>
    (await import('../migrate.ts')).migrate(await settingsFrom(flags), { dryRun: flags.dryRun === true }),
  )
}
