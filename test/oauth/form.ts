// The standard endpoints, as any OAuth client speaks to them.
import { expect } from 'vitest'
import type { Answer, SendOptions, TestAuth } from '../support/auth.ts'

const FORM = { 'content-type': 'application/x-www-form-urlencoded' }

type Fields = Record<string, string>

/** Posts a form; a text goes as it is. */
export async function post(
  world: Pick<TestAuth, 'send'>,
  path: string,
  fields: Fields | string,
  { headers = {}, ...along }: Omit<SendOptions, 'body'> = {},
): Promise<Answer> {
  const body = typeof fields === 'string' ? fields : new URLSearchParams(fields).toString()
  return await world.send('POST', path, { body, headers: { ...FORM, ...headers }, ...along })
}

export async function refreshByForm(
  world: Pick<TestAuth, 'send'>,
  refreshToken: string,
  fields: Fields = {},
  along: Omit<SendOptions, 'body'> = {},
): Promise<Answer> {
  const sent = { grant_type: 'refresh_token', refresh_token: refreshToken, ...fields }
  return await post(world, '/oauth/token', sent, along)
}

export function basic(id: string, secret: string): { authorization: string } {
  const encoded = `${encodeURIComponent(id)}:${encodeURIComponent(secret)}`
  return { authorization: `Basic ${Buffer.from(encoded).toString('base64')}` }
}

/** A refusal in the shape and with the headers of RFC 6749 §5.2. */
export function expectOAuthError(answer: Answer, status: number, error: string, name = ''): void {
  const { headers, body } = answer
  expect([answer.status, body?.error], name).toEqual([status, error])
  expect(Object.keys(body), name).toEqual(['error', 'error_description'])
  expect(body.error_description, name).toMatch(/^[\x20\x21\x23-\x5b\x5d-\x7e]+$/)
  expect(headers.get('content-type'), name).toBe('application/json')
  expect(headers.get('cache-control'), name).toBe('no-store')
  expect(headers.get('set-cookie'), name).toBeNull()
  expect([null, 'Basic realm="latchkey"'], name).toContain(headers.get('www-authenticate'))
  if (status !== 401) expect(headers.has('www-authenticate'), name).toBe(false)
  if (status === 429 || status === 503) expect(Number(headers.get('retry-after')), name).toBeGreaterThan(0)
}
