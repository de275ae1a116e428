import { expect, test } from 'vitest'
import { PASSWORD, startAuth, type TestAuth } from '../support/auth.ts'

function register({ send }: TestAuth, fields: Record<string, unknown>) {
  return send('POST', '/auth/register', { body: { email: 'ada@example.com', password: PASSWORD, ...fields } })
}

function login({ send }: TestAuth, email: string, password: string) {
  return send('POST', '/auth/login', { body: { email, password } })
}

test('a sign-up answers 201 with a session and the user as they were signed up', async () => {
  const world = await startAuth()
  world.clock.now = Date.UTC(2026, 0, 2, 3, 4, 5, 678)
  const { status, body } = await register(world, { email: ' Ada+News@Example.COM ' })
  expect(status).toBe(201)
  expect(body).toEqual({
    accessToken: expect.stringMatching(/^ey[\w-]+\.[\w-]+\.[\w-]+$/),
    tokenType: 'Bearer',
    expiresIn: 900,
    sessionId: expect.stringMatching(/^[0-9a-f-]{36}$/),
    user: {
      id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      email: 'ada+news@example.com',
      emailVerified: false,
      roles: [],
      createdAt: '2026-01-02T03:04:05.678Z',
    },
  })
  expect(world.events.map(({ type }) => type)).toEqual([
    'key.created',
    'user.registered',
    'sign_in.succeeded',
  ])
})

test('LR-13: every spelling of an address is one account, for signing up and for signing in', async () => {
  const world = await startAuth()
  expect((await register(world, { email: 'ada@exämple.com' })).status).toBe(201)
  for (const email of [
    'ADA@EXÄMPLE.COM',
    ' ada@exämple.com\t',
    'ada@exa\u0308mple.com',
    'ada@xn--exmple-cua.com',
  ]) {
    const again = await register(world, { email })
    expect([again.status, again.body.error], email).toEqual([409, 'EMAIL_TAKEN'])
    expect((await login(world, email, PASSWORD)).body.user.email, email).toBe('ada@xn--exmple-cua.com')
  }
})

test('LR-14 LR-15: an address that is none is 400 wherever it is given, and nobody comes to be', async () => {
  const world = await startAuth()
  const malformed = [
    ...[
      '',
      ' ',
      'ada',
      'ada@',
      '@example.com',
      'ada@example',
      'ada@example.com.',
      'a@b@example.com',
      'ada @example.com',
    ],
    ...[
      'ada\uff20example.com',
      'ada\ufe6bexample.com',
      'аda@example.com',
      'a\u200dda@example.com',
      '\u202eada@example.com',
    ],
    ...[
      'ada@exаmple.com',
      'ada@ｅxample.com',
      'ada@example\u3002com',
      'ada@exam\u00adple.com',
      'ada@example.com\u0000',
    ],
    ...[
      'victim@x.com,attacker@y.com',
      'ada@x.com\r\nBcc: eve@y.com',
      'Ada <ada@example.com>',
      '<ada@example.com>',
    ],
    ...[
      '"ada"@example.com',
      'mailto:ada@example.com',
      '<b>ada</b>@example.com',
      `${'a'.repeat(250)}@example.com`,
      '\ud800@example.com',
    ],
  ]
  for (const email of malformed) {
    for (const path of ['/auth/register', '/auth/login']) {
      const { status, body } = await world.send('POST', path, { body: { email, password: PASSWORD } })
      expect([status, body.error], `${path} ${JSON.stringify(email)}`).toEqual([400, 'INVALID_REQUEST'])
      expect(body.detail, 'the answer does not repeat it').toBe('email: not an e-mail address')
    }
    await expect(world.auth.users.create({ email })).rejects.toMatchObject({ code: 'INVALID_REQUEST' })
  }
  expect(world.events.filter(({ type }) => type === 'user.registered')).toEqual([])
})

test('LR-06: a password has 8 to 256 code points; a shorter one is weak, a longer one malformed, and both are told why', async () => {
  const world = await startAuth()
  const wanted: [length: number, status: number, error: string | undefined][] = [
    [7, 422, 'WEAK_PASSWORD'],
    [8, 201, undefined],
    [14, 201, undefined],
    [15, 201, undefined],
    [64, 201, undefined],
    [128, 201, undefined],
    [256, 201, undefined],
    [257, 400, 'INVALID_REQUEST'],
    [4_000, 400, 'INVALID_REQUEST'],
  ]
  for (const letter of ['x', 'é', '😀']) {
    for (const [length, status, error] of wanted) {
      const email = `${letter.codePointAt(0)}.${length}@example.com`
      const password = `${letter.repeat(length - 1)}q`
      const answer = await register(world, { email, password })
      expect([answer.status, answer.body.error], `${length} × ${letter}`).toEqual([status, error])
      if (length < 8) expect(answer.body.detail).toContain('at least 8 characters')
      if (length > 256) expect(answer.body.detail).toContain('at most 256 characters')
      if (status === 201)
        expect((await login(world, email, password)).status, `${length} × ${letter}`).toBe(200)
    }
  }
})

test('LR-06: at the sign-in no length is special: a wrong password is a wrong password', async () => {
  const world = await startAuth()
  await register(world, {})
  for (const length of [0, 1, 7, 8, 256, 257, 4_000]) {
    const { status, body } = await login(world, 'ada@example.com', 'x'.repeat(length))
    expect([status, body.error], String(length)).toEqual([401, 'INVALID_CREDENTIALS'])
  }
})

test('LR-09 LR-12: a password is taken as it was typed: any letters, any spaces, nothing trimmed or cut', async () => {
  const world = await startAuth()
  const passwords = [
    '😀'.repeat(15),
    'e\u0323\u0307\u0301'.repeat(8),
    'سلام دنیا شب بخیر',
    '           ',
    '   padded with spaces   ',
    '\ttabs\tand\nlines\r\n',
    'nodigitsnosymbolsnocapitals',
    'a\u0000zero in the middle',
    '\u200bwithout\u200bwidth\u200b',
    '한국어 비밀번호입니다',
    `${'x'.repeat(72)} and what bcrypt would not see`,
  ]
  for (const [i, password] of passwords.entries()) {
    const email = `user${i}@example.com`
    expect((await register(world, { email, password })).status, JSON.stringify(password)).toBe(201)
    expect((await login(world, email, password)).status, JSON.stringify(password)).toBe(200)
    const near = [
      [...password].slice(0, -1).join(''),
      `${password} `,
      password.trim(),
      password.replace('\0', ''),
      [...password].slice(0, 72).join(''),
    ]
    for (const other of near.filter((text) => text !== password)) {
      const { status } = await login(world, email, other)
      expect(status, `${JSON.stringify(other)} for ${JSON.stringify(password)}`).toBe(401)
    }
  }
})

test('LR-07: two passwords that differ after 72 bytes, or after a NUL, are two passwords', async () => {
  const world = await startAuth()
  const pairs = [
    [`${'x'.repeat(72)}A`, `${'x'.repeat(72)}B`],
    [`${'é'.repeat(36)}A`, `${'é'.repeat(36)}B`],
    [`${'x'.repeat(255)}A`, `${'x'.repeat(255)}B`],
    ['password\0one', 'password\0two'],
  ] as const
  for (const [i, [first, second]] of pairs.entries()) {
    const email = `user${i}@example.com`
    expect((await register(world, { email, password: first })).status).toBe(201)
    expect((await login(world, email, second)).status).toBe(401)
    expect((await login(world, email, first)).status).toBe(200)
  }
})

test('LR-10: a password typed with composed letters is the same with decomposed ones; compatibility letters differ', async () => {
  const world = await startAuth()
  const composed = 'Ångström résumé'.normalize('NFC')
  const decomposed = composed.normalize('NFD')
  expect(composed).not.toBe(decomposed)
  await register(world, { email: 'nfc@example.com', password: composed })
  await register(world, { email: 'nfd@example.com', password: decomposed })
  for (const email of ['nfc@example.com', 'nfd@example.com']) {
    for (const password of [composed, decomposed]) {
      expect((await login(world, email, password)).status, email).toBe(200)
    }
  }
  await register(world, { email: 'nfkc@example.com', password: 'ﬁnancial ｐａｓｓ' })
  expect((await login(world, 'nfkc@example.com', 'financial pass')).status).toBe(401)
  expect((await login(world, 'nfkc@example.com', 'ﬁnancial ｐａｓｓ')).status).toBe(200)
})

test('half a surrogate pair in a password is malformed, for signing up and for signing in', async () => {
  const world = await startAuth()
  await register(world, {})
  const body = '{"email":"ada@example.com","password":"long enough \\ud800"}'
  for (const path of ['/auth/register', '/auth/login']) {
    const answer = await world.send('POST', path, {
      body: path.endsWith('register') ? body.replace('ada', 'eve') : body,
      headers: { 'content-type': 'application/json' },
    })
    expect([answer.status, answer.body.error], path).toEqual([400, 'INVALID_REQUEST'])
  }
})

test('LR-11: the common passwords, the own address and the name of the service are refused, and told why', async () => {
  const world = await startAuth({ url: 'https://signin.shop.example' })
  const reasons = [
    'the password is one of the most common ones',
    "the password is too easy to guess: it is the account's or the service's name",
  ]
  const weak = [
    ...[
      'password',
      '12345678',
      '123456789',
      'qwertyuiop',
      'iloveyou',
      'sunshine',
      'princess',
      'football',
      'baseball',
    ],
    ...[
      'superman',
      'trustno1',
      'password1',
      'PASSWORD',
      'Password',
      'PassWord1',
      'q1w2e3r4',
      '11111111',
      '1qaz2wsx',
    ],
    ...[
      'ada@example.com',
      'ADA@EXAMPLE.COM',
      'example.com',
      'example2026',
      'latchkey',
      'Latchkey2026!',
      'latchkey1234',
    ],
    ...['signin.shop.example', 'signin.shop.example1'],
  ]
  for (const password of weak) {
    const { status, body } = await register(world, { password })
    expect([status, body.error], password).toEqual([422, 'WEAK_PASSWORD'])
    expect(reasons, password).toContain(body.detail)
  }
  expect((await register(world, { password: 'correct horse battery staple' })).status).toBe(201)
})

test('LR-18: fields that a user may not choose are passed over', async () => {
  const world = await startAuth()
  const wishes = {
    id: '11111111-1111-4111-8111-111111111111',
    role: 'admin',
    roles: ['admin'],
    isAdmin: true,
    emailVerified: true,
    email_verified_at: 1,
    passwordHash: '$2b$04$Yam4fX3Zk8WrCQDhn05FwuvZyXsbWhC3hFBvAVGYMu6J72ONcudv6',
    password_phc: 'x',
    credentialVersion: 99,
    createdAt: '1999-01-01T00:00:00Z',
    disabledAt: null,
    tenantId: 't',
    sessionId: '22222222-2222-4222-8222-222222222222',
    user: { roles: ['admin'] },
  }
  const { status, body } = await register(world, wishes)
  expect(status).toBe(201)
  expect(body.user).toMatchObject({ emailVerified: false, roles: [] })
  expect(body.user.id).not.toBe(wishes.id)
  expect(body.sessionId).not.toBe(wishes.sessionId)
  expect(body.user.createdAt).not.toMatch(/^1999/)
  const claims = JSON.parse(Buffer.from(body.accessToken.split('.')[1], 'base64url').toString())
  expect(claims).toMatchObject({ roles: [], sub: body.user.id })
  expect(await world.auth.users.find({ email: 'ada@example.com' })).toEqual(body.user)
  expect((await login(world, 'ada@example.com', 'a quiet harbour at dusk')).status, 'by the password').toBe(
    200,
  )
})

test('LR-24: a fresh service has no account, and no way to make a special one', async () => {
  const world = await startAuth({ developmentHelpers: true })
  for (const email of [
    'admin@example.com',
    'root@localhost.com',
    'test@test.com',
    'admin@localhost.com',
    'demo@example.com',
  ]) {
    for (const password of ['admin', 'root', 'test', 'password', 'changeme', 'latchkey', '']) {
      const { status } = await login(world, email, password)
      expect(status, `${email} ${password}`).toBe(401)
    }
    expect(await world.auth.users.find({ email })).toBeUndefined()
  }
  for (const path of [
    '/setup',
    '/install',
    '/auth/setup',
    '/auth/admin',
    '/auth/bootstrap',
    '/admin',
    '/auth/users',
  ]) {
    expect(
      (await world.send('POST', path, { body: { email: 'a@example.com', password: PASSWORD } })).status,
    ).toBe(404)
  }
  const first = await register(world, {})
  expect(first.body.user.roles, 'the first user is like every other').toEqual([])
})

test('of sign-ups with one address at once, one makes the account', async () => {
  const world = await startAuth()
  const answers = await Promise.all(
    Array.from({ length: 10 }, (_, i) => register(world, { password: `${PASSWORD} number ${i}` })),
  )
  const statuses = answers.map(({ status }) => status)
  expect(statuses.toSorted()).toEqual([201, ...Array(9).fill(409)])
  const winner = statuses.indexOf(201)
  for (let i = 0; i < 10; i++) {
    const { status } = await login(world, 'ada@example.com', `${PASSWORD} number ${i}`)
    expect(status, String(i)).toBe(i === winner ? 200 : 401)
  }
})
