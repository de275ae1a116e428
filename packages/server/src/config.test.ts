import { randomBytes } from 'node:crypto'
import { inspect } from 'node:util'
import { expect, test } from 'vitest'
import { type AuthOptions, findOptionProblems, isLoopback, resolveOptions } from './config.ts'
import { ConfigError } from './errors.ts'

const SECRET = randomBytes(32).toString('base64url')
const GOOD: AuthOptions = { url: 'https://auth.example.com', secret: SECRET }

/** Options as somebody may pass them who has no compiler. */
function problemsOf(options: object, production = false): Record<string, string> {
  const problems = findOptionProblems({ ...GOOD, ...options } as AuthOptions, production)
  return Object.fromEntries(problems.map(({ setting, problem }) => [setting, problem]))
}

test('an origin and a secret are enough: everything else has the default that the guide names', () => {
  const { secrets, onEvent, onError, onUpkeep, now, ...settings } = resolveOptions(GOOD, true)
  expect(secrets).toHaveLength(1)
  expect(now).toBe(Date.now)
  expect(settings).toEqual({
    url: 'https://auth.example.com',
    database: { kind: 'sqlite', path: './latchkey-data/latchkey.db' },
    databasePool: 10,
    databaseTimeoutSeconds: 5,
    redis: null,
    redisPrefix: 'latchkey',
    autoMigrate: true,
    upkeep: true,
    sessionRetentionSeconds: 604_800,
    audience: ['https://auth.example.com'],
    accessTtlSeconds: 900,
    idleTtlSeconds: 604_800,
    sessionTtlSeconds: 2_592_000,
    reuseGraceSeconds: 0,
    requireAccessTokenOnRefresh: false,
    trustedOrigins: [],
    nativeOrigins: [],
    trustProxy: [],
    cookie: { name: 'latchkey', path: '/', domain: null, sameSite: 'strict' },
    signingAlgorithm: 'ES256',
    accessTokenType: 'at+jwt',
    keyRotationSeconds: 7_776_000,
    maxSessionsPerUser: 100,
    passwordHashing: expect.objectContaining({
      memoryKiB: 19_456,
      iterations: 2,
      parallelism: 1,
      maxQueue: 100,
    }),
    rateLimits: true,
    limits: {
      passwordTries: 10,
      passwordTriesPerAddress: 300,
      signUpsPerAddress: 500,
      refreshesPerSession: 600,
    },
    claims: null,
    developmentHelpers: false,
  })
})

test('every wrong option is named at once, with what to write instead', () => {
  const wrong = {
    url: 'auth.example.com',
    secret: 'short',
    database: 'mysql://x',
    audience: [],
    accessTtlSeconds: 0,
    idleTtlSeconds: 1.5,
    sessionTtlSeconds: '3600',
    reuseGraceSeconds: 301,
    trustedOrigins: ['https://app.example.com/'],
    trustProxy: ['10.0.0.0/33'],
    cookie: { name: '__Host-x', path: 'auth', domain: 'Example.com', sameSite: 'None' },
    signingAlgorithm: 'HS256',
    accessTokenType: 'jwt',
    keyRotationSeconds: 60,
    maxSessionsPerUser: 0,
    passwordHashing: { memoryKiB: 1_024, iterations: 0, workers: 0.5, maxQueue: -1 },
    claims: {},
    acessTtlSeconds: 60,
  }
  const problems = problemsOf(wrong)
  expect(Object.keys(problems).toSorted()).toEqual(
    [
      ...Object.keys(wrong).filter((name) => name !== 'cookie' && name !== 'passwordHashing'),
      ...['name', 'path', 'domain', 'sameSite'].map((name) => `cookie.${name}`),
      ...['memoryKiB', 'iterations', 'workers', 'maxQueue'].map((name) => `passwordHashing.${name}`),
    ].toSorted(),
  )
  expect(problems.url).toContain('https://auth.example.com')
  expect(problems.acessTtlSeconds).toBe('is not an option')

  const refused = () => resolveOptions({ ...GOOD, ...wrong } as unknown as AuthOptions, false)
  expect(problems.audience).toBe('must be a text, or a list of texts')
  expect(refused).toThrow(ConfigError)
  expect(refused).toThrow(/^24 settings are wrong:\n/)
})

test('no message repeats a secret', () => {
  const nearly = randomBytes(20).toString('base64url')
  for (const secret of [
    nearly,
    [SECRET, nearly],
    'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa',
  ]) {
    const problems = JSON.stringify(problemsOf({ secret }, true))
    for (const text of [secret].flat()) expect(problems).not.toContain(text)
  }
  const printed = inspect(resolveOptions(GOOD, false), { depth: 9 })
  expect(printed).not.toContain(SECRET)
  expect(printed).not.toContain(Buffer.from(SECRET, 'base64url').toString('hex'))
})

test('the public origin is written in one form: with its scheme, without a path, as browsers write it', () => {
  const good = [
    'https://auth.example.com',
    'http://localhost:3000',
    'https://a.b:8443',
    'http://127.0.0.1',
    'http://[::1]:1',
  ]
  for (const url of good) expect(problemsOf({ url }), url).toEqual({})
  expect(resolveOptions({ ...GOOD, url: 'https://auth.example.com/' }, false).url).toBe(
    'https://auth.example.com',
  )
  const wrong = [
    ...[
      '',
      'auth.example.com',
      'https://',
      'http://',
      '//auth.example.com',
      'https://auth.example.com/auth',
      'null',
      '*',
    ],
    ...[
      'https://auth.example.com?x',
      'https://auth.example.com#x',
      'https://u:p@auth.example.com',
      'https://auth.example.com//',
    ],
    ...[
      'https://Auth.example.com',
      'https://auth.example.com:443',
      'http://localhost:80',
      'ftp://x',
      'javascript:alert(1)',
    ],
    ...[
      'https://bücher.example',
      ' https://auth.example.com',
      'http://a b',
      undefined,
      null,
      7,
      {},
      ['https://x.example'],
    ],
  ]
  for (const production of [false, true]) {
    for (const url of wrong) expect(problemsOf({ url }, production), String(url)).toHaveProperty('url')
  }
})

test('origins of pages and of shells are written as browsers send them', () => {
  for (const origin of [
    'https://app.example.com',
    'http://localhost:5173',
    'https://xn--bcher-kva.example',
  ]) {
    expect(problemsOf({ trustedOrigins: [origin] }), origin).toEqual({})
  }
  const wrong = [
    '*',
    'null',
    '',
    'app.example.com',
    'https://app.example.com/',
    'https://*.example.com',
    'https://A.example',
  ]
  wrong.push(
    'capacitor://localhost',
    'https://app.example.com:443',
    'https://u@app.example.com',
    'HTTPS://app.example.com',
  )
  for (const origin of wrong)
    expect(problemsOf({ trustedOrigins: [origin] }), origin).toHaveProperty('trustedOrigins')

  for (const origin of [
    'capacitor://localhost',
    'ionic://localhost',
    'http://localhost',
    'tauri://localhost',
  ]) {
    expect(problemsOf({ nativeOrigins: [origin] }), origin).toEqual({})
  }
  for (const origin of ['*', 'null', '', 'localhost', 'capacitor://', 'capacitor://localhost/']) {
    expect(problemsOf({ nativeOrigins: [origin] }), origin).toHaveProperty('nativeOrigins')
  }
})

test('KM-09: in production a secret is needed that is long enough and looks random; each of a list', () => {
  const wrong: Record<string, unknown> = {
    none: undefined,
    'an empty one': '',
    'an empty list': [],
    'a short one': randomBytes(31).toString('base64url'),
    'one of zeros': Buffer.alloc(32).toString('base64url'),
    'one letter, again and again': 'a'.repeat(64),
    'a word, again and again': 'changeme'.repeat(8),
    'the digits in order': '0123456789'.repeat(6),
    'a good one and a short one': [SECRET, 'short'],
    'a good one and one of zeros': [SECRET, Buffer.alloc(32).toString('base64url')],
    'a passphrase': 'correct horse battery staple, and then some more words',
    'a number': 1234567890,
    bytes: randomBytes(32),
  }
  for (const [name, secret] of Object.entries(wrong)) {
    const problems = problemsOf({ secret }, true)
    expect(Object.keys(problems), name).toEqual(['secret'])
    expect(problems.secret, name).toMatch(/32 random bytes|not random|not base64url/)
    expect(findOptionProblems({ ...GOOD, secret } as AuthOptions, true), 'said once').toHaveLength(1)
  }
  for (const secret of [
    SECRET,
    [SECRET, randomBytes(48).toString('base64url')],
    randomBytes(32).toString('base64'),
  ]) {
    expect(problemsOf({ secret }, true)).toEqual({})
  }
})

test('a database is a file or a PostgreSQL server, a proxy an address in full', () => {
  for (const database of [
    'sqlite:latchkey.db',
    'sqlite:/var/lib/latchkey.db',
    'sqlite://./latchkey.db',
    'postgres://localhost/x',
    'postgresql://ada:pass@db.example.com:5432/latchkey?sslmode=verify-full',
  ]) {
    expect(problemsOf({ database }), database).toEqual({})
  }
  for (const database of [
    '',
    'sqlite:',
    'sqlite::memory:',
    'latchkey.db',
    'postgres:x',
    'mysql://localhost/x',
  ]) {
    expect(problemsOf({ database }), database).toHaveProperty('database')
  }
  for (const proxy of ['10.0.0.0/8', '192.0.2.7', '2001:db8::/32', '::1']) {
    expect(problemsOf({ trustProxy: [proxy] }), proxy).toEqual({})
  }
  for (const proxy of [
    '',
    '10',
    '10.0',
    '0x7f.1',
    '10.0.0.0/33',
    '2001:db8::/129',
    'proxy.example',
    '*',
    '10.0.0.0/8 ',
  ]) {
    expect(problemsOf({ trustProxy: [proxy] }), proxy).toHaveProperty('trustProxy')
  }
})

test('KM-13: in production the origin is https, but on this machine itself', () => {
  for (const url of [
    'http://auth.example.com',
    'http://192.0.2.1',
    'http://localhost.example.com',
    'http://127.0.0.1.example.com',
  ]) {
    expect(problemsOf({ url }, false), url).toEqual({})
    expect(problemsOf({ url }, true).url, url).toContain('must be https')
  }
  for (const url of [
    'http://localhost:3000',
    'http://127.0.0.1:3000',
    'http://[::1]:3000',
    'http://app.localhost',
  ]) {
    expect(problemsOf({ url }, true), url).toEqual({})
    expect(isLoopback(url), url).toBe(true)
  }
  expect(isLoopback('https://auth.example.com')).toBe(false)
})

test('the helpers of development are refused in production', () => {
  expect(problemsOf({ developmentHelpers: true }, false)).toEqual({})
  expect(problemsOf({ developmentHelpers: true }, true)).toHaveProperty('developmentHelpers')
})

test('what was given is copied: changing it later changes nothing', () => {
  const options = { ...GOOD, audience: ['a'], trustedOrigins: ['https://a.example'], cookie: { name: 'x' } }
  const settings = resolveOptions(options, false)
  options.audience.push('b')
  options.trustedOrigins.push('https://evil.example')
  options.cookie.name = 'y'
  expect(settings).toMatchObject({
    audience: ['a'],
    trustedOrigins: ['https://a.example'],
    cookie: { name: 'x' },
  })
})
