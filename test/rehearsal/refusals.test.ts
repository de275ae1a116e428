import { randomBytes } from 'node:crypto'
import { readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { latchkey, serve } from '../cli/run.ts'
import { temporaryFolder } from '../support/auth.ts'

const PRODUCTION = {
  NODE_ENV: 'production',
  LATCHKEY_URL: 'http://localhost:3000',
  LATCHKEY_SECRET: randomBytes(32).toString('base64url'),
}

test('it is refused in production, and where another machine could reach the service', async () => {
  const refused: [environment: Record<string, string>, flags: string[], says: string][] = [
    [PRODUCTION, [], 'LATCHKEY_REHEARSE: is for development alone, and NODE_ENV is production'],
    [
      {},
      ['--host', '0.0.0.0'],
      'LATCHKEY_REHEARSE: is for this machine alone: --host must be a loopback address',
    ],
    [{ HOST: '::' }, [], 'LATCHKEY_REHEARSE: is for this machine alone: HOST must be a loopback address'],
    [
      { LATCHKEY_URL: 'https://auth.example.com' },
      ['--rehearse', 'portal=1%'],
      '--rehearse: is for this machine alone: LATCHKEY_URL must be a loopback origin',
    ],
  ]
  const folder = temporaryFolder()
  const answers = await Promise.all(
    refused.map(([environment, flags]) =>
      latchkey(['serve', ...flags], {
        environment: { LATCHKEY_REHEARSE: 'delay=1s', ...environment },
        workingFolder: folder,
      }),
    ),
  )
  for (const [i, { code, stdout, stderr }] of answers.entries()) {
    const says = refused[i]?.[2] ?? ''
    expect([code, stdout], says).toEqual([1, ''])
    expect(stderr, says).toContain(`\n  ${says}`)
  }
  expect(
    readdirSync(folder).filter((name) => name !== 'latchkey-data'),
    'no database',
  ).toEqual([])
})

test('other commands of a production service refuse it too, rather than run on a clock that is off', async () => {
  const environment = { ...PRODUCTION, LATCHKEY_REHEARSE: 'clock=+1h' }
  const { code, stderr } = await latchkey(['keys', 'list'], { environment, workingFolder: temporaryFolder() })
  expect(code).toBe(1)
  expect(stderr).toContain('LATCHKEY_REHEARSE: is for development alone')
})

test('each item that cannot be read is listed under the name that the list was given by', async () => {
  const folder = temporaryFolder()
  writeFileSync(
    join(folder, 'latchkey.config.json'),
    JSON.stringify({ rehearse: ['delay=soon', 'nonsense=1%'] }),
  )
  const [byFile, byFlag] = await Promise.all([
    latchkey(['serve'], { workingFolder: folder }),
    latchkey(['serve', '--rehearse', 'drop-refresh-answer=ten%'], { workingFolder: folder }),
  ])
  expect([byFile.code, byFile.stdout, byFlag.code, byFlag.stdout]).toEqual([1, '', 1, ''])
  expect(byFile.stderr).toContain(
    '\n  rehearse in latchkey.config.json: delay=soon: delay takes a time such as 500ms',
  )
  expect(byFile.stderr).toContain(
    '\n  rehearse in latchkey.config.json: nonsense=1%: there is no such fault. There are drop-request, ',
  )
  expect(byFlag.stderr).toContain(
    '\n  --rehearse: drop-refresh-answer=ten%: drop-refresh-answer takes a share',
  )
})

test('a config file may hold the list as a text', async () => {
  const folder = temporaryFolder()
  writeFileSync(
    join(folder, 'latchkey.config.json'),
    JSON.stringify({ rehearse: 'unavailable=100%,delay=1ms' }),
  )
  const { url } = await serve([], { workingFolder: folder })
  expect((await fetch(`${url}/auth/me`)).status).toBe(503)
})

test('the help of serve explains every fault; that of other commands does not', async () => {
  const [help, other] = await Promise.all([
    latchkey(['serve', '--help']),
    latchkey(['keys', 'list', '--help']),
  ])
  for (const part of ['drop-refresh-answer=WHEN', 'delay=TIME', 'clock=OFFSET', 'seed=NUMBER', '10s/60s']) {
    expect(help.stdout).toContain(part)
    expect(other.stdout).not.toContain(part)
  }
})
