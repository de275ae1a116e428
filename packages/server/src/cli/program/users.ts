import type { Command } from 'commander'
import { configurable, type Flags, settingsFrom } from './settings-flags.ts'

export function addUserCommands(program: Command): void {
  const users = program.command('users').description('users, in and out')
  configurable(
    users
      .command('export')
      .description('write every user as a line of JSON')
      .option('--output <file>', 'write to this file, for your eyes only (standard output)')
      .option(
        '--with-password-hashes',
        'what is kept of passwords too: good for this database alone, moved or restored, for hashes of its own',
      ),
  ).action(async (flags: Flags) =>
    (await import('../users/export.ts')).exportUsers(await settingsFrom(flags), {
      output: textOf(flags.output),
      withPasswordHashes: flags.withPasswordHashes === true,
    }),
  )
  configurable(
    users
      .command('import')
      .description('take users from lines of JSON; who is there already is left alone')
      .argument('<file>', 'the file; - reads standard input')
      .option('--update', 'make who is there already what their line says, but for a password chosen here')
      .option('--strict', 'stop at the first line that is refused')
      .option('--rejects <file>', 'write the lines that are refused to this file')
      .option('--dry-run', 'only tell what would happen')
      .option('--json', 'write the summary as JSON'),
  ).action(async (file: string, flags: Flags) => {
    const { importUsers } = await import('../users/import.ts')
    process.exitCode = await importUsers(await settingsFrom(flags), file, {
      update: flags.update === true,
      strict: flags.strict === true,
      dryRun: flags.dryRun === true,
      json: flags.json === true,
      rejects: textOf(flags.rejects),
    })
  })
}

function textOf(flag: Flags[string]): string | null {
  return typeof flag === 'string' ? flag : null
}
