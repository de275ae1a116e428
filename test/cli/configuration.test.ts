// The command line as operators use it: texts, exit codes, signals, files.
// It owns no test of what the service answers: that is in test/http.
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { existsSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { PASSWORD, sendTo, temporaryFolder } from '../support/auth.ts'
import { latchkey, serve } from './run.ts'

const SECRET = randomBytes(32).toString('base64url')
const PRODUCTION = {
  NODE_ENV: 'production',
  LATCHKEY_URL: 'https://auth.example.com',
  LATCHKEY_SECRET: SECRET,
}

test('KM-09: in production it does not start without a secret that is long and random, nor insecurely', async () => {
  const refused: [environment: Record<string, string>, says: string][] = [
    [{ LATCHKEY_SECRET: '' }, 'LATCHKEY_SECRET: is needed: 32 random bytes or more'],
    [{ LATCHKEY_SECRET: 'hunter2' }, 'LATCHKEY_SECRET: is too short'],
    [{ LATCHKEY_SECRET: 'changeme'.repeat(8) }, 'LATCHKEY_SECRET: is not random, it looks like an example'],
    [{ LATCHKEY_SECRET: `${SECRET},hunter2` }, 'LATCHKEY_SECRET: is too short'],
    [{ LATCHKEY_URL: 'http://auth.example.com' }, 'LATCHKEY_URL: must be https in production'],
    [{ LATCHKEY_URL: 'http://' }, 'LATCHKEY_URL: is not an origin'],
  ]
  const folder = temporaryFolder()
  const answers = await Promise.all(
    refused.map(([environment]) =>
      latchkey(['serve'], { environment: { ...PRODUCTION, ...environment }, workingFolder: folder }),
    ),
  )
  for (const [i, { code, stdout, stderr }] of answers.entries()) {
    const [environment, says] = refused[i] as (typeof refused)[number]
    expect([code, stdout], says).toEqual([1, ''])
    expect(stderr, says).toContain(says)
    expect(stderr, says).not.toMatch(/ at .*:\d+:\d+/)
    const given = environment.LATCHKEY_SECRET ?? ''
    if (given !== '') expect(stderr, 'the secret is not repeated').not.toContain(given)
  }
  expect(readdirSync(folder), 'no secret was made up, no database').toEqual([])
})

test('the helpers of development are refused in production, by file as by .env', async () => {
  const folder = temporaryFolder()
  writeFileSync(join(folder, 'latchkey.config.json'), JSON.stringify({ developmentHelpers: true }))
  writeFileSync(join(folder, '.env'), 'NODE_ENV=production\n')
  const { NODE_ENV: _, ...environment } = PRODUCTION
  const { code, stderr } = await latchkey(['serve'], { environment, workingFolder: folder })
  expect(code).toBe(1)
  expect(stderr).toContain('developmentHelpers in latchkey.config.json: must be off in production')
})

test('everything that is wrong is listed at once, each under the name that it was given by', async () => {
  const folder = temporaryFolder()
  const config = {
    signingAlgorithm: 'HS256',
    cookie: { sameSite: 'None' },
    acessTtlSeconds: 5,
    maxSessionsPerUser: 0,
  }
  writeFileSync(join(folder, 'latchkey.config.json'), JSON.stringify(config))
  writeFileSync(join(folder, '.env'), 'LATCHKEY_TRUST_PROXY=all\n')
  const { code, stdout, stderr } = await latchkey(
    ['serve', '--trusted-origins', '*', '--hash-memory', 'lots'],
    {
      environment: {
        ...PRODUCTION,
        LATCHKEY_SECRET: 'short',
        LATCHKEY_ACCESS_TTL: '15m',
        LATCHKEY_DATABASE_URL: 'mysql://localhost/x',
        LATCHKEY_HASH_MEMORY: '',
      },
      workingFolder: folder,
    },
  )
  expect([code, stdout]).toEqual([1, ''])
  const named = [
    'LATCHKEY_SECRET',
    'LATCHKEY_ACCESS_TTL',
    'LATCHKEY_DATABASE_URL',
    'LATCHKEY_TRUST_PROXY',
    '--trusted-origins',
    '--hash-memory',
    'signingAlgorithm in latchkey.config.json',
    'cookie in latchkey.config.json',
    'maxSessionsPerUser in latchkey.config.json',
    'acessTtlSeconds in latchkey.config.json',
  ]
  for (const name of named) expect(stderr).toContain(`\n  ${name}: `)
})

test('a port that is taken is said in words, with what to do', async () => {
  const blocker = createServer().listen(0, '127.0.0.1')
  await once(blocker, 'listening')
  onTestFinished(() => void blocker.close())
  const { port } = blocker.address() as AddressInfo
  const folder = temporaryFolder()
  const [byVariable, byFlag] = await Promise.all([
    latchkey(['serve'], { environment: { PORT: String(port) }, workingFolder: folder }),
    latchkey(['serve', '--port', String(port)], { workingFolder: folder }),
  ])
  expect([byVariable.code, byVariable.stdout]).toEqual([1, ''])
  expect(byVariable.stderr).toContain(`PORT ${port}: is taken by another program`)
  expect(byFlag.stderr).toContain(`--port ${port}: is taken by another program`)
})

test('flags beat the environment, the environment beats .env, .env beats the config file: in the running service too', async () => {
  const folder = temporaryFolder()
  const config = {
    url: 'http://file.localhost',
    accessTtlSeconds: 11,
    idleTtlSeconds: 12,
    cookie: { name: 'file' },
  }
  writeFileSync(join(folder, 'latchkey.config.json'), JSON.stringify(config))
  writeFileSync(
    join(folder, '.env'),
    'LATCHKEY_URL=http://dotenv.localhost\nLATCHKEY_IDLE_TTL=22\nLATCHKEY_ACCESS_TTL=21\n',
  )
  const { process, ended } = await serve(['--access-ttl', '41'], {
    environment: { LATCHKEY_IDLE_TTL: '32', LATCHKEY_COOKIE_PATH: '' },
    workingFolder: folder,
  })
  process.kill('SIGTERM')
  const { stdout, code } = await ended
  expect(code).toBe(0)
  expect(stdout).toContain('Its public origin is http://dotenv.localhost')

  const again = await serve(['--access-ttl', '41', '--url', 'http://localhost'], {
    environment: { LATCHKEY_IDLE_TTL: '32' },
    workingFolder: folder,
  })
  const { body, headers } = await sendTo(fetch, again.url, 'POST', '/auth/register', {
    body: { email: 'ada@example.com', password: PASSWORD },
  })
  expect(body.expiresIn, 'a flag').toBe(41)
  expect(headers.get('set-cookie'), 'the file, and the environment').toMatch(/^__Host-file=.*Max-Age=32$/)
})

test('a development service makes its secret and its data for its user alone', async () => {
  const folder = temporaryFolder()
  const { process, ended } = await serve([], { workingFolder: folder })
  process.kill('SIGTERM')
  expect((await ended).code).toBe(0)
  const data = join(folder, 'latchkey-data')
  expect(statSync(data).mode & 0o777).toBe(0o700)
  expect(statSync(join(data, 'secret')).mode & 0o777).toBe(0o600)
  expect(statSync(join(data, 'latchkey.db')).mode & 0o777).toBe(0o600)
  for (const side of ['latchkey.db-wal', 'latchkey.db-shm']) {
    if (existsSync(join(data, side))) expect(statSync(join(data, side)).mode & 0o777, side).toBe(0o600)
  }
})

test('KM-09: a secret that others can read stops the start, in every command that needs it', async () => {
  const folder = temporaryFolder()
  mkdirSync(join(folder, 'latchkey-data'))
  writeFileSync(join(folder, 'latchkey-data', 'secret'), `${SECRET}\n`, { mode: 0o644 })
  const commands = [['serve'], ['keys', 'list'], ['sessions', 'revoke', '--before', '2026-01-01T00:00:00Z']]
  const answers = await Promise.all(commands.map((command) => latchkey(command, { workingFolder: folder })))
  for (const { code, stderr } of answers) {
    expect(code).toBe(1)
    expect(stderr).toContain('can be read by others. Run: chmod 600')
    expect(stderr).not.toContain(SECRET)
  }
})

test('a secret that does not fit the database is said in words, and changes nothing', async () => {
  const folder = temporaryFolder()
  const environment = { LATCHKEY_SECRET: SECRET, LATCHKEY_DATABASE_URL: `sqlite:${folder}/latchkey.db` }
  expect((await latchkey(['keys', 'list'], { environment })).code).toBe(0)
  const other = { ...environment, LATCHKEY_SECRET: randomBytes(32).toString('base64url') }
  const refused = await latchkey(['serve'], { environment: other })
  expect([refused.code, refused.stdout]).toEqual([1, ''])
  expect(refused.stderr).toContain('LATCHKEY_SECRET: does not open the keys in this database')

  const changed = await latchkey(['keys', 'list'], {
    environment: { ...other, LATCHKEY_SECRET: `${other.LATCHKEY_SECRET},${SECRET}` },
  })
  expect(changed.code, 'the new one first, the old one after it').toBe(0)
  expect((await latchkey(['keys', 'list'], { environment: other })).code, 'and then the new one alone').toBe(
    0,
  )
})
