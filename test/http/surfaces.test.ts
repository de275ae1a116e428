import { createHash, createPrivateKey, createSecretKey } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createAuth } from 'latchkey'
import { expect, test } from 'vitest'
import { createSealer, deriveKey } from '../../packages/server/src/keys/seal.ts'
import { CHEAP_HASHING, PASSWORD, startAuth, type TestAuth } from '../support/auth.ts'
import { contentOf } from '../support/stores/content.ts'
import { runSql, sessionsIn } from '../support/stores/look.ts'
import { newStore } from '../support/stores/store.ts'
import { PUBLIC_PATHS } from './endpoints.ts'

test('LK-05: what anybody may read tells of no user, no secret and no version of a part', async () => {
  const world = await startAuth()
  const user = await world.signUp('native', 'ada.lovelace@example.com')
  await world.send('POST', '/auth/refresh', { body: { refreshToken: user.refreshToken } })
  await world.send('POST', '/auth/refresh', { body: { refreshToken: 'wrong' } })
  const dependencies = Object.entries(
    (
      JSON.parse(readFileSync(new URL('../../packages/server/package.json', import.meta.url), 'utf8')) as {
        dependencies: Record<string, string>
      }
    ).dependencies,
  )
  for (const path of [...PUBLIC_PATHS, '/', '/nowhere']) {
    const answer = await world.auth.fetch(new Request(`${world.url}${path}`))
    const text = (await answer.text()) + JSON.stringify([...answer.headers])
    for (const [name, secret] of Object.entries({ ...user, secret: world.options.secret as string })) {
      expect(text.includes(secret), `${path} tells the ${name}`).toBe(false)
    }
    expect(text, path).not.toContain('lovelace')
    expect(text, path).not.toContain(placeOf(world))
    for (const [name, version] of dependencies) {
      expect(
        text.includes(`${name}@`) || text.includes(`"${version}"`),
        `${path} tells ${name} ${version}`,
      ).toBe(false)
    }
    expect(text, path).not.toContain(process.version)
  }
})

test('LK-05: the helpers of development, and paths of administration, are not there unless they are asked for', async () => {
  const { send, signUp } = await startAuth()
  const { accessToken } = await signUp('browser')
  const paths = [
    '/dev',
    '/dev/api/time',
    '/dev/expired-token',
    '/dev/replay',
    '/admin',
    '/debug',
    '/debug/vars',
  ]
  paths.push(
    '/version',
    '/status',
    '/server-status',
    '/actuator',
    '/actuator/env',
    '/graphql',
    '/console',
    '/env',
  )
  for (const path of paths) {
    for (const method of ['GET', 'POST']) {
      const { status, body } = await send(method, path, { bearer: accessToken })
      expect([status, body.error], `${method} ${path}`).toEqual([404, 'NOT_FOUND'])
    }
  }
})

test('LK-10: no file of the service is served but its pages: no way of writing a path leads to one', async () => {
  const world = await startAuth()
  const { auth, url } = world
  const files = [
    ...[
      '.env',
      '.git/config',
      '.git/HEAD',
      '.npmrc',
      '.DS_Store',
      'package.json',
      'package-lock.json',
      'tsconfig.json',
    ],
    ...[
      'latchkey.db',
      'latchkey.db-wal',
      'latchkey-data/latchkey.db',
      'latchkey-data/secret',
      'secret',
      'latchkey.config.ts',
    ],
    ...[
      'backup.zip',
      'dump.sql',
      'latchkey.db.bak',
      'index.html~',
      'index.js.map',
      'assets/index.js.map',
      'web.config',
    ],
    ...[
      'src/index.ts',
      'dist/index.js',
      'node_modules/hono/package.json',
      'index.html',
      'docs.html',
      'decoder.html',
      'index.php',
    ],
    ...['etc/passwd', 'proc/self/environ', placeOf(world).slice(1)],
  ]
  const prefixes = [
    '',
    '/',
    '../',
    '../../../../../../../../',
    '..%2f..%2f..%2f..%2f',
    '%2e%2e/%2e%2e/%2e%2e/',
    '....//....//',
  ]
  prefixes.push(
    '..%5c..%5c',
    '..;/..;/',
    '.%00/',
    'assets/../../../../',
    'assets/..%2f..%2f..%2f',
    'static/',
    '%252e%252e%252f',
  )
  for (const file of files) {
    for (const prefix of prefixes) {
      for (const suffix of ['', '%00.html', '?raw', '#x', '%20', '::$DATA']) {
        const path = `/${prefix}${file}${suffix}`
        const answer = await auth.fetch(new Request(`${url}${path}`))
        expect(answer.status, path).toBe(404)
      }
    }
  }
})

test('KM-14 LK-03: a copy of the database holds no refresh token, no password and no key that signs', async () => {
  const world = await startAuth()
  const { refreshToken, accessToken } = await world.signUp('native')
  const idempotencyKey = 'an-idempotency-key-0001'
  await world.send('POST', '/auth/refresh', {
    body: { refreshToken },
    headers: { 'idempotency-key': idempotencyKey },
  })
  const copy = await copyOf(world)
  const mac = Buffer.from(refreshToken.slice(4), 'base64url').subarray(22)
  for (const secret of [
    refreshToken,
    accessToken,
    PASSWORD,
    idempotencyKey,
    world.options.secret as string,
    mac.toString('latin1'),
  ]) {
    expect(copy.includes(secret)).toBe(false)
  }
  const [key] = await runSql(world.store, "select id, sealed from keys where purpose = 'signing'")
  const { id, sealed } = key as { id: string; sealed: Uint8Array }
  const [user] = await runSql(world.store, 'select password_phc from users')
  expect(user?.password_phc).toMatch(/^\$argon2id\$/)
  for (const format of ['der', 'pem', 'jwk'] as const) {
    expect(
      () => createPrivateKey({ key: Buffer.from(sealed), format, type: 'pkcs8' } as never),
      format,
    ).toThrow()
  }

  const guess = createSealer([deriveKey(createSecretKey(Buffer.alloc(32, 7)), 'seal')])
  expect(guess.open(sealed, `signing/${id}`), 'another secret does not open it').toBeNull()
  const secret = createSecretKey(Buffer.from(world.options.secret as string, 'base64url'))
  const right = createSealer([deriveKey(secret, 'seal')])
  expect(right.open(sealed, `pepper/${id}`), 'moved to another purpose it does not open').toBeNull()
  expect(right.open(sealed, 'signing/kother'), 'moved to another row it does not open').toBeNull()
  const changed = Uint8Array.from(sealed, (byte, i) => (i === sealed.length - 1 ? byte ^ 1 : byte))
  expect(right.open(changed, `signing/${id}`), 'changed in one bit it does not open').toBeNull()
  expect(right.open(sealed, `signing/${id}`)).not.toBeNull()
})

test('LK-04: of a refresh token the store keeps nothing, of an Idempotency-Key 128 bits of its SHA-256', async () => {
  const world = await startAuth()
  const { refreshToken } = await world.signUp('native')
  const key = 'an-idempotency-key-0001'
  await world.send('POST', '/auth/refresh', { body: { refreshToken }, headers: { 'idempotency-key': key } })
  const copy = await copyOf(world)
  const mac = Buffer.from(refreshToken.slice(4), 'base64url').subarray(22)
  const digestOf = (text: string) => createHash('sha256').update(text).digest()
  const traces = [mac, mac.subarray(0, 16), digestOf(refreshToken), digestOf(refreshToken).subarray(0, 16)]
  for (const trace of traces) {
    for (const form of ['latin1', 'hex', 'base64', 'base64url'] as const) {
      expect(copy.includes(trace.toString(form))).toBe(false)
    }
  }
  expect((await sessionsIn(world.store))[0]?.seed).toHaveLength(16)
  const digest = digestOf(key)
  expect(copy.includes(digest.subarray(0, 16).toString('latin1'))).toBe(true)
  expect(copy.includes(digest.subarray(0, 17).toString('latin1'))).toBe(false)
})

test('LK-03: the secret alone, without the database, is no key to anything', async () => {
  const world = await startAuth()
  const { refreshToken, accessToken } = await world.signUp('native')
  const elsewhere = await createAuth({
    url: world.url,
    secret: world.options.secret as string,
    ...(await newStore()),
    passwordHashing: CHEAP_HASHING,
  })
  try {
    const ask = (path: string, init: RequestInit) => elsewhere.fetch(new Request(`${world.url}${path}`, init))
    const me = await ask('/auth/me', { headers: { authorization: `Bearer ${accessToken}` } })
    expect(me.status).toBe(401)
    const refresh = await ask('/auth/refresh', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ refreshToken }),
    })
    expect(refresh.status).toBe(401)
  } finally {
    await elsewhere.close()
  }
})

/** Everything that the store holds, a byte a character. */
async function copyOf({ store }: TestAuth): Promise<string> {
  const kept = await contentOf(store)
  return kept.map(({ content }) => content.toString('latin1')).join('')
}

/** Its file, or its address. */
function placeOf({ store }: TestAuth): string {
  return store.database.replace('sqlite:', '')
}
