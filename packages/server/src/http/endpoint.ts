import type { AuthErrorCode } from '@latchkey/protocol'
import type { z } from 'zod'
import { AuthError } from '../errors.ts'
import type { Arrival } from '../sessions/arrivals.ts'
import type { HeaderRecord } from './answers.ts'
import { authenticate, type Caller } from './bearer.ts'
import { bodyFormat, type FormRule, readBody } from './body.ts'
import type { RequestContext, Services } from './context.ts'
import type { OAuthErrorCode } from './oauth-errors.ts'
import { checkOrigin } from './origin.ts'
import { SCHEMAS } from './schemas.ts'

export type BodyName =
  | 'Registration'
  | 'Login'
  | 'RefreshRequest'
  | 'LogoutRequest'
  | 'PasswordChange'
  | 'TokenRequest'
  | 'RevocationRequest'
  | 'IntrospectionRequest'
export type BodyOf<Name extends BodyName> = z.output<(typeof SCHEMAS)[Name]>

/** A request that has passed the checks which its endpoint declares. */
export interface Call {
  request: Request
  services: Services
  params: Record<string, string>
  query: URLSearchParams
  ip: string | null
  bodyIsMeasured: boolean
  connection: RequestContext['connection']
  arrival: Arrival
  /** The headers that the answer gets besides its own. */
  answer: HeaderRecord
}

export interface EndpointDescription {
  method: 'GET' | 'POST' | 'DELETE'
  /** With parameters as `:name`. */
  path: string
  summary: string
  group: 'Accounts' | 'Sessions' | 'Standard' | 'Keys' | 'Operation' | 'Development'
  /** The success status, the schema or media type of its body, and what its own headers say. */
  answers: {
    status: number
    schema?: keyof typeof SCHEMAS
    mediaType?: string
    headers?: Record<string, string>
  }
  errors: readonly AuthErrorCode[]
  /** Also with 400, under a name that only RFC 6749 has. */
  oauthErrors?: readonly OAuthErrorCode[]
  body?: { schema: BodyName; form: FormRule; required: boolean }
  headers?: Record<string, string>
  query?: Record<string, string>
  bearer: 'required' | 'optional' | 'none'
  /** Whether HTTP Basic says which client, or which registered service, asks. @default it says nothing */
  basic?: 'required' | 'optional'
}

export interface Endpoint extends EndpointDescription {
  run(call: Call): Promise<Response>
}

/** Declares an endpoint without a body or a caller. */
export function endpoint(
  description: EndpointDescription,
  handle: (call: Call) => Promise<Response>,
): Endpoint {
  return {
    ...description,
    async run(call) {
      checkRequest(call)
      return await handle(call)
    },
  }
}

/** Declares an endpoint that reads a body. */
export function endpointWithBody<Name extends BodyName>(
  description: EndpointDescription & { body: { schema: Name } },
  handle: (call: Call, body: BodyOf<Name>) => Promise<Response>,
): Endpoint {
  return {
    ...description,
    async run(call) {
      checkRequest(call)
      const format = bodyFormat(call.request.headers, description.body)
      return await handle(
        call,
        validate(description.body.schema, await readBody(call.request, format, call.bodyIsMeasured)),
      )
    },
  }
}

/** Declares an endpoint for who brings the access token of a live session. */
export function endpointForCaller(
  description: EndpointDescription,
  handle: (call: Call, caller: Caller) => Promise<Response>,
): Endpoint {
  return {
    ...description,
    async run(call) {
      checkRequest(call)
      return await handle(call, await authenticate(call.request.headers, call.services))
    },
  }
}

/** Both: the caller is known before the body is read. */
export function endpointForCallerWithBody<Name extends BodyName>(
  description: EndpointDescription & { body: { schema: Name } },
  handle: (call: Call, caller: Caller, body: BodyOf<Name>) => Promise<Response>,
): Endpoint {
  return {
    ...description,
    async run(call) {
      checkRequest(call)
      const format = bodyFormat(call.request.headers, description.body)
      const caller = await authenticate(call.request.headers, call.services)
      return await handle(
        call,
        caller,
        validate(description.body.schema, await readBody(call.request, format, call.bodyIsMeasured)),
      )
    },
  }
}

const TOKEN_PARAMETERS = [
  'access_token',
  'refresh_token',
  'accessToken',
  'refreshToken',
  'token',
  'client_secret',
]

function checkRequest({ request, services, query }: Call): void {
  checkOrigin(request.method, request.headers, services.settings)
  // A URL ends up in logs, histories and Referer headers. RFC 9700 §4.3.2
  if (query.size > 0 && TOKEN_PARAMETERS.some((name) => query.has(name))) {
    throw new AuthError('INVALID_REQUEST', 'a token or a secret is never accepted in the URL')
  }
}

function validate<Name extends BodyName>(name: Name, body: unknown): BodyOf<Name> {
  const parsed = SCHEMAS[name].safeParse(body)
  if (parsed.success) return parsed.data as BodyOf<Name>
  const [issue] = parsed.error.issues
  const where = issue === undefined || issue.path.length === 0 ? 'the body' : issue.path.join('.')
  // Zod's message may quote what was sent; the name of the field is enough.
  throw new AuthError('INVALID_REQUEST', `${where}: is missing or not of the documented form`)
}
