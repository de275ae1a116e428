import { PASSWORD, type TestAuth } from '../support/auth.ts'
import { AUTH_ENDPOINTS, OAUTH_ENDPOINTS, PUBLIC_PATHS } from './endpoints.ts'

const EMAIL = 'ada@example.com'
const JSON_TYPE = { 'content-type': 'application/json' }
const FORM_TYPE = { 'content-type': 'application/x-www-form-urlencoded' }

export interface Exchange {
  name: string
  method: string
  /** Without the query. */
  path: string
  status: number
  headers: Headers
  text: string
}

/** An answer of every status and from every corner of the service. */
export async function everyKindOfAnswer(world: TestAuth): Promise<Exchange[]> {
  const { accessToken, refreshToken } = await world.signUp('browser', EMAIL)
  const exchanges: Exchange[] = []
  const ask = async (method: string, path: string, headers: Record<string, string> = {}, body?: string) => {
    const request = new Request(`${world.url}${path}`, {
      method,
      headers,
      ...(body === undefined ? {} : { body }),
    })
    const answer = await world.auth.fetch(request)
    const name = `${answer.status} of ${method} ${path} ${JSON.stringify(Object.keys(headers))}`
    const text = await wholeText(answer)
    exchanges.push({
      name,
      method,
      path: new URL(request.url).pathname,
      status: answer.status,
      headers: answer.headers,
      text,
    })
  }
  const authorization = `Bearer ${accessToken}`
  const sent = (fields: object) => JSON.stringify({ email: EMAIL, password: PASSWORD, ...fields })

  for (const path of ['/', '/docs', '/favicon.ico', '/nowhere', '/dev', ...PUBLIC_PATHS]) {
    await ask('GET', path)
    await ask('HEAD', path)
    await ask('OPTIONS', path, { origin: 'https://evil.example' })
    await ask('PUT', path)
  }
  for (const { method, path } of AUTH_ENDPOINTS) {
    await ask(method, path)
    await ask(method, path, { origin: 'https://evil.example' })
    await ask(method, path, { authorization: 'Bearer nonsense', ...JSON_TYPE })
    await ask(method, `${path}?access_token=x`)
    await ask('OPTIONS', path, { origin: world.url, 'access-control-request-method': method })
    if (method === 'POST') {
      await ask(method, path, { ...JSON_TYPE, authorization }, '{')
      await ask(method, path, { ...JSON_TYPE, authorization }, ' '.repeat(16_385))
      await ask(method, path, { 'content-type': 'text/plain', authorization }, 'x')
    }
  }
  await ask('POST', '/auth/register', JSON_TYPE, sent({ email: 'new@example.com' }))
  await ask('POST', '/auth/register', JSON_TYPE, sent({}))
  await ask('POST', '/auth/register', JSON_TYPE, sent({ email: 'weak@example.com', password: 'short' }))
  await ask('POST', '/auth/login', JSON_TYPE, sent({}))
  await ask('POST', '/auth/login', JSON_TYPE, sent({ password: 'not the password' }))
  await ask('POST', '/auth/login', JSON_TYPE, sent({ client: 'native' }))
  await ask('GET', '/auth/me', { authorization })
  await ask('GET', '/auth/check', { authorization })
  await ask('GET', '/auth/sessions', { authorization })
  await ask('DELETE', `/auth/sessions/${crypto.randomUUID()}`, { authorization })
  await ask('POST', '/auth/refresh', { cookie: `__Host-latchkey=${refreshToken}` })
  await ask('POST', '/auth/refresh', { cookie: `__Host-latchkey=${refreshToken}` })
  await askTheStandardWay()
  const { id = '' } = (await world.auth.users.find({ email: EMAIL })) ?? {}
  await world.auth.users.disable(id)
  await ask('POST', '/auth/login', JSON_TYPE, sent({}))
  return exchanges

  async function askTheStandardWay(): Promise<void> {
    const native = await world.send('POST', '/auth/login', {
      body: { email: EMAIL, password: PASSWORD, client: 'native' },
    })
    const service = await world.auth.services.create({ name: 'orders' })
    const basic = `Basic ${Buffer.from(`${service.id}:${service.secret}`).toString('base64')}`
    const refresh = `grant_type=refresh_token&refresh_token=${native.body.refreshToken}`
    for (const { path } of OAUTH_ENDPOINTS) {
      await ask('GET', path)
      await ask('POST', path)
      await ask('POST', path, { ...FORM_TYPE, origin: 'https://evil.example' }, 'token=x')
      await ask('POST', path, FORM_TYPE, `token=${'x'.repeat(16_385)}`)
      await ask('POST', path, { ...FORM_TYPE, authorization: 'Basic x' }, `${refresh}&token=x`)
      await ask('POST', path, { ...FORM_TYPE, authorization: basic }, '')
    }
    await ask('GET', '/auth/revocations', { authorization: basic })
    await ask('POST', '/oauth/token', FORM_TYPE, 'grant_type=password')
    await ask('POST', '/oauth/token', FORM_TYPE, `${refresh}&scope=openid`)
    await ask('POST', '/oauth/token', FORM_TYPE, 'grant_type=refresh_token&refresh_token=x')
    await ask('POST', '/oauth/token', FORM_TYPE, refresh)
    const form = `token=${native.body.accessToken}`
    await ask('POST', '/oauth/introspect', { ...FORM_TYPE, authorization: basic }, form)
    await ask('POST', '/oauth/introspect', { ...FORM_TYPE, authorization: basic }, 'token=x')
    await ask('POST', '/oauth/revoke', FORM_TYPE, form)
  }
}

/** Of a stream that goes on for ever, what comes at once. */
async function wholeText(answer: Response): Promise<string> {
  if (answer.headers.get('content-type') !== 'text/event-stream') return await answer.text()
  const reader = (answer.body as ReadableStream<Uint8Array>).getReader()
  let text = ''
  while (!text.includes('event: current')) text += Buffer.from((await reader.read()).value ?? [])
  await reader.cancel()
  return text
}
