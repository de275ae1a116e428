// People and guessers who come from addresses of their choice, for the tests of limits.
import { PASSWORD, type TestAuth } from '../support/auth.ts'

export const WRONG = 'not the password at all'

export interface Tried {
  status: number
  headers: Headers
  // biome-ignore lint/suspicious/noExplicitAny: a test may look into whatever came back
  body: any
}

export interface Try {
  email: string
  password?: string
  client?: 'browser' | 'native'
  cookie?: string
  refreshToken?: string
  headers?: Record<string, string>
}

/** Sends a request to a service inside the process as if from an address. */
export async function from(
  { auth, url }: Pick<TestAuth, 'auth' | 'url'>,
  remoteAddress: string | undefined,
  path: string,
  { cookie, headers, ...body }: Record<string, unknown> & Pick<Try, 'cookie' | 'headers'>,
): Promise<Tried> {
  const request = new Request(`${url}${path}`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      ...(cookie === undefined ? {} : { cookie: `__Host-latchkey=${cookie}` }),
      ...headers,
    },
    body: JSON.stringify(body),
  })
  const response = await auth.fetch(request, remoteAddress === undefined ? {} : { remoteAddress })
  const text = await response.text()
  return { status: response.status, headers: response.headers, body: text === '' ? null : JSON.parse(text) }
}

export function signInFrom(world: Pick<TestAuth, 'auth' | 'url'>, address: string | undefined, attempt: Try) {
  return from(world, address, '/auth/login', { password: PASSWORD, client: 'native', ...attempt })
}

export async function signUpFrom(world: Pick<TestAuth, 'auth' | 'url'>, address: string, email: string) {
  return await from(world, address, '/auth/register', { email, password: PASSWORD, client: 'native' })
}

/** How often each status was answered. */
export function tally(answers: readonly { status: number }[]): Record<number, number> {
  const counts: Record<number, number> = {}
  for (const { status } of answers) counts[status] = (counts[status] ?? 0) + 1
  return counts
}

/** One after another. */
export async function times<Result>(count: number, act: (i: number) => Promise<Result>): Promise<Result[]> {
  const results: Result[] = []
  for (let i = 0; i < count; i++) results.push(await act(i))
  return results
}

/** Ten at once, and the next ten when those are done. */
export async function inTens<Subject, Result>(
  subjects: readonly Subject[],
  act: (subject: Subject) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = []
  for (let i = 0; i < subjects.length; i += 10) {
    results.push(...(await Promise.all(subjects.slice(i, i + 10).map(act))))
  }
  return results
}
