import { execFileSync } from 'node:child_process'
import { chownSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { ConfigError } from '../../errors.ts'
import { queryPostgres } from '../testing/servers/by-hand.ts'
import { type PostgresServer, startPostgres } from '../testing/servers/postgres.ts'
import { identityOf, newServerFolder } from '../testing/servers/server-process.ts'
import { LATER, rotationOf, signedIn } from '../testing/world.ts'
import { openPostgres } from './postgres.ts'
import { noticesOfTransport } from './postgres-start.ts'
import { open, storesOf } from './testing/postgres-world.ts'

const PASSWORD = 'pa55-word-of-the-test'

let server: PostgresServer
let folder: string
beforeAll(async () => {
  const identity = identityOf('postgres')
  folder = newServerFolder('tls', identity)
  makeCertificates(folder)
  const hba = join(folder, 'pg_hba.conf')
  writeFileSync(
    hba,
    `host    all latchkey 127.0.0.1/32 trust
hostssl all encrypted 127.0.0.1/32 trust
host    all named     127.0.0.1/32 scram-sha-256\n`,
  )
  if (identity !== undefined) {
    for (const name of readdirSync(folder)) chownSync(join(folder, name), identity.uid, identity.gid)
  }
  server = await startPostgres({
    fsync: 'off',
    synchronous_commit: 'off',
    full_page_writes: 'off',
    hba_file: hba,
    ssl: 'on',
    ssl_cert_file: join(folder, 'server.crt'),
    ssl_key_file: join(folder, 'server.key'),
  })
  await queryPostgres(
    await server.createDatabase('app'),
    `create role encrypted login; create role named login password '${PASSWORD}';
     grant all on schema public to encrypted, named`,
  )
})
afterAll(() => server.process.remove())

describe('TLS', () => {
  test('is spoken with the server whose certificate the named authority has signed', async () => {
    const database = await open({
      url: urlFor('encrypted', `sslmode=verify-full&sslrootcert=${folder}/ca.crt`),
    })
    await database.ping()
    const connections = await queryPostgres(
      server.urlOf('app'),
      `select distinct ssl from pg_stat_ssl join pg_stat_activity using (pid) where usename = 'encrypted'`,
    )
    expect(connections).toEqual([{ ssl: true }])
  })

  test.each([
    ['another authority', 'sslmode=verify-full&sslrootcert=FOLDER/other.crt', '127.0.0.1', 'sslrootcert'],
    ['an authority that the system knows', 'sslmode=verify-full', '127.0.0.1', 'sslrootcert'],
    [
      'this authority, under another name',
      'sslmode=verify-full&sslrootcert=FOLDER/ca.crt',
      'localhost',
      'sslmode',
    ],
    [
      'an authority whose file is not there',
      'sslmode=verify-full&sslrootcert=FOLDER/none.crt',
      '127.0.0.1',
      'none.crt',
    ],
  ])('is refused where the certificate was to be of %s', async (_, parameters, host, named) => {
    const url = urlFor('encrypted', parameters.replace('FOLDER', folder)).replace('127.0.0.1', host)
    await expectConfigError(url, named)
  })

  test('is asked for where the server takes nothing else', async () => {
    await expectConfigError(urlFor('encrypted'), 'TLS')
  })

  test('is not given up where the server does not speak it', async () => {
    const plain = await startPostgres({ fsync: 'off' })
    onTestFinished(() => plain.process.remove())
    await expectConfigError(
      `${plain.urlOf('postgres')}?sslmode=verify-full&sslrootcert=${folder}/ca.crt`,
      'sslmode',
    )
  })

  test.each([
    ['a connection that others can read', { host: 'db.example.com', ssl: false }, 'not encrypted'],
    [
      'a server that anybody could be',
      { host: 'db.example.com', ssl: { rejectUnauthorized: false } },
      'anybody',
    ],
  ])('is recommended at a start with %s', (_, connection, words) => {
    expect(noticesOfTransport(connection)).toEqual([expect.stringContaining(words)])
  })

  test.each([
    ['with it', { host: 'db.example.com', ssl: {} }],
    ['to this machine', { host: '127.0.0.1', ssl: false }],
    ['to a socket', { host: '/run/postgresql', ssl: false }],
  ])('is no matter of a connection %s', (_, connection) => {
    expect(noticesOfTransport(connection)).toEqual([])
  })
})

describe('a start', () => {
  test('with the wrong password, no password, an unknown user or database says so, and does not show the URL', async () => {
    await expectConfigError(urlFor('named').replace('named@', `named:${PASSWORD}x@`), 'password')
    await expectConfigError(urlFor('named'), 'password')
    await expectConfigError(urlFor('nobody'), 'user')
    await expectConfigError(server.urlOf('missing'), 'no such database')
  })

  test('without the right to make tables says so', async () => {
    const url = await server.createDatabase('granted')
    await queryPostgres(
      url,
      `revoke create on schema public from public; revoke all on schema public from named`,
    )
    await expectConfigError(url.replace('latchkey@', `named:${PASSWORD}@`), 'right')
  })

  test('as a user who may only read says so, instead of serving what nobody can write', async () => {
    const url = await server.createDatabase('read')
    await (await open({ url })).close()
    await queryPostgres(
      url,
      'grant usage on schema public to named; grant select on all tables in schema public to named',
    )
    await expectConfigError(url.replace('latchkey@', `named:${PASSWORD}@`), 'to read and write keys')
  })

  test('as a user that owns nothing serves with the rights that the guide names', async () => {
    const url = await server.createDatabase('owned')
    await (await open({ url })).close()
    await queryPostgres(
      url,
      `revoke all on schema public from public; grant usage on schema public to named;
       grant select, insert, update, delete on all tables in schema public to named;
       grant usage on all sequences in schema public to named`,
    )
    const database = await open({ url: url.replace('latchkey@', `named:${PASSWORD}@`), autoMigrate: false })
    const stores = storesOf(database)
    const { account, opened } = await signedIn(stores, 2)
    await database.ping()
    expect(await stores.sessions.rotateMany([rotationOf(opened[0]!)])).toEqual([true])
    expect(await stores.accounts.delete(account.id, LATER)).toBe(true)
    expect(await stores.revocations.after(0, 10)).toHaveLength(2)
    expect(await stores.revocations.forget(LATER * 2, 10)).toBe(2)
  })

  test('with a database that cannot keep every name says so', async () => {
    await queryPostgres(
      server.urlOf('postgres'),
      `create database latin encoding 'LATIN1' locale 'C' template template0`,
    )
    await expectConfigError(server.urlOf('latin'), 'UTF8')
  })

  test('names every setting of the server that loses what was confirmed', async () => {
    const { notices } = await open({ url: server.urlOf('app') })
    for (const setting of ['fsync', 'synchronous_commit', 'full_page_writes']) {
      expect(notices.filter((notice) => notice.includes(`${setting} off`))).toHaveLength(1)
    }
    await queryPostgres(
      server.urlOf('app'),
      'alter role latchkey in database app set synchronous_commit = local',
    )
    const { notices: later } = await open({ url: server.urlOf('app') })
    expect(later.filter((notice) => notice.includes('synchronous_commit local'))).toHaveLength(1)
  })
})

function urlFor(user: string, parameters = ''): string {
  return `${server.urlOf('app').replace('latchkey@', `${user}@`)}?${parameters}`
}

async function expectConfigError(url: string, named: string): Promise<void> {
  const error = await openPostgres({ url }).then(
    () => undefined,
    (reason: unknown) => reason,
  )
  expect(error).toBeInstanceOf(ConfigError)
  const { message } = error as ConfigError
  expect(message).toContain('LATCHKEY_DATABASE_URL')
  expect(message).toContain(named)
  expect(message).not.toContain(PASSWORD)
}

/** Two authorities, and a certificate of the first for 127.0.0.1. */
function makeCertificates(into: string): void {
  const make = (...rest: string[]) =>
    execFileSync(
      'openssl',
      [
        'req',
        '-x509',
        '-newkey',
        'ec',
        '-pkeyopt',
        'ec_paramgen_curve:prime256v1',
        '-nodes',
        '-days',
        '2',
        ...rest,
      ],
      { cwd: into, stdio: 'ignore' },
    )
  make('-subj', '/CN=authority', '-keyout', 'ca.key', '-out', 'ca.crt')
  make('-subj', '/CN=other', '-keyout', 'other.key', '-out', 'other.crt')
  const signed = ['-CA', 'ca.crt', '-CAkey', 'ca.key', '-addext', 'subjectAltName=IP:127.0.0.1']
  const leaf = ['-addext', 'basicConstraints=critical,CA:FALSE']
  make('-subj', '/CN=database', ...signed, ...leaf, '-keyout', 'server.key', '-out', 'server.crt')
}
