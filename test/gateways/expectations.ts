// What is true of more than one gateway. The tests say of which.

import { expect } from 'vitest'
import { sendTo } from '../support/auth.ts'
import type { Answer, SignedUp, World } from './world.ts'

/** What a client sends who would like to be somebody else. */
export const DISGUISE = {
  'X-User': 'root',
  x_user: 'root',
  'X-Session': ['one', 'two'],
  'X-Roles': 'admin',
  x_roles: 'admin',
}

/** The API heard of the user and the session that the token names, of nobody in disguise, and saw no token. */
export function expectPassedAs({ userId, sessionId }: SignedUp, { status, received }: Answer): void {
  expect([status, received?.user]).toEqual([200, userId])
  expect(received?.headers).toMatchObject({ 'x-user': userId, 'x-session': sessionId })
  expect(JSON.stringify(received)).not.toMatch(/root|admin|authorization|one/)
}

/** None of the tokens gets through to the API, and each is told so in the same way. */
export async function expectAllRefused(
  { ask }: World,
  tokens: Record<string, string>,
  challenge: unknown,
): Promise<void> {
  for (const [title, token] of Object.entries(tokens)) {
    expect([title, await ask({ authorization: `Bearer ${token}` })]).toEqual([
      title,
      { status: 401, challenge, received: undefined },
    ])
  }
}

/** After Ctrl-C neither the gateway nor the service is there. */
export async function expectAllStopped({ example, ask }: World): Promise<void> {
  await example.interrupt()
  await expect(ask()).rejects.toThrow()
  await expect(fetch(example.serviceUrl)).rejects.toThrow()
}

/** It hears of no sign-out, and needs no service. */
export async function expectToAskNobody({ example, signUp, ask, killService }: World): Promise<void> {
  const { accessToken, refreshToken } = await signUp()
  const authorization = `Bearer ${accessToken}`
  await sendTo(fetch, example.serviceUrl, 'POST', '/auth/logout', { body: { refreshToken } })
  expect((await ask({ authorization })).status).toBe(200)

  killService()
  await expect.poll(example.output).toContain('goes on')
  expect((await ask({ authorization })).status).toBe(200)
}
