import type { Command } from 'commander'
import { configurable, type Flags, settingsFrom } from './settings-flags.ts'

export function addSessionCommands(program: Command): void {
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
    (await import('../commands.ts')).revokeSessions(await settingsFrom(flags), String(flags.before)),
  )
}
