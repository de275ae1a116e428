import type { DeviceFacts } from '../sessions/service.ts'
import { noContent } from './answers.ts'
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
      errors: ['INVALID_REQUEST', 'EMAIL_TAKEN', 'WEAK_PASSWORD', 'OVERLOADED'],
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
      errors: ['INVALID_REQUEST', 'INVALID_CREDENTIALS', 'ACCOUNT_DISABLED', 'OVERLOADED'],
    },
    async (call, { email, password, client }) => {
      const device = deviceFacts(call, client)
      return await answerTokens(200, await call.services.accounts.signIn(email, password, device), call)
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
      errors: ['INVALID_REQUEST', 'INVALID_CREDENTIALS', 'WEAK_PASSWORD', 'OVERLOADED'],
    },
    async (call, { account, session }, passwords) => {
      await call.services.accounts.changePassword(account.id, session.id, passwords)
      return noContent(call.answer)
    },
  ),
]

function deviceFacts(call: Call, client: DeviceFacts['client']): DeviceFacts {
  const { headers } = call.request
  if (client === 'native') checkNativeOrigin(headers, call.services.settings)
  return {
    client,
    ip: call.ip,
    userAgent: headers.get('user-agent')?.slice(0, MAX_USER_AGENT_LENGTH) ?? null,
  }
}
