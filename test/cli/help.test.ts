import { expect, test } from 'vitest'
import { SETTINGS } from '../../packages/server/src/cli/known-settings.ts'
import { latchkey } from './run.ts'

test('every command explains itself on standard output', async () => {
  const commands = [
    [],
    ['serve'],
    ['decode'],
    ['keys'],
    ['keys', 'list'],
    ['keys', 'rotate'],
    ['sessions'],
    ['sessions', 'revoke'],
    ['services'],
    ['services', 'add'],
    ['services', 'list'],
    ['services', 'remove'],
    ['gc'],
    ['migrate'],
  ]
  const answers = await Promise.all(commands.map((command) => latchkey([...command, '--help'])))
  for (const [i, { code, stdout, stderr }] of answers.entries()) {
    const name = `latchkey ${commands[i]?.join(' ')}`.trim()
    expect([code, stderr], name).toEqual([0, ''])
    expect(stdout, name).toContain(`Usage: ${name}`)
  }
})

test('the help of serve names every setting by its flag and its variable, and says which wins', async () => {
  const { stdout } = await latchkey(['serve', '--help'])
  const text = stdout.replaceAll(/\s+/g, ' ')
  for (const { flag, variable } of SETTINGS) {
    if (flag !== null) expect(text).toContain(`--${flag} `)
    expect(text, variable).toContain(variable)
  }
  expect(text).toContain('the config file, .env, the environment and flags, in rising priority')
})

test("a command's help names its own options first, then the settings that it shares with serve", async () => {
  for (const [command, own] of [
    [['services', 'add'], '--audience <url>'],
    [['keys', 'rotate'], '--emergency'],
    [['sessions', 'revoke'], '--before <time>'],
  ] as const) {
    const { stdout } = await latchkey([...command, '--help'])
    const [options = '', settings = ''] = stdout.split('Settings of the service:')
    expect(options).toContain(own)
    expect(options).not.toContain('--database')
    expect(settings).toContain('--database')
  }
})

test('a command, a flag or a value that is not there is said, with where to look, and ends with 1', async () => {
  const [nothing, typo, flag, missing, secret] = await Promise.all([
    latchkey([]),
    latchkey(['srve']),
    latchkey(['serve', '--acess-ttl', '1']),
    latchkey(['sessions', 'revoke']),
    latchkey(['serve', '--secret', 'on-the-command-line']),
  ])
  for (const { code, stdout } of [nothing, typo, flag, missing, secret])
    expect([code, stdout]).toEqual([1, ''])
  expect(nothing.stderr).toContain('Usage: latchkey')
  expect(typo.stderr).toContain('Did you mean serve?')
  expect(flag.stderr).toContain('Did you mean --access-ttl?')
  expect(missing.stderr).toContain('--before')
  expect(secret.stderr, 'a secret has no flag: everybody can list processes').toContain(
    "unknown option '--secret'",
  )
})
