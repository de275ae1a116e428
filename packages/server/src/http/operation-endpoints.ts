import { json, NO_STORE, SECURITY_HEADERS } from './answers.ts'
import { type Call, type Endpoint, type EndpointDescription, endpoint } from './endpoint.ts'

const description = {
  method: 'GET',
  group: 'Operation',
  bearer: 'none',
  answers: { status: 200, mediaType: 'application/json' },
  errors: [],
} as const satisfies Partial<EndpointDescription>

export const operationEndpoints: readonly Endpoint[] = [
  endpoint({ ...description, path: '/healthz', summary: '200 while the process lives' }, async (call) =>
    json(200, { status: 'ok' }, call.answer),
  ),
  endpoint(
    {
      ...description,
      path: '/readyz',
      summary: '200 only while the store answers',
      errors: ['STORE_UNAVAILABLE'],
    },
    async (call) => {
      await call.services.ping()
      return json(200, { status: 'ok' }, call.answer)
    },
  ),
  endpoint(
    {
      ...description,
      path: '/metrics',
      summary: 'Counters and gauges for Prometheus',
      answers: { status: 200, mediaType: 'text/plain' },
    },
    async (call) => text(await call.services.metrics.render(), call),
  ),
]

function text({ body, contentType }: { body: string; contentType: string }, { answer }: Call): Response {
  return new Response(body, {
    headers: { ...SECURITY_HEADERS, ...NO_STORE, ...answer, 'content-type': contentType },
  })
}
