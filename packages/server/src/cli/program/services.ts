import type { Command } from 'commander'
import { configurable, type Flags, settingsFrom } from './settings-flags.ts'

export function addServiceCommands(program: Command): void {
  const services = program.command('services').description('APIs and gateways that may ask about tokens')
  configurable(
    services
      .command('add')
      .description('register a service, and show its client id and secret once')
      .argument('<name>', 'a name for people')
      .option('--audience <url>', 'introspection answers it for tokens of this audience alone (every one)'),
    { but: 'audience' },
  ).action(async (name: string, { audience, ...flags }: Flags) =>
    (await import('../commands.ts')).addService(
      await settingsFrom(flags),
      name,
      audience === undefined ? undefined : String(audience),
    ),
  )
  configurable(services.command('list').description('show the registered services')).action(
    async (flags: Flags) => (await import('../commands.ts')).listServices(await settingsFrom(flags)),
  )
  configurable(services.command('remove').description('refuse a service from now on'))
    .argument('<id>', 'its client id')
    .action(async (id: string, flags: Flags) =>
      (await import('../commands.ts')).removeService(await settingsFrom(flags), id),
    )
}
