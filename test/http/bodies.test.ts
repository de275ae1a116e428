import { expect, test } from 'vitest'
import { PASSWORD, type SendOptions, startAuth } from '../support/auth.ts'
import { AUTH_ENDPOINTS, credentials, type EndpointUnderTest, WITH_BODY } from './endpoints.ts'

const FORM = 'application/x-www-form-urlencoded'

/** Those that do nothing without their fields. */
const NEEDING_FIELDS = WITH_BODY.filter(({ body }) => Object.keys(body ?? {}).length > 0)

async function startWorld() {
  const world = await startAuth()
  return { ...world, session: await world.signUp('browser', 'ada@example.com') }
}

type World = Awaited<ReturnType<typeof startWorld>>

function sendTo(
  world: World,
  endpoint: EndpointUnderTest,
  body: string,
  headers: SendOptions['headers'] = {},
) {
  return world.send(endpoint.method, endpoint.path, {
    body,
    ...credentials(endpoint, world.session),
    headers: { 'content-type': 'application/json', ...headers },
  })
}

async function expectNothingChanged(world: World): Promise<void> {
  const body = { email: 'ada@example.com', password: PASSWORD }
  expect((await world.send('POST', '/auth/login', { body })).status).toBe(200)
  expect((await world.send('POST', '/auth/refresh', { cookie: world.session.refreshToken })).status).toBe(200)
  expect(await world.auth.users.find({ email: 'eve@example.com' })).toBeUndefined()
  expect(world.errors, 'nothing went wrong inside').toEqual([])
}

test('CC-08 HP-12: a body is JSON in UTF-8 or refused: no type that needs no preflight, no other charset, no encoding', async () => {
  const world = await startWorld()
  const refused: Record<string, string>[] = [
    ...[
      'text/plain',
      'text/plain;charset=UTF-8',
      'multipart/form-data; boundary=x',
      'application/octet-stream',
      'application/xml',
      'text/json',
      'application/jsonx',
      'xapplication/json',
      'application/json+x',
      'application/problem+json',
      'application/json, text/plain',
      'text/plain, application/json',
      'text/plain; application/json',
      'application/json; charset=utf-7',
      'application/json; charset=utf-16',
      'application/json; charset=iso-8859-1',
      'application/json; charset="utf-16"',
      'application/json; charset=',
      'application/json; charset=utf-8; charset=utf-7',
      'application/ json',
      '*/*',
      'json',
      '',
    ].map((type) => ({ 'content-type': type })),
    ...['gzip', 'br', 'deflate', 'identity', 'x', ''].map((encoding) => ({ 'content-encoding': encoding })),
  ]
  for (const endpoint of WITH_BODY) {
    for (const headers of refused) {
      const {
        status,
        body,
        headers: answered,
      } = await sendTo(world, endpoint, JSON.stringify(endpoint.body), headers)
      const name = `${endpoint.path} ${JSON.stringify(headers)}`
      expect([status, body?.error], name).toEqual([415, 'UNSUPPORTED_MEDIA_TYPE'])
      expect(answered.has('set-cookie'), name).toBe(false)
    }
  }
  await expectNothingChanged(world)
})

test('HP-12: a body that is needed must say what it is; one that says JSON may say so in any usual way', async () => {
  const world = await startWorld()
  for (const endpoint of WITH_BODY) {
    const untyped = new Request(`${world.url}${endpoint.path}`, {
      method: 'POST',
      body: new TextEncoder().encode('{}'),
      headers: { 'content-length': '2' },
    })
    expect((await world.auth.fetch(untyped)).status, endpoint.path).toBe(415)
  }
  const spellings = [
    'application/json',
    'APPLICATION/JSON',
    'application/json; charset=utf-8',
    'application/json;charset=UTF-8',
    'application/json; charset="utf-8"',
    'application/json ; profile=x',
  ]
  for (const type of spellings) {
    const { status } = await world.send('POST', '/auth/login', {
      body: JSON.stringify({ email: 'ada@example.com', password: PASSWORD }),
      headers: { 'content-type': type },
    })
    expect(status, type).toBe(200)
  }
})

test('a form is taken where people sign in and sign up, and nowhere else', async () => {
  const world = await startWorld()
  for (const endpoint of WITH_BODY) {
    const form = new URLSearchParams(endpoint.body as Record<string, string>).toString()
    const { status } = await sendTo(world, endpoint, form, { 'content-type': FORM })
    const wanted = endpoint.form === undefined ? 415 : endpoint.path.endsWith('register') ? 201 : 200
    expect(status, endpoint.path).toBe(wanted)
  }
  const login = (form: string) =>
    world.send('POST', '/auth/login', { body: form, headers: { 'content-type': FORM } })
  const password = encodeURIComponent(PASSWORD)
  const twice = await login(`email=ada%40example.com&email=eve%40example.com&password=${password}`)
  expect([twice.status, twice.body.error], 'a field given twice').toEqual([400, 'INVALID_REQUEST'])
  for (const form of [
    '',
    '&&&',
    'email',
    'email=ada%40example.com',
    '%',
    '=',
    '__proto__[x]=1',
    'password=%ff%fe',
  ]) {
    const { status, body } = await login(form)
    expect([status, body.error], form).toEqual([400, 'INVALID_REQUEST'])
  }
})

test('HP-01: a body of 16 KiB is read, one byte more is not, wherever it is sent', async () => {
  const world = await startWorld()
  const padded = (endpoint: EndpointUnderTest, size: number) => {
    const text = JSON.stringify(endpoint.body)
    return text + ' '.repeat(size - text.length)
  }
  for (const endpoint of WITH_BODY) {
    const over = await sendTo(world, endpoint, padded(endpoint, 16_385))
    expect([over.status, over.body.error], endpoint.path).toEqual([413, 'PAYLOAD_TOO_LARGE'])
  }
  const multibyte = JSON.stringify({ email: 'é'.repeat(8_192), password: '' })
  expect(
    (await sendTo(world, WITH_BODY[1] as EndpointUnderTest, multibyte)).status,
    'bytes are counted',
  ).toBe(413)
  await expectNothingChanged(world)
  const login = WITH_BODY.find(({ path }) => path === '/auth/login') as EndpointUnderTest
  expect((await sendTo(world, login, padded(login, 16_384))).status).toBe(200)
})

test('HP-02: JSON that is deep, wide or long is refused in no time', async () => {
  const world = await startWorld()
  const heavy: Record<string, string> = {
    'arrays as deep as a body can be': '['.repeat(16_000),
    'closed arrays': `${'['.repeat(8_000)}${']'.repeat(8_000)}`,
    'objects as deep as a body can be': '{"a":'.repeat(3_200),
    'a field with deep arrays': `{"email":${'['.repeat(8_000)}${']'.repeat(8_000)},"password":"x"}`,
    'as many keys as a body can hold': `{${Array.from({ length: 1_600 }, (_, i) => `"${i}":0`).join(',')}}`,
    'one key, again and again': `{${'"a":0,'.repeat(2_700)}"a":0}`,
    'a number of 16,000 digits': '9'.repeat(16_000),
    'a password that is such a number': `{"email":"ada@example.com","password":${'9'.repeat(16_000)}}`,
    'an exponent of 16,000 digits': `1e${'9'.repeat(16_000)}`,
    escapes: `"${'\\u0000'.repeat(2_700)}"`,
    '100,000 deep': '['.repeat(100_000),
    'a million keys': `{${'"a":0,'.repeat(1_000_000)}"a":0}`,
    'a number of a million digits': '9'.repeat(1_000_000),
  }
  for (const [name, text] of Object.entries(heavy)) {
    for (const endpoint of WITH_BODY) {
      const send = () =>
        world.send('POST', endpoint.path, {
          body: text,
          headers: { 'content-type': 'application/json' },
          ...(endpoint.bearer === 'required' ? { bearer: world.session.accessToken } : {}),
        })
      const { status } = await send()
      const milliseconds = Math.min(await timed(send), await timed(send))
      const at = `${name} at ${endpoint.path}`
      if (text.length > 16_384) expect(status, at).toBe(413)
      else if (NEEDING_FIELDS.includes(endpoint)) expect(status, at).toBe(400)
      // Fields that nobody knows are passed over; then it is a request without a token.
      else expect([204, 400, 401], at).toContain(status)
      expect(milliseconds, at).toBeLessThan(100)
    }
  }
})

async function timed(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now()
  await work()
  return performance.now() - start
}

test('HP-03: what is not JSON by the letter is refused, however near it is', async () => {
  const world = await startWorld()
  const good = '{"email":"ada@example.com","password":"x"}'
  const texts: (string | Uint8Array)[] = [
    ...[
      '{',
      '}',
      '[',
      ']',
      '{}}',
      '[]]',
      '{"a"}',
      '{"a":}',
      '{:1}',
      '{,}',
      '[,]',
      '[1,]',
      '[1,,2]',
      '[,1]',
      '{"a":1,}',
    ],
    ...[
      '{"a":1,,"b":2}',
      '{"a" "b"}',
      '{"a"::1}',
      '{a:1}',
      "{'a':1}",
      '{1:1}',
      '{"a":1 "b":2}',
      '["a" "b"]',
      '[1:2]',
    ],
    ...[
      '{"a":1}/**/',
      '{"a":1}//',
      '/**/{}',
      '#{}',
      '{"a":/**/1}',
      '<!-- -->{}',
      '{"a":1}#',
      '{"a":1};',
      '{"a":1}x',
    ],
    ...[
      'NaN',
      'Infinity',
      '-Infinity',
      '+1',
      '.5',
      '1.',
      '01',
      '-',
      '--1',
      '1e',
      '1e+',
      '0x1',
      '1_000',
      '1 000',
      '-01',
    ],
    ...[
      'True',
      'FALSE',
      'nul',
      'undefined',
      'tru',
      'nulll',
      '{"a":undefined}',
      '{"a":NaN}',
      '{"a":+1}',
      '{"a":.5}',
    ],
    ...[
      '"',
      '"a',
      "'a'",
      '"\\x"',
      '"\\u12"',
      '"\\u{41}"',
      '"\\',
      '"\t"',
      '"\n"',
      '"\0"',
      '"\x1f"',
      '`a`',
      '"a"b"',
      '"\\a"',
    ],
    ...[
      '{"a":1}{"b":2}',
      '{"a":1}\0',
      '\0{"a":1}',
      '{"a"\0:1}',
      '\u00a0{}',
      '\u2028{}',
      '\ufeff{}',
      '{}\ufeff',
      '\v{}',
      '\f{}',
    ],
    ...[
      good.slice(0, -1),
      `${good},`,
      `(${good})`,
      `${good}${good}`,
      `x${good}`,
      `\\${good}`,
      good.replaceAll('"', '”'),
    ],
    ...[
      '*',
      '$',
      '@',
      '<html>',
      'email=ada@example.com',
      '---\na: 1',
      'a: 1',
      '{{}}',
      '__proto__',
      'function(){}',
    ],
    Buffer.from([0xff, 0xfe, 0x7b, 0, 0x7d, 0]),
    Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]),
    Buffer.from('{"email":"\xe9"}', 'latin1'),
    Buffer.from([0x22, 0xc0, 0xaf, 0x22]),
    Buffer.from([0x22, 0xed, 0xa0, 0x80, 0x22]),
    Buffer.from([0x22, 0xf5, 0x80, 0x80, 0x80, 0x22]),
    Buffer.from([0x22, 0xe2, 0x82]),
  ]
  for (const text of texts) {
    for (const { path } of WITH_BODY) {
      const request = new Request(`${world.url}${path}`, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          authorization: `Bearer ${world.session.accessToken}`,
          'content-length': String(Buffer.byteLength(text)),
        },
        body: text as string,
      })
      const answer = await world.auth.fetch(request)
      const { error } = (await answer.json()) as { error: string }
      expect([answer.status, error], `${JSON.stringify(text)} at ${path}`).toEqual([400, 'INVALID_REQUEST'])
    }
  }
  await expectNothingChanged(world)
})

test('LR-17 IN-03: a field of another type is refused: nothing is coerced, no operator is understood', async () => {
  const world = await startWorld()
  const wrong: unknown[] = [
    ...[null, true, false, 0, 1, 1234567890123, 1.5, [], {}, [['a']], { a: 1 }, [null]],
    ...[['ada@example.com'], ['ada@example.com', 'eve@example.com'], { 0: 'ada@example.com', length: 1 }],
    ...[
      { $ne: null },
      { $gt: '' },
      { $regex: '.*' },
      { $where: '1==1' },
      { $in: [PASSWORD] },
      { toString: 'x' },
    ],
    ...[{ email: 'ada@example.com' }, { value: PASSWORD }, { __proto__: null }, { constructor: 1 }],
  ]
  for (const endpoint of WITH_BODY) {
    const fields =
      endpoint.path.endsWith('refresh') || endpoint.path.endsWith('logout')
        ? ['refreshToken']
        : Object.keys(endpoint.body ?? {})
    for (const field of fields) {
      for (const value of wrong) {
        const text = JSON.stringify({ ...endpoint.body, [field]: value })
        const { status, body } = await sendTo(world, endpoint, text)
        expect([status, body.error], `${endpoint.path} ${text}`).toEqual([400, 'INVALID_REQUEST'])
        expect(body.detail, 'names the field, not what was in it').toMatch(new RegExp(`^${field}\\b`))
      }
      if (field !== 'refreshToken') {
        const { [field]: _, ...rest } = endpoint.body ?? {}
        const { status } = await sendTo(world, endpoint, JSON.stringify(rest))
        expect(status, `${endpoint.path} without ${field}`).toBe(400)
      }
    }
    for (const text of ['null', 'true', '0', '"x"', '[]', '[{}]', JSON.stringify([endpoint.body])]) {
      expect((await sendTo(world, endpoint, text)).status, `${endpoint.path} ${text}`).toBe(400)
    }
  }
  await expectNothingChanged(world)
})

test('IN-06: no name of a field reaches the prototype of anything', async () => {
  const world = await startWorld()
  const poison = [
    '"__proto__":{"isAdmin":true,"email":"ada@example.com"}',
    '"constructor":{"prototype":{"isAdmin":true}}',
    '"prototype":{"isAdmin":true}',
    '"__proto__":null',
    '"__proto__":[]',
    '"hasOwnProperty":1,"toString":1,"valueOf":1,"then":1',
    '"__defineGetter__":1,"__lookupGetter__":1',
  ]
  for (const endpoint of NEEDING_FIELDS) {
    for (const members of poison) {
      const { status } = await sendTo(world, endpoint, `{${members}}`)
      expect(status, `${endpoint.path} ${members}`).toBe(400)
      expect(({} as { isAdmin?: boolean }).isAdmin).toBeUndefined()
    }
  }
  for (const members of poison) {
    const { status, body } = await world.send('POST', '/auth/login', {
      body: `{${members},"email":"ada@example.com","password":${JSON.stringify(PASSWORD)}}`,
      headers: { 'content-type': 'application/json' },
    })
    expect([status, body.user?.email, body.user?.isAdmin], members).toEqual([
      200,
      'ada@example.com',
      undefined,
    ])
  }
  const form = await world.send('POST', '/auth/login', {
    body: `__proto__=x&constructor=y&email=ada%40example.com&password=${encodeURIComponent(PASSWORD)}`,
    headers: { 'content-type': FORM },
  })
  expect(form.status).toBe(200)
  const query = '?__proto__[isAdmin]=true&constructor[prototype][isAdmin]=true'
  const me = await world.send('GET', `/auth/me${query}`, {
    bearer: form.body.accessToken,
    headers: { cookie: '__proto__=x; constructor=y; __Host-latchkey' },
  })
  expect([me.status, me.body.user.isAdmin]).toEqual([200, undefined])
  expect(Object.keys(Object.prototype)).toEqual([])
})

test('RR-23: a refresh token never travels in an address, and GET refreshes nothing', async () => {
  const world = await startWorld()
  const native = await world.signUp('native')
  const { refreshToken } = native
  for (const name of ['refresh_token', 'refreshToken', 'token', 'access_token', 'accessToken']) {
    for (const { method, path, body } of AUTH_ENDPOINTS) {
      const answer = await world.send(method, `${path}?${name}=${refreshToken}`, {
        body,
        bearer: native.accessToken,
      })
      expect([answer.status, answer.body?.error], `${method} ${path}?${name}`).toEqual([
        400,
        'INVALID_REQUEST',
      ])
    }
  }
  expect((await world.send('GET', '/auth/refresh', { cookie: world.session.refreshToken })).status).toBe(405)
  const text = await world.send('POST', '/auth/refresh', {
    body: JSON.stringify({ refreshToken }),
    headers: { 'content-type': 'text/plain' },
  })
  expect(text.status).toBe(415)
  expect((await world.send('POST', '/auth/refresh', { body: { refreshToken } })).status).toBe(200)
})
