import { createVerifier, type VerifierOptions } from '@latchkey/verifier'
import { expect } from 'vitest'
import {
  AUDIENCE,
  createKey,
  ISSUER,
  keySet,
  NOW,
  type SigningKey,
} from '../../packages/verifier/src/testing/issuer.ts'
import type { AppWorld, StartApp } from './apps.ts'

export interface World extends AppWorld {
  url: string
  key: SigningKey
  /** Seconds since the epoch; set it to move the clock. */
  clock: { now: number }
  /** Sends a request with this token, and no other header unless it is given. */
  call(path: string, token?: string, init?: RequestInit): Promise<Answer>
}

export interface Answer {
  status: number
  headers: Headers
  text: string
}

/** An app whose verifier knows one key of the issuer, at NOW. */
export async function startWorld(start: StartApp, options: Partial<VerifierOptions> = {}): Promise<World> {
  const key = createKey()
  const clock = { now: NOW }
  const now = () => clock.now * 1000
  const verifier = createVerifier({ issuer: ISSUER, audience: AUDIENCE, jwks: keySet(key), now, ...options })
  return await startAround(start, { verifier, now, ran: [], faults: [] }, key, clock)
}

export async function startAround(
  start: StartApp,
  app: AppWorld,
  key: SigningKey = createKey(),
  clock: World['clock'] = { now: NOW },
): Promise<World> {
  const url = await start(app)
  return {
    ...app,
    url,
    key,
    clock,
    async call(path, token, init = {}) {
      const headers = new Headers(init.headers)
      if (token !== undefined) headers.set('authorization', `Bearer ${token}`)
      const response = await fetch(url + path, { ...init, headers })
      return { status: response.status, headers: response.headers, text: await response.text() }
    },
  }
}

/** Checks what every refusal has in common, and returns its code. */
export function refusalOf(answer: Answer, name: string): string {
  const problem = JSON.parse(answer.text)
  expect(answer.headers.get('content-type'), name).toMatch(/^application\/problem\+json/)
  expect(answer.headers.get('cache-control'), name).toBe('no-store')
  expect(problem, name).toEqual({
    type: `urn:latchkey:error:${problem.error}`,
    title: expect.any(String),
    status: answer.status,
    detail: expect.any(String),
    error: expect.stringMatching(/^[A-Z_]+$/),
  })
  return problem.error
}
