import { getConnInfo } from '@hono/node-server/conninfo'
import type { Verifier } from '@latchkey/verifier'
import { protect } from '@latchkey/verifier/hono'
import { type Context, Hono } from 'hono'
import { proxy } from 'hono/proxy'

interface GatewayOptions {
  verifier: Pick<Verifier, 'verify'>
  serviceUrl: string
  ordersUrl: string
  stockUrl: string
  /** The page, its script and its style, by path. */
  files: ReadonlyMap<string, { type: string; text: string }>
}

/** The one address that browsers know: it serves the page, passes /auth on, and lets only good tokens through to the APIs. */
export function createGateway({ verifier, serviceUrl, ordersUrl, stockUrl, files }: GatewayOptions): Hono {
  const app = new Hono()
  // For the parts, which ask the service itself.
  app.all('/auth/revocations', (c) => c.notFound())
  app.all('/auth/*', (c) => pass(c, serviceUrl))
  app.all('/.well-known/*', (c) => pass(c, serviceUrl))

  app.all('/orders/*', protect(verifier), (c) => passToApi(c, ordersUrl))
  app.all('/stock/*', protect(verifier), (c) => passToApi(c, stockUrl))

  for (const [path, { type, text }] of files) {
    app.get(path, (c) => {
      const policy = "default-src 'self'; img-src data:; base-uri 'none'; frame-ancestors 'none'"
      return c.body(text, 200, { 'content-type': type, 'content-security-policy': policy })
    })
  }
  app.onError((_error, c) => c.json({ error: 'BAD_GATEWAY' }, 502))
  return app
}

/** The refresh cookie is for the service alone: who broke into an API could collect sessions with it, or set one of his own. */
async function passToApi(c: Context, origin: string): Promise<Response> {
  const answer = await pass(c, origin, ['cookie'])
  answer.headers.delete('set-cookie')
  return answer
}

/** What is said to the gateway and to nobody behind it. RFC 9110 §7.6.1, §10.1.1 */
const FOR_THE_GATEWAY = [
  ...['connection', 'keep-alive', 'te', 'trailer', 'transfer-encoding', 'upgrade'],
  ...['expect', 'proxy-authorization'],
]

/** What a client says of the way it came: anything. */
const OF_THE_WAY = /^(?:x-)?forwarded\b/

/** The token goes along: what is behind verifies it again. Who is connected here is who the service takes for the client. */
async function pass(c: Context, origin: string, withheld: readonly string[] = []): Promise<Response> {
  const { pathname, search } = new URL(c.req.url)
  const headers = new Headers(c.req.raw.headers)
  for (const name of c.req.raw.headers.keys()) if (OF_THE_WAY.test(name)) headers.delete(name)
  for (const name of [...FOR_THE_GATEWAY, ...withheld]) headers.delete(name)
  headers.set('x-forwarded-for', getConnInfo(c).remote.address ?? '')
  return await proxy(`${origin}${pathname}${search}`, { raw: c.req.raw, headers, redirect: 'manual' })
}
