import type { Command } from 'commander'
import { configurable, type Flags, settingsFrom } from './settings-flags.ts'

export function addKeyCommands(program: Command): void {
  const keys = program.command('keys').description('signing keys')
  configurable(keys.command('list').description('show the signing keys and what each is good for')).action(
    async (flags: Flags) => (await import('../commands.ts')).listKeys(await settingsFrom(flags)),
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
    (await import('../commands.ts')).rotateKeys(await settingsFrom(flags), {
      emergency: flags.emergency === true,
    }),
  )
}
