// A whole day of a service, and then a search for everything that was secret in it.
// It owns no rule; it finds what any of them missed.
import { createPrivateKey, createSecretKey, randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { createSealer, deriveKey } from '../../packages/server/src/keys/seal.ts'
import { latchkey } from '../cli/run.ts'
import { open } from '../http/raw.ts'
import { type Service, startService } from '../support/service.ts'
import { contentOf } from '../support/stores/content.ts'
import { lockWrites, runSql } from '../support/stores/look.ts'
import { environmentOf, type TestStore } from '../support/stores/store.ts'
import { Diary } from './diary.ts'
import { findSecrets } from './search.ts'

interface Sent {
  body?: unknown
  headers?: Record<string, string>
  cookie?: string
  bearer?: string
}

interface Tokens {
  accessToken: string
  refreshToken: string
  sessionId: string
}

const JSON_TYPE = 'application/json'

test('LK-01 LK-03: after a day of use and abuse no secret is in the log, an answer, the metrics, the database or the process list', async () => {
  const diary = new Diary()
  const secret = diary.secret('the secret of the service', randomBytes(32).toString('base64url'))
  const service = await startService({ LATCHKEY_SECRET: secret, LATCHKEY_LOG_LEVEL: 'debug' })
  const day = new Day(service, diary)

  await day.use('native')
  await day.use('browser')
  await day.abuse()
  await day.useTheStandardWay(await registerService(diary, secret, service.store))
  await day.withoutStore()
  const commandLine = readFileSync(`/proc/${service.process.pid}/cmdline`)
  for (const path of [
    '/metrics',
    '/openapi.json',
    '/',
    '/docs',
    '/decoder',
    '/.well-known/jwks.json',
    '/readyz',
    '/healthz',
    '/dev',
  ]) {
    await day.ask('GET', path)
  }
  for (const command of [
    ['keys', 'list'],
    ['sessions', 'revoke', '--before', '2000-01-01T00:00:00Z'],
    ['services', 'list'],
  ]) {
    const { stdout, stderr } = await latchkey(command, {
      environment: { ...environmentOf(service.store), LATCHKEY_SECRET: secret },
    })
    diary.place(`latchkey ${command.join(' ')}`, stdout + stderr)
  }
  await noteKeys(diary, service.store, secret)
  const database = await contentOf(service.store)
  expect(await service.stop()).toBe(0)
  const log = { name: 'the log', content: Buffer.from(service.output()) }

  expect(log.content.toString().split('\n').length, 'the log says much').toBeGreaterThan(100)
  expect(diary.secrets.length, 'there was much to be found').toBeGreaterThan(80)
  expect(diary.places.length).toBeGreaterThan(60)
  const [address] = day.addresses
  expect(
    database.some(({ content }) => content.includes(address!.value)),
    'it is looked into',
  ).toBe(true)

  const places = [log, ...diary.places, ...database, ...(await contentOf(service.store))]
  places.push({ name: 'the process list', content: commandLine })
  expect(findSecrets(diary.secrets, places)).toEqual([])
  expect(
    findSecrets(day.addresses, [log, ...diary.places.filter(({ name }) => !name.includes('/auth/'))]),
  ).toEqual([])

  const found = findSecrets(diary.secrets, [
    { name: 'a careless log', content: Buffer.from(`token=${day.lastToken}`) },
  ])
  expect(found, 'the same search finds one that is there').toContain(
    'a refresh token as it is in a careless log',
  )
}, 60_000)

/** What users, clumsy programs and attackers do, all of it noted in the diary. */
class Day {
  readonly #service: Service
  readonly #diary: Diary
  readonly #emails: string[] = []
  lastToken = ''

  constructor(service: Service, diary: Diary) {
    this.#service = service
    this.#diary = diary
  }

  /** Not secret to their owners, but no business of a log. */
  get addresses() {
    return this.#emails.map((value) => ({ name: 'an e-mail address', value }))
  }

  async ask(
    method: string,
    path: string,
    { body, headers = {}, cookie, bearer }: Sent = {},
  ): Promise<unknown> {
    const text = body === undefined || typeof body === 'string' ? body : JSON.stringify(body)
    const response = await fetch(this.#service.url + path, {
      method,
      headers: {
        ...(body === undefined || typeof body === 'string' ? {} : { 'content-type': JSON_TYPE }),
        ...(cookie === undefined ? {} : { cookie: `__Host-latchkey=${cookie}` }),
        ...(bearer === undefined ? {} : { authorization: `Bearer ${bearer}` }),
        ...headers,
      },
      ...(text === undefined ? {} : { body: text }),
    })
    return await this.#diary.answer(`${method} ${path.split('?')[0]}`, response)
  }

  /** A user who signs up, works, mistypes, changes the password and signs out. */
  async use(client: 'native' | 'browser'): Promise<void> {
    const email = this.#email()
    const password = this.#diary.password()
    const newPassword = this.#diary.password()
    const first = await this.#tokens('/auth/register', { email, password, client })
    const second = await this.#tokens('/auth/login', { email, password, client })
    for (let i = 0; i < 3; i++)
      await this.ask('POST', '/auth/login', { body: { email, password: this.#diary.password() } })

    let { refreshToken } = first
    for (let i = 0; i < 5; i++) {
      const key = this.#diary.idempotencyKey()
      const bearer = i % 2 === 0 ? { bearer: first.accessToken } : {}
      const sent = { ...this.#present(client, refreshToken), headers: { 'idempotency-key': key }, ...bearer }
      const answers = [
        await this.ask('POST', '/auth/refresh', sent),
        await this.ask('POST', '/auth/refresh', sent),
      ]
      refreshToken = (answers[1] as Tokens).refreshToken
    }
    await this.ask('GET', '/auth/me', { bearer: first.accessToken })
    await this.ask('GET', '/auth/sessions', { bearer: first.accessToken })
    const change = (currentPassword: string, next: string) =>
      this.ask('POST', '/auth/password/change', {
        bearer: second.accessToken,
        body: { currentPassword, newPassword: next },
      })
    await change(this.#diary.password(), newPassword)
    await change(password, this.#diary.secret('a weak password', 'latchkey-2026'))
    await change(password, newPassword)
    await this.ask('POST', '/auth/refresh', this.#present(client, refreshToken))

    const third = await this.#tokens('/auth/login', { email, password: newPassword, client })
    await this.#tokens('/auth/refresh', {}, this.#present(client, third.refreshToken))
    await this.ask('POST', '/auth/refresh', this.#present(client, third.refreshToken))
    await this.ask('POST', '/auth/logout', this.#present(client, second.refreshToken))
    await this.ask('POST', '/auth/logout', { bearer: second.accessToken })
    this.lastToken = third.refreshToken
  }

  /** Secrets in every place where they do not belong, broken in every way. */
  async abuse(): Promise<void> {
    const email = this.#email()
    const password = this.#diary.password()
    const { accessToken, refreshToken, sessionId } = await this.#tokens('/auth/register', {
      email,
      password,
      client: 'native',
    })
    const broken = [
      `{"email":"${email}","password":"${password}"`,
      `{"email":"${email}","password":${password}}`,
      `{"refreshToken":"${refreshToken}"`,
      `{"refreshToken":["${refreshToken}"],"email":{"${email}":1},"password":["${password}"]}`,
      `"${refreshToken}"`,
      `${refreshToken}${'x'.repeat(20_000)}`,
    ]
    const paths = ['/auth/register', '/auth/login', '/auth/refresh', '/auth/logout', '/auth/password/change']
    for (const path of paths) {
      for (const body of broken) {
        for (const type of [
          JSON_TYPE,
          'text/plain',
          `application/json; charset=${password.replaceAll(' ', '')}`,
        ]) {
          await this.ask('POST', path, { body, bearer: accessToken, headers: { 'content-type': type } })
        }
      }
    }
    const urls = [
      `/auth/me?access_token=${accessToken}&refresh_token=${refreshToken}`,
      `/auth/refresh?refreshToken=${refreshToken}&password=${encodeURIComponent(password)}`,
      `/auth/login/${encodeURIComponent(email)}/${encodeURIComponent(password)}`,
      `/auth/sessions/${refreshToken}`,
      `/${accessToken}`,
      `/${email}`,
    ]
    for (const url of urls) {
      for (const method of ['GET', 'POST', 'DELETE', 'PUT'])
        await this.ask(method, url, { bearer: accessToken })
    }
    const headers: Record<string, string>[] = [
      { authorization: `Basic ${Buffer.from(`${email}:${password}`).toString('base64')}` },
      { authorization: `Bearer ${refreshToken}` },
      { authorization: `Bearer ${accessToken}x` },
      { 'idempotency-key': refreshToken.slice(0, 10) },
      { origin: `https://${refreshToken.slice(4).toLowerCase()}.example` },
      {
        'x-request-id': refreshToken,
        'user-agent': 'a browser',
        referer: `https://a.example/?t=${accessToken}`,
      },
      { cookie: `__Host-latchkey=${refreshToken}; __Host-latchkey=${refreshToken}` },
    ]
    for (const header of headers) {
      await this.ask('POST', '/auth/refresh', { headers: header, body: { refreshToken } })
      await this.ask('POST', '/auth/password/change', {
        headers: header,
        body: { currentPassword: password },
      })
      await this.ask('DELETE', `/auth/sessions/${sessionId}`, { headers: header })
    }
    for (const head of [
      `GET /auth/me?${accessToken} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${accessToken}\nX: y\r\n\r\n`,
      `${accessToken} / HTTP/1.1\r\nHost: localhost\r\n\r\n`,
      `POST /auth/login HTTP/1.1\r\nHost: ${email} ${password}\r\nContent-Length: 0\r\n\r\n`,
      `POST /auth/login HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n${password}\r\n`,
    ]) {
      await this.#raw(head)
    }
    this.lastToken = refreshToken
  }

  /** An OAuth client and a registered service, and what they get wrong. */
  async useTheStandardWay(credentials: { id: string; secret: string }): Promise<void> {
    const email = this.#email()
    const first = await this.#tokens('/auth/register', {
      email,
      password: this.#diary.password(),
      client: 'native',
    })
    const { id, secret } = credentials
    const good = { authorization: `Basic ${btoa(`${id}:${secret}`)}` }
    const bad: Record<string, string>[] = [
      {},
      { authorization: `Basic ${btoa(`${id}:${secret}x`)}` },
      { authorization: `Basic ${secret}` },
      { authorization: `Basic ${btoa(secret)}` },
      { authorization: `Bearer ${secret}` },
    ]
    const form = (fields: Record<string, string>, headers: Record<string, string> = {}): Sent => ({
      body: new URLSearchParams(fields).toString(),
      headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
    })
    const grant = { grant_type: 'refresh_token', refresh_token: first.refreshToken }
    const broken: Record<string, string>[] = [
      { ...grant, scope: secret },
      { ...grant, client_id: id, client_secret: secret },
      { ...grant, grant_type: first.refreshToken },
      { ...grant, refresh_token: `${first.refreshToken}x` },
      { token: `${first.accessToken}x`, client_id: secret },
    ]
    for (const path of ['/oauth/token', '/oauth/revoke', '/oauth/introspect']) {
      for (const headers of [...bad, good]) {
        for (const fields of broken) await this.ask('POST', path, form(fields, headers))
      }
      const query = new URLSearchParams({ ...grant, token: first.accessToken, client_secret: secret })
      await this.ask('POST', `${path}?${query}`, form(grant))
      await this.ask('GET', `${path}?${query}`, { headers: good })
    }
    const second = (await this.ask('POST', '/oauth/token', form(grant))) as { access_token: string }
    const token = { token: second.access_token }
    expect(await this.ask('POST', '/oauth/introspect', form(token, good))).toMatchObject({ active: true })
    await this.ask('POST', '/oauth/revoke', form(token))
    expect(await this.ask('POST', '/oauth/introspect', form(token, good))).toEqual({ active: false })
    await this.ask('POST', '/oauth/token', form(grant))
  }

  /** The store is locked by somebody else for longer than anybody waits. */
  async withoutStore(): Promise<void> {
    const email = this.#email()
    const password = this.#diary.password()
    const { accessToken, refreshToken } = await this.#tokens('/auth/register', {
      email,
      password,
      client: 'native',
    })
    const release = await lockWrites(this.#service.store)
    const headers = { 'idempotency-key': this.#diary.idempotencyKey() }
    await Promise.all([
      this.ask('POST', '/auth/refresh', { body: { refreshToken }, headers }),
      this.ask('POST', '/auth/logout', { body: { refreshToken }, bearer: accessToken }),
      this.ask('POST', '/auth/login', { body: { email, password } }),
      this.ask('POST', '/auth/register', { body: { email: this.#email(), password } }),
      this.ask('DELETE', '/auth/sessions', { bearer: accessToken }),
      this.ask('GET', '/readyz'),
    ])
    await release()
    await this.ask('POST', '/auth/refresh', { body: { refreshToken }, headers })
  }

  async #tokens(path: string, body: object, sent: Sent = {}): Promise<Tokens> {
    const answer = (await this.ask('POST', path, { body, ...sent })) as Tokens
    expect(answer.refreshToken, path).toMatch(/^lk1_/)
    return answer
  }

  #present(client: 'native' | 'browser', refreshToken: string): Sent {
    return client === 'native' ? { body: { refreshToken } } : { cookie: refreshToken }
  }

  #email(): string {
    const email = `${randomBytes(6).toString('hex')}@example.com`
    this.#emails.push(email)
    return email
  }

  /** Says something that no HTTP client would, and keeps all that comes back. */
  async #raw(bytes: string): Promise<void> {
    const socket = await open(this.#service.url)
    let received = ''
    socket.on('data', (chunk: Buffer) => {
      received += chunk.toString('latin1')
    })
    const closed = new Promise((resolve) => socket.once('close', resolve))
    socket.end(bytes)
    await closed
    this.#diary.place('malformed HTTP', received)
  }
}

async function registerService(diary: Diary, secret: string, store: TestStore) {
  const { stdout } = await latchkey(['services', 'add', 'orders'], {
    environment: { ...environmentOf(store), LATCHKEY_SECRET: secret },
  })
  const [id = '', serviceSecret = ''] = stdout.match(/(?:svc|lks)_[\w-]+/g) ?? []
  diary.secret("a service's secret", serviceSecret)
  diary.bytes("a service's secret in bytes", Buffer.from(serviceSecret.slice('lks_'.length), 'base64url'))
  return { id, secret: serviceSecret }
}

/** The keys that the database holds sealed, opened with the secret. */
async function noteKeys(diary: Diary, store: TestStore, secret: string): Promise<void> {
  const master = createSecretKey(Buffer.from(secret, 'base64url'))
  diary.bytes('the secret of the service in bytes', Buffer.from(secret, 'base64url'))
  for (const purpose of ['seal', 'refresh-token'] as const) {
    diary.bytes(`the key for ${purpose}`, deriveKey(master, purpose).export())
  }
  const sealer = createSealer([deriveKey(master, 'seal')])
  const rows = (await runSql(store, 'select id, purpose, sealed from keys')) as {
    id: string
    purpose: string
    sealed: Uint8Array
  }[]
  expect(rows.map(({ purpose }) => purpose).toSorted()).toEqual(['pepper', 'signing'])
  for (const { id, purpose, sealed } of rows) {
    const plain = sealer.open(sealed, `${purpose}/${id}`)?.plain as Buffer
    diary.bytes(`the ${purpose} key`, plain)
    if (purpose === 'signing') {
      const { d } = createPrivateKey({ key: plain, format: 'der', type: 'pkcs8' }).export({ format: 'jwk' })
      diary.bytes('the private number of the signing key', Buffer.from(d as string, 'base64url'))
    }
  }
}
