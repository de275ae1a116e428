import { expect, test } from 'vitest'
import { byGroup, endpointsOf, search } from './endpoints.ts'
import { fieldsOf } from './fields.ts'
import type { OpenApi } from './openapi.ts'

const document: OpenApi = {
  info: { title: 'Latchkey', version: '1' },
  paths: {
    '/auth/login': {
      post: {
        summary: 'Sign in',
        tags: ['Accounts'],
        requestBody: { content: { 'application/json': { schema: { $ref: '#/components/schemas/Login' } } } },
        responses: {
          200: { description: 'Success' },
          401: { description: 'INVALID_CREDENTIALS: Wrong e-mail or password; TOKEN_INVALID: No' },
        },
      },
    },
    '/auth/me': {
      get: {
        summary: 'Who',
        tags: ['Sessions'],
        security: [{}, { accessToken: [] }],
        responses: { 200: { description: 'Success' } },
      },
    },
    '/oauth/introspect': {
      post: {
        summary: 'Ask',
        tags: ['Standard'],
        security: [{ client: [] }],
        responses: {
          200: { description: 'Success' },
          401: {
            description: 'invalid_client: INVALID_CREDENTIALS',
            content: { 'application/json': { schema: { $ref: '#/components/schemas/OAuthError' } } },
          },
        },
      },
    },
  },
  components: {
    schemas: {
      Login: {
        required: ['email'],
        properties: {
          email: { type: 'string', format: 'email', description: 'Trimmed' },
          client: { enum: ['browser', 'native'], default: 'browser' },
          devices: {
            type: 'array',
            items: { type: 'object', properties: { id: { type: ['string', 'null'] } } },
          },
        },
      },
    },
  },
}

test('an endpoint is told with its body, its need for a token and its errors', () => {
  const [login, me, introspect] = endpointsOf(document)
  expect(login).toMatchObject({
    id: 'post-auth-login',
    method: 'POST',
    bearer: 'none',
    request: { name: 'Login' },
  })
  expect(login?.errors).toEqual([
    { status: '401', code: 'INVALID_CREDENTIALS', title: 'Wrong e-mail or password' },
    { status: '401', code: 'TOKEN_INVALID', title: 'No' },
  ])
  expect([me?.bearer, me?.basic]).toEqual(['optional', 'none'])
  expect([introspect?.bearer, introspect?.basic]).toEqual(['none', 'required'])
  expect(introspect?.errorForm).toBe('application/json: OAuthError')
})

test('a search finds what has all of the words, in any case and anywhere', () => {
  const found = (query: string) => search(endpointsOf(document), query).map(({ path }) => path)
  expect(found('')).toHaveLength(3)
  expect(found('invalid_credentials sign')).toEqual(['/auth/login'])
  expect(found('devices')).toEqual(['/auth/login'])
  expect(found('devices /auth/me')).toEqual([])
  expect(found('mediaTypes')).toEqual([])
})

test('endpoints are grouped in the order of the document', () => {
  expect(byGroup(endpointsOf(document)).map(([group]) => group)).toEqual(['Accounts', 'Sessions', 'Standard'])
})

test('the fields of a schema are listed flat, with types, defaults and what may be left out', () => {
  expect(fieldsOf(document.components.schemas.Login ?? {})).toEqual([
    { name: 'email', type: 'string, email', isRequired: true, description: 'Trimmed' },
    { name: 'client', type: '"browser" or "native"', isRequired: false, description: 'default "browser"' },
    { name: 'devices', type: 'array of object', isRequired: false, description: '' },
    { name: 'devices[].id', type: 'string or null', isRequired: false, description: '' },
  ])
})
