import type { AuthErrorCode } from '@latchkey/protocol'
import { z } from 'zod'
import type { EndpointDescription } from './endpoint.ts'
import { OAUTH_ERROR, oauthStatus } from './oauth-errors.ts'
import { SCHEMAS } from './schemas.ts'
import { STATUS, TITLE } from './status.ts'

const VERSION = '1'

/** The OpenAPI 3.1 document of the endpoints, made of the very schemas that validate. */
export function openApiDocument(endpoints: readonly EndpointDescription[], url: string): object {
  const paths: Record<string, Record<string, object>> = {}
  for (const endpoint of endpoints) {
    const path = endpoint.path.replaceAll(/:(\w+)/g, '{$1}')
    paths[path] = { ...paths[path], [endpoint.method.toLowerCase()]: operation(endpoint) }
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Latchkey',
      version: VERSION,
      description:
        'Short-lived access tokens that any service verifies alone, and one rotating, revocable session behind each.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url }],
    paths,
    components: {
      schemas: Object.fromEntries(
        Object.entries(SCHEMAS).map(([name, schema]) => [name, toJsonSchema(schema)]),
      ),
      securitySchemes: {
        accessToken: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' },
        client: {
          type: 'http',
          scheme: 'basic',
          description: "A registered service's id and secret, or a public client's id and an empty secret",
        },
      },
    },
  }
}

function operation(endpoint: EndpointDescription): object {
  const { summary, group, body, headers = {}, query = {}, answers } = endpoint
  const pathParameters = [...endpoint.path.matchAll(/:(\w+)/g)].map(([, name]) => ({
    name,
    in: 'path',
    required: true,
    schema: { type: 'string' },
  }))
  return {
    summary,
    tags: [group],
    ...security(endpoint),
    parameters: [...pathParameters, ...parameters('header', headers), ...parameters('query', query)],
    ...(body === undefined ? {} : { requestBody: requestBody(body) }),
    responses: {
      [answers.status]: {
        description: 'Success',
        ...answerHeaders(answers.headers),
        ...successContent(answers),
      },
      ...(isStandard(endpoint) ? oauthErrorResponses(endpoint) : errorResponses(errorsOf(endpoint))),
    },
  }
}

function security({ bearer, basic }: EndpointDescription): object {
  if (bearer === 'none' && basic === undefined) return {}
  const needed = bearer === 'required' || basic === 'required'
  return {
    security: [
      ...(needed ? [] : [{}]),
      ...(bearer === 'none' ? [] : [{ accessToken: [] }]),
      ...(basic === undefined ? [] : [{ client: [] }]),
    ],
  }
}

function requestBody({ schema, form, required }: NonNullable<EndpointDescription['body']>): object {
  const content = { schema: { $ref: `#/components/schemas/${schema}` } }
  return {
    required,
    content: {
      ...(form === 'only' ? {} : { 'application/json': content }),
      ...(form ? { 'application/x-www-form-urlencoded': content } : {}),
    },
  }
}

function answerHeaders(described: Record<string, string> | undefined): object {
  if (described === undefined) return {}
  const headers = Object.entries(described).map(([name, description]) => [
    name,
    { description, schema: { type: 'string' } },
  ])
  return { headers: Object.fromEntries(headers) }
}

function successContent({
  schema,
  mediaType = 'application/json',
  status,
}: EndpointDescription['answers']): object {
  if (status === 204) return {}
  const content = schema === undefined ? {} : { schema: { $ref: `#/components/schemas/${schema}` } }
  return { content: { [mediaType]: content } }
}

/** The codes that an endpoint declares, and those that its kind brings with it. */
function errorsOf({ path, method, bearer, body, errors }: EndpointDescription): AuthErrorCode[] {
  if (!path.startsWith('/auth/') && !path.startsWith('/oauth/')) return [...errors]
  // INVALID_REQUEST is also the answer to a token in the URL, wherever it is sent.
  const codes: AuthErrorCode[] = [...errors, 'INVALID_REQUEST', 'STORE_UNAVAILABLE', 'INTERNAL']
  if (bearer === 'required') codes.push('TOKEN_MISSING', 'TOKEN_INVALID', 'TOKEN_EXPIRED', 'TOKEN_REVOKED')
  if (method !== 'GET') codes.push('ORIGIN_FORBIDDEN')
  if (body !== undefined) codes.push('PAYLOAD_TOO_LARGE', 'UNSUPPORTED_MEDIA_TYPE')
  return [...new Set(codes)]
}

function errorResponses(codes: readonly AuthErrorCode[]): Record<string, object> {
  const byStatus = Map.groupBy(codes, (code) => STATUS[code])
  return Object.fromEntries(
    [...byStatus].map(([status, group]) => [
      String(status),
      {
        description: group.map((code) => `${code}: ${TITLE[code]}`).join('; '),
        content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
      },
    ]),
  )
}

function isStandard({ group }: EndpointDescription): boolean {
  return group === 'Standard'
}

/** RFC 6749 §5.2, with our codes beside its own. */
function oauthErrorResponses(endpoint: EndpointDescription): Record<string, object> {
  const named = [
    ...errorsOf(endpoint).map((code) => ({ status: oauthStatus(code), error: OAUTH_ERROR[code], code })),
    ...(endpoint.oauthErrors ?? []).map((error) => ({ status: 400, error, code: null })),
  ]
  const byStatus = Map.groupBy(named, ({ status }) => status)
  return Object.fromEntries(
    [...byStatus].map(([status, group]) => [
      String(status),
      {
        description: [...Map.groupBy(group, ({ error }) => error)]
          .map(([error, same]) => {
            const codes = same.flatMap(({ code }) => (code === null ? [] : [code]))
            return codes.length === 0 ? error : `${error}: ${codes.join(', ')}`
          })
          .join('; '),
        content: { 'application/json': { schema: { $ref: '#/components/schemas/OAuthError' } } },
      },
    ]),
  )
}

function parameters(place: 'header' | 'query', described: Record<string, string>): object[] {
  return Object.entries(described).map(([name, description]) => ({
    name,
    in: place,
    required: false,
    description,
    schema: { type: 'string' },
  }))
}

function toJsonSchema(schema: z.ZodType): object {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io: 'input' })
  return rest
}
