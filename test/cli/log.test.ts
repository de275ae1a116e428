import { expect, test } from 'vitest'
import { PASSWORD, sendTo } from '../support/auth.ts'
import { type Service, startService } from '../support/service.ts'

const EMAIL = 'ada@example.com'

interface Line {
  level: number
  time: string
  msg: string
  [field: string]: unknown
}

const WARN = 40

/** A day in short: everything that an operator may be asked about later. */
async function shortDay({ url }: Service): Promise<{ userId: string }> {
  const post = (path: string, body: unknown, bearer?: string) =>
    sendTo(fetch, url, 'POST', path, bearer === undefined ? { body } : { body, bearer })
  const credentials = { email: EMAIL, password: PASSWORD, client: 'native' }
  const signUp = (await post('/auth/register', credentials)).body
  await post('/auth/login', { ...credentials, password: 'not the password' })
  const login = (await post('/auth/login', credentials)).body
  await post(
    '/auth/password/change',
    { currentPassword: PASSWORD, newPassword: 'a louder harbour' },
    login.accessToken,
  )
  const stolen = login.refreshToken
  await post('/auth/refresh', { refreshToken: stolen })
  await post('/auth/refresh', { refreshToken: stolen })
  const again = (await post('/auth/login', { ...credentials, password: 'a louder harbour' })).body
  await post('/auth/logout', { refreshToken: again.refreshToken })
  return { userId: signUp.user.id }
}

/** The log's lines; what was written to standard output first is left out. */
function linesOf(service: Service): Line[] {
  return service
    .output()
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as Line)
}

test('LK-08: every event that matters is in the log once, with its time in UTC, who and from where', async () => {
  const service = await startService()
  const { userId } = await shortDay(service)
  await service.stop()
  const lines = linesOf(service)
  for (const { time } of lines) expect(new Date(time).toISOString()).toBe(time)

  const events = lines.filter(({ type }) => typeof type === 'string')
  expect(events.map(({ type, reason }) => (reason === undefined ? type : `${type}: ${reason}`))).toEqual([
    'key.created',
    'user.registered',
    'sign_in.succeeded',
    'sign_in.failed',
    'sign_in.succeeded',
    'user.password_changed',
    'session.ended: password_changed',
    'refresh.reused',
    'session.ended: reuse_detected',
    'sign_in.succeeded',
    'session.ended: logout',
  ])
  for (const event of events.filter(({ type }) => type !== 'key.created' && type !== 'sign_in.failed')) {
    expect(event.userId, event.msg).toBe(userId)
  }
  for (const { type, ip } of events.filter(({ type }) => /^(sign_in|refresh)\./.test(String(type)))) {
    expect(ip, String(type)).toBe('127.0.0.1')
  }
  expect(events.find(({ type }) => type === 'refresh.reused')).toMatchObject({
    level: WARN,
    presentedGeneration: 0,
    currentGeneration: 1,
    withIdempotencyKey: false,
    sessionId: expect.stringMatching(/^[0-9a-f-]{36}$/),
  })
})

test('a level leaves out what is below it; at debug every request has a line with its id', async () => {
  const [quiet, alarmed, chatty] = await Promise.all(
    ['silent', 'warn', 'debug'].map(async (level) => {
      const service = await startService({ LATCHKEY_LOG_LEVEL: level })
      await shortDay(service)
      const answer = await fetch(`${service.url}/auth/me?x=1`)
      await service.stop()
      return { lines: linesOf(service), requestId: answer.headers.get('x-request-id') }
    }),
  )
  expect(quiet?.lines).toEqual([])
  expect(alarmed?.lines.filter(({ level }) => level < WARN)).toEqual([])
  // A store may have warned at the start of what it loses.
  const events = alarmed?.lines.flatMap(({ type }) => (type === undefined ? [] : [type]))
  expect(events).toEqual(['refresh.reused'])
  expect(chatty?.lines.find(({ requestId }) => requestId === chatty.requestId)).toMatchObject({
    msg: 'request',
    method: 'GET',
    path: '/auth/me',
    status: 401,
    milliseconds: expect.any(Number),
  })
})
