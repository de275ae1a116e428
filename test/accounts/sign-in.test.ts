import { createAuth } from 'latchkey'
import { expect, onTestFinished, test } from 'vitest'
import { PasswordHasher } from '../../packages/server/src/accounts/password-hasher.ts'
import { CHEAP_HASHING, PASSWORD, startAuth, type TestAuth } from '../support/auth.ts'
import { runSql } from '../support/stores/look.ts'

const EMAIL = 'ada@example.com'
/** `PASSWORD`, as other systems kept it. */
const IMPORTED = {
  '2b': '$2b$04$Yam4fX3Zk8WrCQDhn05FwuvZyXsbWhC3hFBvAVGYMu6J72ONcudv6',
  '2a': '$2a$04$Yam4fX3Zk8WrCQDhn05FwuvZyXsbWhC3hFBvAVGYMu6J72ONcudv6',
  '2y': '$2y$04$Yam4fX3Zk8WrCQDhn05FwuvZyXsbWhC3hFBvAVGYMu6J72ONcudv6',
}

function login({ send }: TestAuth, email: string, password: string) {
  return send('POST', '/auth/login', { body: { email, password } })
}

/** Hashes what it is given, without a pepper. */
function anotherSystem(): PasswordHasher {
  const hasher = new PasswordHasher({ ...CHEAP_HASHING, parallelism: 1, maxQueue: 10 })
  onTestFinished(() => hasher.close())
  return hasher
}

async function storedHash({ store }: TestAuth, email: string) {
  const [row] = await runSql(store, 'select password_phc, pepper_id from users where email = ?', email)
  return row as { password_phc: string; pepper_id: string | null }
}

test('LR-01: an unknown address and a wrong password are answered alike, to the byte, in every kind of account', async () => {
  const world = await startAuth()
  await world.auth.users.create({ email: EMAIL, password: PASSWORD })
  await world.auth.users.create({ email: 'passwordless@example.com' })
  await world.auth.users.create({ email: 'imported@example.com', passwordHash: IMPORTED['2b'] })
  const disabled = await world.auth.users.create({ email: 'disabled@example.com', password: PASSWORD })
  await world.auth.users.disable(disabled.id)

  const emails = [EMAIL, 'passwordless@example.com', 'imported@example.com', 'disabled@example.com']
  const raw = async (email: string) => {
    const answer = await world.auth.fetch(
      new Request(`${world.url}/auth/login`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ email, password: 'not the password' }),
      }),
    )
    const headers = [...answer.headers].filter(([name]) => name !== 'x-request-id')
    return { status: answer.status, statusText: answer.statusText, headers, body: await answer.text() }
  }
  const unknown = await raw('nobody@example.com')
  expect([unknown.status, JSON.parse(unknown.body).error]).toEqual([401, 'INVALID_CREDENTIALS'])
  for (const email of emails) expect(await raw(email), email).toEqual(unknown)
})

test('a sign-in that fails leaves an event with the address of the client, and no trace of what was typed', async () => {
  const world = await startAuth()
  await login(world, 'nobody@example.com', 'not the password')
  const failed = world.events.filter(({ type }) => type === 'sign_in.failed')
  expect(failed).toEqual([{ type: 'sign_in.failed', ip: null }])
})

test('a disabled account is told so only to who knows its password; once enabled it opens again', async () => {
  const world = await startAuth()
  const { userId, accessToken, refreshToken } = await world.signUp('native', EMAIL)
  await world.auth.users.disable(userId)

  expect((await login(world, EMAIL, 'not the password')).body.error).toBe('INVALID_CREDENTIALS')
  const right = await login(world, EMAIL, PASSWORD)
  expect([right.status, right.body.error]).toEqual([403, 'ACCOUNT_DISABLED'])
  expect((await world.send('GET', '/auth/me', { bearer: accessToken })).body.error).toBe('TOKEN_REVOKED')
  const refresh = await world.send('POST', '/auth/refresh', { body: { refreshToken } })
  expect([refresh.body.error, refresh.body.reason]).toEqual(['SESSION_REVOKED', 'account_disabled'])

  await world.auth.users.enable(userId)
  expect((await login(world, EMAIL, PASSWORD)).status).toBe(200)
  expect(
    (await world.send('POST', '/auth/refresh', { body: { refreshToken } })).status,
    'what ended stays so',
  ).toBe(401)
})

test('an account without a password is opened by none, not even an empty one', async () => {
  const world = await startAuth()
  await world.auth.users.create({ email: EMAIL })
  for (const password of ['', 'null', 'undefined', PASSWORD]) {
    expect((await login(world, EMAIL, password)).status, password).toBe(401)
  }
})

test('LR-22: bcrypt hashes from another system open the account, and become hashes of our own at the first sign-in', async () => {
  for (const [kind, passwordHash] of Object.entries(IMPORTED)) {
    const world = await startAuth()
    await world.auth.users.create({ email: EMAIL, passwordHash })
    expect((await login(world, EMAIL, 'not the password')).status, kind).toBe(401)
    expect(await storedHash(world, EMAIL), 'a wrong password changes nothing').toEqual({
      password_phc: passwordHash,
      pepper_id: null,
    })
    expect((await login(world, EMAIL, PASSWORD)).status, kind).toBe(200)
    const own = await storedHash(world, EMAIL)
    expect(own.password_phc, kind).toMatch(/^\$argon2id\$v=19\$m=8192,t=1,p=1\$/)
    expect(own.pepper_id, kind).toMatch(/^p/)
    expect((await login(world, EMAIL, PASSWORD)).status, kind).toBe(200)
    expect(await storedHash(world, EMAIL), 'and then stay').toEqual(own)
    expect((await login(world, EMAIL, 'not the password')).status, kind).toBe(401)
  }
})

test('LR-22: argon2id hashes from another system open the account and are peppered at the first sign-in', async () => {
  const world = await startAuth()
  const decomposed = 're\u0301sume\u0301 of a harbour'
  const passwordHash = (await anotherSystem().hash(decomposed, null)) as string
  await world.auth.users.create({ email: EMAIL, passwordHash })
  expect((await login(world, EMAIL, decomposed)).status, 'as it was typed there').toBe(200)
  expect((await storedHash(world, EMAIL)).pepper_id).toMatch(/^p/)
  expect((await login(world, EMAIL, decomposed.normalize('NFC'))).status, 'and from now on normalised').toBe(
    200,
  )
})

test('a hash of another kind, or one whose check would hold up everybody, is refused when it is imported', async () => {
  const world = await startAuth()
  const bcrypt = IMPORTED['2b'].slice('$2b$04$'.length)
  const digest = `${'c2FsdHNhbHQ'.repeat(2)}$${'a'.repeat(43)}`
  const refused = [
    ...[
      '',
      'x',
      PASSWORD,
      '$1$salt$hash',
      '$6$salt$hash',
      '$argon2i$v=19$m=8192,t=1,p=1$c2FsdHNhbHQ$aaaa',
      '{SSHA}x',
    ],
    ...['03', '16', '31', '99', '4', '+4'].map((cost) => `$2b$${cost}$${bcrypt}`),
    ...[`$2x$04$${bcrypt}`, `$2b$04$${bcrypt}x`, `$2b$04$${bcrypt.slice(1)}`, `${IMPORTED['2b']}\n`],
    ...['m=4194304,t=1,p=1', 'm=8192,t=600,p=1', 'm=8192,t=1,p=100', 't=1,m=8192,p=1', 'm=8192,t=1'].map(
      (parameters) => `$argon2id$v=19$${parameters}$${digest}`,
    ),
  ]
  for (const passwordHash of refused) {
    const create = world.auth.users.create({ email: EMAIL, passwordHash })
    await expect(create, passwordHash).rejects.toMatchObject({ code: 'INVALID_REQUEST' })
  }
  expect(await world.auth.users.find({ email: EMAIL })).toBeUndefined()
  for (const [i, passwordHash] of [
    `$argon2id$v=19$m=1048575,t=4,p=4$${digest}`,
    `$2b$15$${bcrypt}`,
  ].entries()) {
    await world.auth.users.create({ email: `user${i}@example.com`, passwordHash })
  }
})

test('LR-07: of an imported bcrypt hash, which saw 72 bytes, no longer password becomes the only one', async () => {
  const world = await startAuth()
  const typed = `${'x'.repeat(72)} and what bcrypt never saw`
  /** bcrypt of 72 x, cost 4. */
  const passwordHash = '$2b$04$g3ZM39KxZVOAiu6o1hzGre05xIDcsDheDevjMfKuTsjTYlMlulQZ2'
  await world.auth.users.create({ email: EMAIL, passwordHash })
  expect((await login(world, EMAIL, `${'x'.repeat(71)}y`)).status).toBe(401)
  expect((await login(world, EMAIL, typed)).status).toBe(200)
  expect((await storedHash(world, EMAIL)).password_phc, 'nobody knows yet what follows').toBe(passwordHash)
  expect((await login(world, EMAIL, 'x'.repeat(72))).status).toBe(200)
  expect((await storedHash(world, EMAIL)).password_phc, 'the 72 bytes are all that was checked').toMatch(
    /^\$argon2id\$/,
  )
  expect((await login(world, EMAIL, typed)).status).toBe(401)
})

test('a NUL in a password does not end it, for an imported hash either', async () => {
  const world = await startAuth()
  await world.auth.users.create({ email: EMAIL, passwordHash: IMPORTED['2b'] })
  for (const password of [`${PASSWORD}\0`, `${PASSWORD}\0anything`, `\0${PASSWORD}`]) {
    expect((await login(world, EMAIL, password)).status, JSON.stringify(password)).toBe(401)
  }
  expect((await login(world, EMAIL, PASSWORD)).status).toBe(200)
})

test('LR-22: raised parameters, or a new pepper, are in the hash after the next sign-in', async () => {
  const world = await startAuth()
  await world.signUp('browser', EMAIL)
  const before = (await storedHash(world, EMAIL)).password_phc
  const raised = await createAuth({
    ...world.options,
    passwordHashing: { ...CHEAP_HASHING, memoryKiB: 9_216, iterations: 2 },
  })
  onTestFinished(() => raised.close())
  const signIn = (password: string) =>
    raised.fetch(
      new Request(`${world.url}/auth/login`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ email: EMAIL, password }),
      }),
    )
  expect((await signIn('not the password')).status).toBe(401)
  expect((await storedHash(world, EMAIL)).password_phc).toBe(before)
  expect((await signIn(PASSWORD)).status).toBe(200)
  expect((await storedHash(world, EMAIL)).password_phc).toMatch(/^\$argon2id\$v=19\$m=9216,t=2,p=1\$/)
  expect((await login(world, EMAIL, PASSWORD)).status, 'a node with the old parameters takes it too').toBe(
    200,
  )
})

test('LR-22: the same password twice has two salts, and its hash is worthless without the pepper', async () => {
  const world = await startAuth()
  await world.signUp('browser', EMAIL)
  await world.signUp('browser', 'eve@example.com')
  const stored = [await storedHash(world, EMAIL), await storedHash(world, 'eve@example.com')]
  const hashes = stored.map(({ password_phc }) => password_phc)
  expect(hashes[0]?.split('$')[4]).not.toBe(hashes[1]?.split('$')[4])
  for (const hash of hashes) {
    expect(await anotherSystem().matches([PASSWORD], hash as string, 1), 'a guess needs the pepper too').toBe(
      false,
    )
  }
})

test('DS-07: a user has as many sessions as the settings allow; the one unused for longest makes room', async () => {
  const world = await startAuth({ maxSessionsPerUser: 3 })
  const first = await world.signUp('native', EMAIL)
  const others = []
  for (let i = 0; i < 2; i++) {
    world.clock.now += 1_000
    const { body } = await world.send('POST', '/auth/login', {
      body: { email: EMAIL, password: PASSWORD, client: 'native' },
    })
    others.push(body)
  }
  world.clock.now += 1_000
  const used = await world.send('POST', '/auth/refresh', { body: { refreshToken: first.refreshToken } })
  world.clock.now += 1_000
  const fourth = await login(world, EMAIL, PASSWORD)
  expect(fourth.status).toBe(200)

  const unused = await world.send('POST', '/auth/refresh', { body: { refreshToken: others[0].refreshToken } })
  expect([unused.body.error, unused.body.reason]).toEqual(['SESSION_REVOKED', 'session_limit'])
  const list = await world.send('GET', '/auth/sessions', { bearer: fourth.body.accessToken })
  expect(list.body.sessions.map(({ id }: { id: string }) => id)).toEqual([
    fourth.body.sessionId,
    used.body.sessionId,
    others[1].sessionId,
  ])
})
