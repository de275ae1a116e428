import { randomBytes } from 'node:crypto'
import { PASSWORD, sendTo, type TestAuth } from '../support/auth.ts'
import type { Delivery, SignedIn } from './client.ts'

/** A way to talk to a service that runs in a process of its own; whoever has no more patience gives up by the signal. */
export function over(url: string, signal: AbortSignal | null = null): Pick<TestAuth, 'send'> {
  const patiently = (request: Request) => fetch(request, { signal })
  return { send: (method, path, init) => sendTo(patiently, url, method, path, init) }
}

/** Signs a new user up at a service that runs in a process of its own. */
export async function signUpAt(url: string, client: Delivery): Promise<SignedIn> {
  const email = `${randomBytes(6).toString('hex')}@example.com`
  const { status, body, cookie } = await over(url).send('POST', '/auth/register', {
    body: { email, password: PASSWORD, client },
  })
  if (status !== 201) throw new Error(`sign-up answered ${status}`)
  return {
    client,
    email,
    userId: body.user.id,
    sessionId: body.sessionId,
    accessToken: body.accessToken,
    refreshToken: client === 'native' ? body.refreshToken : (cookie as string),
  }
}

/** The bytes of a refresh of a native session, the headers and the body apart. */
export function rawRefresh(url: string, refreshToken: string, key: string | undefined, ...headers: string[]) {
  const body = JSON.stringify({ refreshToken })
  const lines = [
    'POST /auth/refresh HTTP/1.1',
    `Host: ${new URL(url).host}`,
    'Content-Type: application/json',
    `Content-Length: ${Buffer.byteLength(body)}`,
    ...(key === undefined ? [] : [`Idempotency-Key: ${key}`]),
    ...headers,
  ]
  return { head: `${lines.join('\r\n')}\r\n\r\n`, body }
}
