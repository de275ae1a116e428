import { expect, test } from 'vitest'
import { PASSWORD, startAuth, type TestAuth } from '../support/auth.ts'
import { countRows } from '../support/stores/look.ts'

const EMAIL = 'ada@example.com'

/** Texts that have broken programs before, of every kind that we know. */
const NAUGHTY = [
  ...[
    '',
    ' ',
    '\t',
    'null',
    'undefined',
    'NaN',
    'true',
    '0',
    '-1',
    '1e309',
    '0x0',
    '1/0',
    '../',
    '.',
    '..',
    '*',
    '?',
  ],
  ...["'", '"', '`', '\\', "''", '""', "' or '1'='1", "' or 1=1 --", "'; drop table users; --", '" or ""="'],
  ...[
    "admin'--",
    "1' union select * from users--",
    "') or ('a'='a",
    "x' and email is not null; --",
    '1;select pg_sleep(1)',
  ],
  ...["'||(select hex(randomblob(1000)))||'", '%', '_', '%%', '\\_', 'like', '*/', '/*'],
  ...[
    '<script>alert(1)</script>',
    '"><img src=x onerror=alert(1)>',
    "javascript:alert('x')",
    '<!--',
    ']]>',
    '&lt;',
  ],
  ...[
    '{{7*7}}',
    `$${'{7*7}'}`,
    '<%= 7*7 %>',
    '#{7*7}',
    '%s%n%x%d',
    '%00',
    '%0d%0aSet-Cookie: a=b',
    '$HOME',
    '$(id)',
    '`id`',
  ],
  ...[
    '| id',
    '; id',
    '&& id',
    '() { :; }; id',
    '\\n',
    '__proto__',
    'constructor',
    'hasOwnProperty',
    'toString',
    '{"$ne":null}',
  ],
  ...[
    '../../../../etc/passwd',
    'file:///etc/passwd',
    'C:\\con',
    'con',
    '/dev/null',
    'http://127.0.0.1/',
    '//evil.example',
  ],
  ...[
    '田中さん',
    'Ⱥ',
    'ﬀ',
    'ſ',
    'İ',
    'ı',
    'ß',
    '𝕒',
    '🏳️‍🌈',
    '\u202e',
    '\u200b',
    '\u200d',
    '\ufeff',
    '\u0000',
    '\u001b[31m',
    '\ud800',
    '\udc00',
  ],
  ...[
    'مرحبا',
    'שלום',
    'a\u0300'.repeat(40),
    '﷽',
    '￾',
    '\u2028',
    '\u0085',
    'e\u0301',
    '\u212b',
    '\uff20',
    '\ufe6b',
    '\u3000',
  ],
  ...[
    'a'.repeat(1_000),
    'é'.repeat(500),
    "'".repeat(1_000),
    '('.repeat(1_000),
    '@'.repeat(500),
    '.'.repeat(500),
    'a@'.repeat(300),
  ],
]

/** What HTTP can carry in a header of it: bytes as Latin-1, without line breaks and NUL. */
const IN_HEADERS = NAUGHTY.map((text) =>
  Buffer.from(text)
    .toString('latin1')
    .replace(/[\0\r\n]/g, ''),
)

function rowCounts({ store }: TestAuth): Promise<Record<string, number>> {
  return countRows(store, 'users', 'sessions', 'keys')
}

/** Two accounts, so that a query that lost its condition would find the wrong one or both. */
async function startWorld() {
  const world = await startAuth({ maxSessionsPerUser: 1_000 })
  await world.signUp('browser', 'zoe@example.com')
  return { ...world, session: await world.signUp('native', EMAIL) }
}

test('IN-01: whatever stands in an e-mail address or a password, nobody gets in and nothing breaks', async () => {
  const world = await startWorld()
  const before = await rowCounts(world)
  for (const text of NAUGHTY) {
    const attempts = [
      { email: text, password: PASSWORD },
      { email: `${text}@example.com`, password: 'wrong password' },
      { email: `ada@${text}`, password: PASSWORD },
      { email: EMAIL, password: text },
      { email: text, password: text },
    ]
    for (const body of attempts) {
      const answer = await world.send('POST', '/auth/login', { body })
      expect([400, 401], JSON.stringify(body)).toContain(answer.status)
    }
    const register = await world.send('POST', '/auth/register', { body: { email: text, password: PASSWORD } })
    expect(register.status, JSON.stringify(text)).toBe(400)
  }
  expect(await rowCounts(world)).toEqual(before)
  expect(world.errors).toEqual([])
})

test('IN-01: whatever stands in a token, a cookie, a key or an id, it is only not the right one', async () => {
  const world = await startWorld()
  const before = await rowCounts(world)
  const { accessToken, refreshToken } = world.session
  for (const [i, text] of NAUGHTY.entries()) {
    const header = IN_HEADERS[i] as string
    const name = JSON.stringify(text)
    const body = { refreshToken: text }
    expect((await world.send('POST', '/auth/refresh', { body })).body.error, name).toBe('REFRESH_INVALID')
    expect((await world.send('POST', '/auth/logout', { body })).status, name).toBe(204)
    const key = await world.send('POST', '/auth/refresh', {
      body: { refreshToken: `lk1_${'A'.repeat(72)}` },
      headers: { 'idempotency-key': header },
    })
    expect([400, 401], `${name} as a key`).toContain(key.status)
    const cookie = await world.send('POST', '/auth/refresh', {
      headers: { cookie: `__Host-latchkey=${header}` },
    })
    expect([400, 401], `${name} as a cookie`).toContain(cookie.status)
    const bearer = await world.send('GET', '/auth/me', { headers: { authorization: `Bearer ${header}` } })
    expect(bearer.status, `${name} as an access token`).toBe(401)
    if (text.isWellFormed() && !['', '.', '..'].includes(text)) {
      const path = `/auth/sessions/${encodeURIComponent(text)}`
      const ended = await world.send('DELETE', path, { bearer: accessToken })
      expect([ended.status, ended.body.error], `${name} as an id`).toEqual([404, 'NOT_FOUND'])
    }
    if (text !== 'true') {
      const choice = await world.send(
        'DELETE',
        `/auth/sessions?all=${encodeURIComponent(text.toWellFormed())}`,
        {
          bearer: accessToken,
        },
      )
      expect(choice.status, `${name} as a choice`).toBe(400)
    }
    expect(
      (await world.send('GET', `/${encodeURI(text.toWellFormed())}`)).status,
      `${name} as a path`,
    ).not.toBe(500)
  }
  expect(await rowCounts(world)).toEqual(before)
  expect(world.errors).toEqual([])
  expect((await world.send('POST', '/auth/refresh', { body: { refreshToken } })).status).toBe(200)
})

test('IN-07: an address is looked up exactly: no wildcard, no case, no accent finds another account', async () => {
  const world = await startWorld()
  const near = [
    '%',
    '_',
    '%@%',
    'a%',
    'ad_@example.com',
    'ad%@example.com',
    '___@example.com',
    'ada@example.co_',
  ]
  near.push(
    'ada@example.com%',
    'ada@example%',
    'ada\\@example.com',
    'a*@example.com',
    'ada@*',
    'adà@example.com',
  )
  for (const email of near) {
    const { status } = await world.send('POST', '/auth/login', { body: { email, password: PASSWORD } })
    expect([400, 401], email).toContain(status)
    expect(await world.auth.users.find({ email }), email).toBeUndefined()
  }
  expect((await world.auth.users.find({ email: 'ADA@example.com' }))?.email, 'by its canonical form').toBe(
    EMAIL,
  )
})

test('IN-01 IN-09 IN-11: a user agent is kept and shown as it came, up to 256 characters, and is never a document', async () => {
  const world = await startWorld()
  // Control characters are no part of a header (RFC 9110 §5.5): a listening server refuses them, and none is kept.
  const withoutControls = (text: string) => [...text].filter((character) => character >= ' ').join('')
  const agents = IN_HEADERS.map((agent) => agent.trim()).filter((agent) => agent !== '')
  for (const agent of agents) {
    const login = await world.send('POST', '/auth/login', {
      body: { email: EMAIL, password: PASSWORD },
      headers: { 'user-agent': agent },
    })
    expect(login.status, agent).toBe(200)
    const list = await world.send('GET', '/auth/sessions', { bearer: login.body.accessToken })
    const own = list.body.sessions.find((session: { current: boolean }) => session.current)
    expect(own.userAgent, agent).toBe(withoutControls(agent.slice(0, 256)))
    expect(list.headers.get('content-type')).toBe('application/json')
    expect(list.headers.get('x-content-type-options')).toBe('nosniff')
    expect(list.headers.get('content-security-policy')).toContain("default-src 'none'")
  }
  expect(world.errors).toEqual([])
})

test('DS-05: no text makes a check of it slow, wherever it is sent', async () => {
  const world = await startWorld()
  const repeat = (unit: string, size: number) => unit.repeat(Math.ceil(size / unit.length)).slice(0, size)
  const emails = [
    'a',
    'a.',
    'a@',
    '@',
    '.',
    '-',
    'a-',
    'é',
    '\u0301',
    ' ',
    '\t',
    'aA',
    '+',
    "!#$%&'*+/=?^_`{|}~-",
  ]
    .flatMap((unit) => [
      repeat(unit, 15_000),
      `${repeat(unit, 7_000)}@${repeat(unit, 7_000)}`,
      `a@${repeat(unit, 900)}!`,
    ])
    .concat(
      `a@${'a.'.repeat(120)}`,
      `${'a'.repeat(64)}@${`${'a'.repeat(63)}.`.repeat(3)}com`,
      `a@${'xn--'.repeat(60)}.com`,
    )
  const agents = [
    'Mozilla/5.0 (',
    '(',
    ';',
    ' ',
    '/',
    'Version/',
    'Android ',
    'iPhone OS 1_',
    '\x80',
    'Opera Mini/',
    '0.',
    '\\(',
  ].map((unit) => repeat(unit, 15_000))
  const tokens = ['a', '.', 'a.', '=', 'eyJ', ' ', 'lk1_'].map((unit) => repeat(unit, 15_000))
  const requests = [
    ...emails.map((email) => ['POST', '/auth/login', { body: { email, password: 'x' } }] as const),
    ...agents.map((agent) => ['GET', '/auth/sessions', { headers: { 'user-agent': agent } }] as const),
    ...tokens.map((token) => ['GET', '/auth/me', { bearer: token }] as const),
    ...tokens.map((token) => ['POST', '/auth/refresh', { body: { refreshToken: token } }] as const),
    ...tokens.map((token) => ['POST', '/auth/refresh', { cookie: token }] as const),
    ...tokens.map(
      (token) =>
        ['POST', '/auth/refresh', { headers: { cookie: repeat(`${token.slice(0, 9)}; `, 15_000) } }] as const,
    ),
    ...tokens.map((token) => ['POST', '/auth/refresh', { headers: { 'idempotency-key': token } }] as const),
    ...tokens.map((token) => ['POST', '/auth/login', { headers: { origin: token } }] as const),
    ...tokens.map(
      (token) =>
        ['POST', '/auth/login', { body: 'x', headers: { 'content-type': `${token};${token}` } }] as const,
    ),
  ]
  for (const [method, path, init] of requests) {
    const time = async () => {
      const start = performance.now()
      await world.send(method, path, init)
      return performance.now() - start
    }
    const name = `${method} ${path} ${JSON.stringify(init).slice(0, 80)}`
    expect(Math.min(await time(), await time()), name).toBeLessThan(50)
  }

  const first = await world.send('GET', '/auth/sessions', { bearer: world.session.accessToken })
  expect(first.status).toBe(200)
  for (const agent of agents) {
    await world.send('POST', '/auth/login', {
      body: { email: EMAIL, password: PASSWORD },
      headers: { 'user-agent': agent },
    })
  }
  const start = performance.now()
  const list = await world.send('GET', '/auth/sessions', { bearer: world.session.accessToken })
  expect(list.body.sessions).toHaveLength(agents.length + 1)
  expect(performance.now() - start, 'naming the devices').toBeLessThan(200)
})
