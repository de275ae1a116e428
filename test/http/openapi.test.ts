import { AUTH_ERROR_CODES } from '@latchkey/protocol'
import { expect, test } from 'vitest'
import { PASSWORD, startAuth, type TestAuth } from '../support/auth.ts'
import { takeAway } from '../support/stores/look.ts'
import { AUTH_ENDPOINTS, OAUTH_ENDPOINTS, PUBLIC_PATHS } from './endpoints.ts'
import { type Exchange, everyKindOfAnswer } from './exchanges.ts'
import { schemaErrors, undocumented } from './json-schema.ts'

interface MediaType {
  schema?: Record<string, unknown>
}

interface Operation {
  summary: string
  tags: string[]
  parameters: { name: string; in: string; required: boolean; schema: object; description?: string }[]
  requestBody?: { required: boolean; content: Record<string, MediaType> }
  responses: Record<string, { description: string; content?: Record<string, MediaType> }>
  security?: Record<string, string[]>[]
}

interface Document {
  openapi: string
  info: { title: string; version: string; license: { name: string } }
  servers: { url: string }[]
  paths: Record<string, Record<string, Operation>>
  components: { schemas: Record<string, Record<string, unknown>>; securitySchemes: Record<string, object> }
}

async function documentOf(world: TestAuth): Promise<Document> {
  const { status, headers, body } = await world.send('GET', '/openapi.json')
  expect([status, headers.get('content-type')]).toEqual([200, 'application/json'])
  return body as Document
}

function operations({ paths }: Document): [name: string, operation: Operation][] {
  return Object.entries(paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, operation]): [string, Operation] => [
      `${method.toUpperCase()} ${path}`,
      operation,
    ]),
  )
}

function resolverOf({ components }: Document) {
  return (ref: string) => {
    const name = /^#\/components\/schemas\/(\w+)$/.exec(ref)?.[1]
    const schema = name === undefined ? undefined : components.schemas[name]
    if (schema === undefined) throw new Error(`${ref} leads nowhere`)
    return schema
  }
}

test('the document is OpenAPI 3.1 in its structure, and every reference in it leads somewhere', async () => {
  const document = await documentOf(await startAuth({ url: 'https://auth.example.com' }))
  expect(document.openapi).toMatch(/^3\.1\.\d+$/)
  expect(document.info.title).toBe('Latchkey')
  expect(typeof document.info.version).toBe('string')
  expect(document.servers).toEqual([{ url: 'https://auth.example.com' }])

  const resolve = resolverOf(document)
  for (const [, ref = ''] of JSON.stringify(document).matchAll(/"\$ref":"([^"]+)"/g)) resolve(ref)

  for (const [name, operation] of operations(document)) {
    expect(name).toMatch(/^(GET|POST|DELETE) \/[A-Za-z./{}-]*$/)
    expect(operation.summary.length, name).toBeGreaterThan(5)
    expect(operation.tags, name).toHaveLength(1)
    const inPath = [...name.matchAll(/\{(\w+)\}/g)].map(([, parameter]) => parameter)
    const declared = operation.parameters.filter((parameter) => parameter.in === 'path')
    expect(
      declared.map((parameter) => parameter.name),
      name,
    ).toEqual(inPath)
    for (const parameter of operation.parameters) {
      expect(['path', 'query', 'header', 'cookie'], name).toContain(parameter.in)
      expect(parameter.required, name).toBe(parameter.in === 'path')
      expect(parameter.schema, name).toHaveProperty('type')
    }
    for (const [status, answer] of Object.entries(operation.responses)) {
      expect(status, name).toMatch(/^[2-5]\d\d$/)
      expect(answer.description.length, name).toBeGreaterThan(0)
      if (status === '204') expect(answer.content, name).toBeUndefined()
      else expect(Object.keys(answer.content ?? {}), `${name} ${status}`).toHaveLength(1)
    }
    for (const requirement of operation.security ?? []) {
      for (const scheme of Object.keys(requirement))
        expect(document.components.securitySchemes).toHaveProperty(scheme)
    }
  }
})

test('the document lists every endpoint, what it takes and who may call it', async () => {
  const document = await documentOf(await startAuth())
  const listed = new Map(operations(document))
  const known = [
    ...AUTH_ENDPOINTS.map((endpoint) => ({
      ...endpoint,
      path: endpoint.path.replace(/[0-9a-f-]{36}$/, '{id}'),
    })),
    ...OAUTH_ENDPOINTS,
    ...PUBLIC_PATHS.filter((path) => path !== '/openapi.json').map((path) => ({ method: 'GET', path })),
  ]
  expect([...listed.keys()].toSorted()).toEqual(
    known.map(({ method, path }) => `${method} ${path}`).toSorted(),
  )

  for (const endpoint of AUTH_ENDPOINTS) {
    const name = `${endpoint.method} ${endpoint.path.replace(/[0-9a-f-]{36}$/, '{id}')}`
    const { requestBody, security } = listed.get(name) as Operation
    const types = ['application/json', ...(endpoint.form ? ['application/x-www-form-urlencoded'] : [])]
    expect(Object.keys(requestBody?.content ?? {}), name).toEqual(endpoint.body === undefined ? [] : types)
    const callers = { required: [{ accessToken: [] }], optional: [{}, { accessToken: [] }] }
    const needed = endpoint.bearer === undefined ? undefined : callers[endpoint.bearer]
    expect(security, name).toEqual(endpoint.service === true ? [{ client: [] }] : needed)
  }
})

test('the standard endpoints take a form alone, and refuse in the words of RFC 6749', async () => {
  const document = await documentOf(await startAuth())
  const listed = new Map(operations(document))
  const resolve = resolverOf(document)
  for (const { path, security, needed } of OAUTH_ENDPOINTS) {
    const operation = listed.get(`POST ${path}`) as Operation
    expect(operation.security, path).toEqual(security)
    expect(operation.requestBody?.required, path).toBe(true)
    expect(Object.keys(operation.requestBody?.content ?? {}), path).toEqual([
      'application/x-www-form-urlencoded',
    ])
    const form = operation.requestBody?.content['application/x-www-form-urlencoded']
    expect(resolve(form?.schema?.$ref as string).required, path).toEqual(needed)
    for (const [status, { content }] of Object.entries(operation.responses)) {
      if (status >= '400') expect(content?.['application/json']?.schema?.$ref, path).toMatch(/OAuthError$/)
    }
  }
})

test('the document names every code that an answer can have', async () => {
  const document = await documentOf(await startAuth())
  const problem = document.components.schemas.Problem as { properties: { error: { enum: string[] } } }
  expect(problem.properties.error.enum).toEqual([...AUTH_ERROR_CODES])
})

test('every real answer is one that the document promises: its status, its type, its code and its shape', async () => {
  const world = await startAuth()
  const document = await documentOf(world)
  const resolve = resolverOf(document)
  const answers = [...(await everyKindOfAnswer(world)), ...(await overload()), ...(await withoutStore(world))]
  const met = new Set<string>()

  for (const { name, method, path, status, headers, text } of answers) {
    const template = Object.keys(document.paths).find((candidate) => matches(candidate, path))
    const operation = template === undefined ? undefined : document.paths[template]?.[method.toLowerCase()]
    if (operation === undefined) {
      if (!['HEAD', 'OPTIONS'].includes(method)) expect([200, 404, 405], name).toContain(status)
      continue
    }
    const promised = operation.responses[status]
    expect(promised, `${name} is documented`).toBeDefined()
    met.add(`${method} ${template} ${status}`)
    if (text === '') continue
    const type = headers.get('content-type')?.split(';')[0] ?? ''
    const content = promised?.content?.[type]
    expect(content, `${name} as ${type} is documented`).toBeDefined()
    if (content?.schema === undefined) continue

    const body: unknown = JSON.parse(text)
    expect(schemaErrors(body, content.schema, resolve), name).toEqual([])
    expect(undocumented(body, resolve(content.schema.$ref as string)), name).toEqual([])
    if (status >= 400) expect(promised?.description, name).toContain((body as { error: string }).error)
  }
  for (const [name, { responses }] of operations(document)) {
    const success = Object.keys(responses).find((status) => status.startsWith('2'))
    if (name !== 'POST /auth/logout' && !name.startsWith('DELETE') && !name.endsWith('/change'))
      expect(met, 'the success of each was seen').toContain(`${name} ${success}`)
  }
})

/** More sign-ins at once than may wait. */
async function overload(): Promise<Exchange[]> {
  const world = await startAuth({
    passwordHashing: { memoryKiB: 65_536, iterations: 3, workers: 1, maxQueue: 1 },
  })
  const path = '/auth/login'
  const body = { email: 'nobody@example.com', password: PASSWORD }
  const answers = await Promise.all(Array.from({ length: 6 }, () => world.send('POST', path, { body })))
  expect(answers.some(({ status }) => status === 503)).toBe(true)
  return answers.map(({ status, headers, body: answered }) => {
    return {
      name: `${status} under load`,
      method: 'POST',
      path,
      status,
      headers,
      text: JSON.stringify(answered),
    }
  })
}

/** What is kept is out of reach: as good as no store. */
async function withoutStore(world: TestAuth): Promise<Exchange[]> {
  const { refreshToken, accessToken } = await world.signUp('browser')
  await takeAway(world.store, 'sessions')
  await takeAway(world.store, 'users')
  const requests = [
    ['GET', '/readyz', {}],
    ['GET', '/auth/me', { bearer: accessToken }],
    ['POST', '/auth/refresh', { cookie: refreshToken }],
    ['POST', '/auth/logout', { cookie: refreshToken }],
    ['POST', '/auth/login', { body: { email: 'nobody@example.com', password: PASSWORD } }],
    ['POST', '/auth/register', { body: { email: 'nobody@example.com', password: PASSWORD } }],
  ] as const
  return await Promise.all(
    requests.map(async ([method, path, init]) => {
      const { status, headers, body } = await world.send(method, path, init)
      expect(status, path).toBe(503)
      return { name: `${path} without a store`, method, path, status, headers, text: JSON.stringify(body) }
    }),
  )
}

function matches(template: string, path: string): boolean {
  return new RegExp(`^${template.replaceAll('.', '\\.').replaceAll(/\{\w+\}/g, '[^/]+')}$`).test(path)
}

test('the check of shapes finds what does not fit', async () => {
  const document = await documentOf(await startAuth())
  const resolve = resolverOf(document)
  const user = {
    id: crypto.randomUUID(),
    email: 'a@b.co',
    emailVerified: true,
    roles: [],
    createdAt: '2026-01-01T00:00:00Z',
  }
  const wrong: Record<string, unknown> = {
    'a missing member': { ...user, roles: undefined },
    'another type': { ...user, emailVerified: 'yes' },
    'an item of another type': { ...user, roles: [1] },
    'an id that is none': { ...user, id: 'x' },
    'a time that is none': { ...user, createdAt: 'yesterday' },
    null: null,
  }
  expect(schemaErrors(user, { $ref: '#/components/schemas/User' }, resolve)).toEqual([])
  for (const [name, value] of Object.entries(wrong)) {
    const asSent: unknown = JSON.parse(JSON.stringify(value))
    expect(schemaErrors(asSent, { $ref: '#/components/schemas/User' }, resolve), name).not.toEqual([])
  }
  expect(undocumented({ ...user, passwordHash: 'x' }, resolve('#/components/schemas/User'))).toEqual([
    '$.passwordHash',
  ])
})
