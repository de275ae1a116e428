import { AuthError } from '../errors.ts'
import { NO_STORE, problem, SECURITY_HEADERS } from './answers.ts'
import { BASIC_CHALLENGE } from './client-credentials.ts'
import { type Call, type Endpoint, endpoint } from './endpoint.ts'

const STREAM_HEADERS = {
  ...SECURITY_HEADERS,
  ...NO_STORE,
  'content-type': 'text/event-stream',
  // nginx would keep events back until it has enough of them.
  'x-accel-buffering': 'no',
}

export const revocationEndpoints: readonly Endpoint[] = [
  endpoint(
    {
      method: 'GET',
      path: '/auth/revocations',
      summary:
        'What is refused before it runs out, as it happens (server-sent events), for registered services: a snapshot, or what the reader missed, and then each revocation',
      group: 'Sessions',
      bearer: 'none',
      basic: 'required',
      headers: {
        'Last-Event-ID': 'The id of the last event that the reader has taken in: it goes on from there',
      },
      answers: { status: 200, mediaType: 'text/event-stream' },
      errors: ['INVALID_CREDENTIALS', 'RATE_LIMITED', 'OVERLOADED'],
    },
    async (call) => {
      const { request, services, connection, answer } = call
      const service = await services.registry.authenticate(request.headers, call.ip)
      if (service === null) return unknownService(call)
      const stream = await services.revocations.openFeed({
        serviceId: service.id,
        lastEventId: request.headers.get('last-event-id'),
        connection,
      })
      return new Response(stream, { headers: { ...STREAM_HEADERS, ...answer } })
    },
  ),
]

function unknownService({ answer }: Call): Response {
  const error = new AuthError('INVALID_CREDENTIALS', 'the credentials of a registered service are needed')
  return problem(error, { ...answer, 'www-authenticate': BASIC_CHALLENGE })
}
