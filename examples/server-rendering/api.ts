import { createVerifier, VerifyError } from '@latchkey/verifier'

const ORDERS = [
  { item: 'A lamp for the harbour', price: 48 },
  { item: 'Two metres of rope', price: 12 },
]

/** An API of its own, on an origin of its own: it knows the user by the access token alone. */
export function createApi({ issuer, jwksUrl }: { issuer: string; jwksUrl: string }) {
  const verifier = createVerifier({ issuer, audience: issuer, jwksUrl })

  return async (request: Request): Promise<Response> => {
    const [, token] = /^Bearer (\S+)$/.exec(request.headers.get('authorization') ?? '') ?? []
    try {
      const { sub, roles } = await verifier.verify(token)
      switch (new URL(request.url).pathname) {
        case '/orders':
          return Response.json(ORDERS)
        case '/profile':
          return Response.json({ id: sub, roles })
        default:
          return Response.json({ error: 'NOT_FOUND' }, { status: 404 })
      }
    } catch (error) {
      if (!(error instanceof VerifyError)) throw error
      return Response.json({ error: error.code }, { status: error.code === 'KEYS_UNAVAILABLE' ? 503 : 401 })
    }
  }
}
