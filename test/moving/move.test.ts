import { createHash } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { latchkey } from '../cli/run.ts'
import { newKey, refresh } from '../refresh/client.ts'
import { over, signUpAt } from '../refresh/over-http.ts'
import { Listener } from '../revocations/listener.ts'
import { PASSWORD } from '../support/auth.ts'
import { fill, newPlace, type Place, startTargets, targets } from './world.ts'

startTargets()

const BCRYPT = '$2b$04$Yam4fX3Zk8WrCQDhn05FwuvZyXsbWhC3hFBvAVGYMu6J72ONcudv6'

function login(url: string, email: string) {
  return over(url).send('POST', '/auth/login', { body: { email, password: PASSWORD } })
}

/** The digest of every row of every table, to tell whether two databases hold the same. */
function contentOf(place: Place): string {
  const tables = place.inFile(
    "select name from sqlite_master where type = 'table' and name not like 'sqlite_%' and name <> 'moved' order by name",
  )
  const digest = createHash('sha256')
  for (const { name } of tables) {
    for (const row of place.inFile(`select * from "${name}" order by 1`)) {
      digest.update(
        JSON.stringify(row, (_, value) =>
          value instanceof Uint8Array ? Buffer.from(value).toString('hex') : value,
        ),
      )
    }
  }
  return digest.digest('hex')
}

/** A row in the same words, whichever database it came from. */
function asTexts(row: Record<string, unknown>): string {
  return Object.values(row)
    .map((value) => (value instanceof Uint8Array ? Buffer.from(value).toString('hex') : String(value)))
    .map((text) => (/^[0-9a-f-]{36}$/.test(text) ? text.replaceAll('-', '') : text))
    .join(' ')
}

test('nobody notices a move: every device goes on, who was signed out stays out, and all that was issued is good', async () => {
  const place = await newPlace()
  const added = await latchkey(['services', 'add', 'orders'], { environment: place.environment })
  const service = {
    id: /svc_\S+/.exec(added.stdout)?.[0] as string,
    secret: /lks_\S+/.exec(added.stdout)?.[0] as string,
  }
  writeFileSync(`${place.path}.jsonl`, `{"email":"imported@example.com","passwordHash":"${BCRYPT}"}`)
  await latchkey(['users', 'import', `${place.path}.jsonl`], { environment: place.environment })
  const before = await place.onFile()
  const here = over(before.url)
  const [browser, native, waiting, ended, reader] = await Promise.all([
    signUpAt(before.url, 'browser'),
    signUpAt(before.url, 'native'),
    signUpAt(before.url, 'native'),
    signUpAt(before.url, 'native'),
    signUpAt(before.url, 'native'),
  ])
  const browserStep = await refresh(here, 'browser', browser.refreshToken, { key: newKey() })
  const lostKey = newKey()
  const lost = await refresh(here, 'native', waiting.refreshToken, { key: lostKey })
  const listener = await Listener.current(before.url, service)
  await here.send('DELETE', `/auth/sessions?all=true`, { bearer: reader.accessToken })
  await listener.hears({ sid: reader.sessionId })
  const lastEventId = listener.lastEventId()
  await here.send('POST', '/auth/logout', { body: { refreshToken: ended.refreshToken } })
  const keysBefore = (await here.send('GET', '/.well-known/jwks.json')).body
  await before.stop()

  const moved = await place.move()
  expect([moved.code, moved.stderr]).toEqual([0, ''])
  expect(moved.stdout).toMatch(/^Moved in \d+ s: 6 users, 5 sessions, .*1 services/)
  expect(moved.stdout).not.toContain('latchkey@')

  const after = await place.onPostgres()
  const there = over(after.url)
  expect((await there.send('GET', '/.well-known/jwks.json')).body).toEqual(keysBefore)
  const going = await refresh(there, 'browser', browserStep.refreshToken, { key: newKey() })
  expect(going.status).toBe(200)
  expect((await refresh(there, 'native', native.refreshToken)).status).toBe(200)
  const retried = await refresh(there, 'native', waiting.refreshToken, { key: lostKey })
  expect([retried.status, retried.refreshToken], 'the answer that was lost').toEqual([200, lost.refreshToken])
  expect((await refresh(there, 'native', ended.refreshToken)).body.error).toBe('SESSION_REVOKED')
  const reused = await refresh(there, 'browser', browser.refreshToken)
  expect(reused.body.error, 'a spent token is an alarm').toBe('REFRESH_REUSED')
  expect((await there.send('GET', '/auth/me', { bearer: native.accessToken })).status).toBe(200)
  expect((await there.send('GET', '/auth/me', { bearer: ended.accessToken })).status).toBe(401)
  expect((await login(after.url, native.email)).status).toBe(200)
  expect((await login(after.url, 'imported@example.com')).status).toBe(200)

  const resumed = await Listener.current(after.url, service, lastEventId)
  expect(resumed.snapshot(), 'it is no beginner').toEqual([])
  await resumed.hears({ sid: ended.sessionId })
  expect(resumed.revoked().map(({ sid }) => sid)).not.toContain(reader.sessionId)
  const another = await signUpAt(after.url, 'native')
  await there.send('POST', '/auth/logout', { body: { refreshToken: another.refreshToken } })
  await resumed.hears({ sid: another.sessionId })
}, 120_000)

test('every row arrives as it was, whatever is in it', async () => {
  const place = await newPlace()
  await (await place.onFile()).stop()
  fill(place, 2_500)
  const moved = await place.move('--json')
  expect(JSON.parse(moved.stdout)).toMatchObject({
    outcome: 'moved',
    rows: { users: 2_500, sessions: 2_500 },
  })
  for (const table of ['users', 'sessions', 'keys', 'services', 'upkeep']) {
    const columns = place.inFile(`select name from pragma_table_info('${table}')`)
    const query = `select ${columns.map(({ name }) => `"${name}"`).join(', ')} from "${table}"`
    const there = (await place.inPostgres(query)).map(asTexts).toSorted()
    expect(there, table).toEqual(place.inFile(query).map(asTexts).toSorted())
  }
}, 120_000)

test('a file that has moved takes no write: a start says where the data is, and a service that still runs answers 503', async () => {
  const place = await newPlace()
  const stale = await place.onFile()
  const device = await signUpAt(stale.url, 'native')
  expect((await place.move()).code).toBe(0)
  const content = contentOf(place)

  const writes = [
    await refresh(over(stale.url), 'native', device.refreshToken, { key: newKey() }),
    await login(stale.url, device.email),
    await over(stale.url).send('POST', '/auth/logout', { body: { refreshToken: device.refreshToken } }),
    await over(stale.url).send('DELETE', '/auth/sessions?all=true', { bearer: device.accessToken }),
    await over(stale.url).send('POST', '/auth/register', {
      body: { email: 'late@example.com', password: PASSWORD },
    }),
    await over(stale.url).send('GET', '/readyz'),
  ]
  for (const [i, { status, headers }] of writes.entries()) {
    expect(status, `${i}`).toBe(503)
    expect(headers.get('retry-after'), `${i}`).not.toBeNull()
  }
  expect(contentOf(place)).toBe(content)
  const started = await latchkey(['serve'], { environment: place.environment })
  expect(started.code).toBe(1)
  expect(started.stderr).toMatch(
    /LATCHKEY_DATABASE_URL: the data of this file was moved to PostgreSQL at \S+Z: set it to the database 127\.0\.0\.1:\d+\/moved_/,
  )
  const after = await place.onPostgres()
  expect((await refresh(over(after.url), 'native', device.refreshToken)).status).toBe(200)
  const again = await place.move()
  expect([again.code, again.stdout]).toEqual([0, expect.stringContaining('already')])
}, 120_000)

test('what is not an empty database is refused, and nothing has changed anywhere', async () => {
  const place = await newPlace()
  const service = await place.onFile()
  const device = await signUpAt(service.url, 'native')
  await service.stop()
  const content = contentOf(place)
  const other = await newPlace()
  await (await other.onPostgres()).stop()
  const { port } = targets()
  const refused = await Promise.all([
    latchkey(['move', '--to', other.to], { environment: place.environment }),
    latchkey(['move', '--to', `postgres://latchkey:geheim@127.0.0.1:${port}/missing`], {
      environment: place.environment,
    }),
    latchkey(['move', '--to', `postgres://latchkey:geheim@127.0.0.1:1/missing`], {
      environment: place.environment,
    }),
    latchkey(['move', '--to', 'mysql://root:geheim@127.0.0.1/x'], { environment: place.environment }),
    latchkey(['move', '--to', other.to], {
      environment: { ...place.common, LATCHKEY_DATABASE_URL: place.to },
    }),
    latchkey(['move', '--to', place.to], {
      environment: { ...place.common, LATCHKEY_DATABASE_URL: `sqlite:${place.path}.missing` },
    }),
  ])
  for (const [i, { code, stdout, stderr }] of refused.entries()) {
    expect([code, stdout], `${i}: ${stderr}`).toEqual([1, ''])
    expect(stderr, `${i}`).not.toMatch(/geheim|\n +at /)
  }
  expect(refused[0]?.stderr).toContain('--to: the database is not empty')
  expect(refused[1]?.stderr).toContain('there is no such database')
  expect(contentOf(place)).toBe(content)
  const dry = await place.move('--dry-run')
  expect(dry.stdout).toMatch(/^There is to move: 1 users, 1 sessions, .*\nIt takes about 2 s;/)
  expect(
    await place.inPostgres("select 1 from pg_tables where schemaname = 'public'"),
    'not even tables',
  ).toEqual([])
  const back = await place.onFile()
  expect((await refresh(over(back.url), 'native', device.refreshToken)).status).toBe(200)
}, 120_000)

test.each([
  ['had arrived', true],
  ['had not arrived', false],
])(
  'a move that was broken off between the mark and the commit, whose data %s, is finished by the same command',
  async (_, arrived) => {
    const place = await newPlace()
    const service = await place.onFile()
    const device = await signUpAt(service.url, 'native')
    await service.stop()
    expect((await place.move()).code).toBe(0)
    // What a kill leaves at that moment.
    place.inFile("update moved set state = 'finishing'")
    const tables = 'users, sessions, keys, services, revocations, upkeep'
    if (!arrived) await place.inPostgres(`truncate ${tables} restart identity`)
    const started = await latchkey(['serve'], { environment: place.environment })
    expect([started.code, started.stderr]).toEqual([
      1,
      expect.stringContaining('run the same `latchkey move`'),
    ])
    const elsewhere = await newPlace()
    const astray = await latchkey(['move', '--to', elsewhere.to], { environment: place.environment })
    expect([astray.code, astray.stderr]).toEqual([
      1,
      expect.stringContaining('was broken off at its last step'),
    ])

    const again = await place.move()
    expect([again.code, again.stderr]).toEqual([0, ''])
    expect(again.stdout).toContain(arrived ? 'is finished now' : 'Moved in')
    expect(place.inFile('select state from moved')).toEqual([{ state: 'done' }])
    const after = await place.onPostgres()
    expect((await refresh(over(after.url), 'native', device.refreshToken)).status).toBe(200)
  },
  120_000,
)
