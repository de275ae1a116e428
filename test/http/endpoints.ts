import { PASSWORD, type SendOptions } from '../support/auth.ts'

/** An endpoint with a request that it would grant, but for what a test adds to it. */
export interface EndpointUnderTest {
  method: 'GET' | 'POST' | 'DELETE'
  path: string
  body?: Record<string, unknown>
  /** Also takes a form. */
  form?: true
  bearer?: 'required' | 'optional'
  /** Asks for the credentials of a registered service. */
  service?: true
}

/** Those of `/auth`; that none is missing is checked against the OpenAPI document. */
export const AUTH_ENDPOINTS: readonly EndpointUnderTest[] = [
  {
    method: 'POST',
    path: '/auth/register',
    body: { email: 'eve@example.com', password: PASSWORD },
    form: true,
  },
  { method: 'POST', path: '/auth/login', body: { email: 'ada@example.com', password: PASSWORD }, form: true },
  { method: 'POST', path: '/auth/refresh', body: {}, bearer: 'optional' },
  { method: 'POST', path: '/auth/logout', body: {}, bearer: 'optional' },
  { method: 'GET', path: '/auth/me', bearer: 'required' },
  { method: 'GET', path: '/auth/check', bearer: 'required' },
  { method: 'GET', path: '/auth/revocations', service: true },
  { method: 'GET', path: '/auth/sessions', bearer: 'required' },
  { method: 'DELETE', path: '/auth/sessions', bearer: 'required' },
  { method: 'DELETE', path: '/auth/sessions/11111111-1111-4111-8111-111111111111', bearer: 'required' },
  {
    method: 'POST',
    path: '/auth/password/change',
    body: { currentPassword: PASSWORD, newPassword: 'a louder harbour at dawn' },
    bearer: 'required',
  },
]

export const STATE_CHANGING = AUTH_ENDPOINTS.filter(({ method }) => method !== 'GET')
export const WITH_BODY = AUTH_ENDPOINTS.filter(({ body }) => body !== undefined)

/** Those of RFC 6749, 7009 and 7662: each takes a form alone. */
export const OAUTH_ENDPOINTS = [
  {
    method: 'POST',
    path: '/oauth/token',
    security: [{}, { accessToken: [] }, { client: [] }],
    needed: ['grant_type', 'refresh_token'],
  },
  { method: 'POST', path: '/oauth/revoke', security: [{}, { client: [] }], needed: ['token'] },
  { method: 'POST', path: '/oauth/introspect', security: [{ client: [] }], needed: ['token'] },
] as const

export const PUBLIC_PATHS = [
  '/.well-known/jwks.json',
  '/.well-known/oauth-authorization-server',
  '/.well-known/openid-configuration',
  '/healthz',
  '/readyz',
  '/metrics',
  '/openapi.json',
] as const

/** What a signed-in browser sends along by itself. */
export function credentials(
  { bearer, path }: EndpointUnderTest,
  session: { accessToken: string; refreshToken: string },
): Pick<SendOptions, 'bearer' | 'cookie'> {
  return {
    ...(bearer === 'required' ? { bearer: session.accessToken } : {}),
    ...(path === '/auth/refresh' || path === '/auth/logout' ? { cookie: session.refreshToken } : {}),
  }
}
