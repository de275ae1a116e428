import { fieldsOf } from './fields.ts'
import type { OpenApi, Operation, Schema } from './openapi.ts'

export interface ErrorCode {
  status: string
  code: string
  title: string
}

/** Whether credentials of a kind come with a request. */
export type Need = 'required' | 'optional' | 'none'

/** One endpoint, as the page shows it. */
export interface Endpoint {
  id: string
  method: string
  path: string
  summary: string
  group: string
  /** An access token. */
  bearer: Need
  /** The id and the secret of a client. */
  basic: Need
  parameters: NonNullable<Operation['parameters']>
  request?: { name?: string; schema: Schema; mediaTypes: string[] }
  success: { status: string; name?: string; schema?: Schema; mediaType?: string }
  /** The form that errors come in, such as `application/problem+json: Problem`. */
  errorForm: string
  errors: ErrorCode[]
}

export function endpointsOf(document: OpenApi): Endpoint[] {
  return Object.entries(document.paths).flatMap(([path, operations]) =>
    Object.entries(operations).map(([method, operation]) => toEndpoint(document, path, method, operation)),
  )
}

/** The endpoints in which every word of the query occurs somewhere: a path, a field, an error code. */
export function search(endpoints: readonly Endpoint[], query: string): Endpoint[] {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean)
  return endpoints.filter((endpoint) => {
    const text = textOf(endpoint).toLowerCase()
    return words.every((word) => text.includes(word))
  })
}

function textOf({ method, path, summary, group, parameters, request, success, errors }: Endpoint): string {
  const fields = [request?.schema, success.schema].flatMap((schema) => (schema ? fieldsOf(schema) : []))
  return [
    ...[method, path, summary, group, request?.name, success.name],
    ...[...parameters, ...fields].flatMap(({ name, description }) => [name, description]),
    ...errors.flatMap(({ code, title }) => [code, title]),
  ].join('\n')
}

export function byGroup(endpoints: readonly Endpoint[]): [group: string, endpoints: Endpoint[]][] {
  const groups = new Map<string, Endpoint[]>()
  for (const endpoint of endpoints) {
    groups.set(endpoint.group, [...(groups.get(endpoint.group) ?? []), endpoint])
  }
  return [...groups]
}

function toEndpoint(document: OpenApi, path: string, method: string, operation: Operation): Endpoint {
  const { summary, tags, security = [], parameters = [], requestBody, responses } = operation
  const [status = '', success] = Object.entries(responses).find(([code]) => code < '400') ?? []
  const [mediaType, answer] = Object.entries(success?.content ?? {})[0] ?? []
  const request = Object.values(requestBody?.content ?? {})[0]?.schema
  return {
    id: `${method}${path.replaceAll(/\W+/g, '-')}`,
    method: method.toUpperCase(),
    path,
    summary,
    group: tags[0] ?? 'Other',
    bearer: needOf('accessToken', security),
    basic: needOf('client', security),
    parameters,
    ...(request && {
      request: { ...resolve(document, request), mediaTypes: Object.keys(requestBody?.content ?? {}) },
    }),
    success: { status, mediaType, ...(answer?.schema && resolve(document, answer.schema)) },
    errorForm: errorFormOf(responses),
    errors: Object.entries(responses)
      .filter(([code]) => code >= '400')
      .flatMap(([code, { description }]) => readErrors(code, description)),
  }
}

/** The requirements are alternatives, and an empty one is met by every request. OpenAPI 3.1 §4.8.30 */
function needOf(scheme: string, security: NonNullable<Operation['security']>): Need {
  const naming = security.filter((requirement) => scheme in requirement)
  if (naming.length === 0) return 'none'
  return naming.length === security.length ? 'required' : 'optional'
}

function errorFormOf(responses: Operation['responses']): string {
  const error = Object.entries(responses).find(([code, { content }]) => code >= '400' && content)?.[1]
  const [mediaType = '', { schema = undefined } = {}] = Object.entries(error?.content ?? {})[0] ?? []
  return `${mediaType}: ${schema?.$ref?.split('/').at(-1) ?? ''}`
}

function resolve(document: OpenApi, schema: Schema): { name?: string; schema: Schema } {
  const name = schema.$ref?.replace('#/components/schemas/', '')
  const named = name === undefined ? undefined : document.components.schemas[name]
  return named === undefined ? { schema } : { name, schema: named }
}

/** A description lists the codes of its status: `CODE: title; CODE: title`. */
function readErrors(status: string, description: string): ErrorCode[] {
  return description.split('; ').map((line) => {
    const [code = line, title = ''] = line.split(': ', 2)
    return { status, code, title }
  })
}
