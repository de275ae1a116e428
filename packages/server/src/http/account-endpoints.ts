import type { DeviceFacts } from '../sessions/service.ts'
import type { Session } from '../sessions/session.ts'
import { noContent } from './answers.ts'
import { cookieName, cookieValues } from './cookies.ts'
import { type Call, type Endpoint, endpointForCallerWithBody, endpointWithBody } from './endpoint.ts'
import { checkNativeOrigin } from './origin.ts'
import { answerTokens } from './tokens-answer.ts'

const MAX_USER_AGENT_LENGTH = 256

export const accountEndpoints: readonly Endpoint[] = [
  endpointWithBody(
    {
      method: 'POST',
      path: '/auth/register',
      summary: 'Sign up',
      group: 'Accounts',
      bearer: 'none',
      body: { schema: 'Registration', form: true, required: true },
      answers: { status: 201, schema: 'Tokens' },
      errors: ['INVALID_REQUEST', 'EMAIL_TAKEN', 'WEAK_PASSWORD', 'RATE_LIMITED', 'OVERLOADED'],
    },
    async (call, { email, password, client }) => {
      const device = deviceFacts(call, client)
      return await answerTokens(201, await call.services.accounts.register(email, password, device), call)
    },
  ),
  endpointWithBody(
    {
      method: 'POST',
      path: '/auth/login',
      summary: 'Sign in',
      group: 'Accounts',
      bearer: 'none',
      body: { schema: 'Login', form: true, required: true },
      answers: { status: 200, schema: 'Tokens' },
      errors: ['INVALID_REQUEST', 'INVALID_CREDENTIALS', 'ACCOUNT_DISABLED', 'RATE_LIMITED', 'OVERLOADED'],
    },
    async (call, { email, password, client, refreshToken }) => {
      const device = deviceFacts(call, client)
      const former = await formerSession(call, refreshToken)
      const opened = await call.services.accounts.signIn(email, password, device, former)
      return await answerTokens(200, opened, call)
    },
  ),
  endpointForCallerWithBody(
    {
      method: 'POST',
      path: '/auth/password/change',
      summary: 'Change the password and end every other session',
      group: 'Accounts',
      bearer: 'required',
      body: { schema: 'PasswordChange', form: false, required: true },
      answers: { status: 204 },
      errors: ['INVALID_REQUEST', 'INVALID_CREDENTIALS', 'WEAK_PASSWORD', 'RATE_LIMITED', 'OVERLOADED'],
    },
    async (call, { account, session }, passwords) => {
      await call.services.accounts.changePassword(account, { ...session, ip: call.ip }, passwords)
      return noContent(call.answer)
    },
  ),
]

/** The session, live or ended, whose token the device has kept: it tells it from a stranger's. */
async function formerSession(
  { request, services }: Call,
  bodyToken: string | undefined,
): Promise<Session | null> {
  const [cookie, ...more] = cookieValues(request.headers.get('cookie'), cookieName(services.settings.cookie))
  const token = more.length === 0 ? (cookie ?? bodyToken) : undefined
  return token === undefined ? null : await services.sessions.findByRefreshToken(token)
}

function deviceFacts(call: Call, client: DeviceFacts['client']): DeviceFacts {
  const { headers } = call.request
  if (client === 'native') checkNativeOrigin(headers, call.services.settings)
  return {
    client,
    ip: call.ip,
    userAgent: headers.get('user-agent')?.slice(0, MAX_USER_AGENT_LENGTH) ?? null,
  }
}
