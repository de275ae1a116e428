import { expect, test } from 'vitest'
import { signInAgain } from '../refresh/client.ts'
import { over, signUpAt } from '../refresh/over-http.ts'
import { newPlace, startNodes } from './nodes.ts'

const LIMIT = 3
const SIGN_INS = 24

test('a user who signs in at every node at once has no more live sessions than allowed, and the newest are those', {
  timeout: 120_000,
}, async () => {
  const nodes = await startNodes(3, { ...(await newPlace()), LATCHKEY_MAX_SESSIONS: String(LIMIT) })
  const { email } = await signUpAt(nodes[0]!.url, 'native')
  await Promise.all(
    Array.from({ length: SIGN_INS }, (_, i) => signInAgain(over(nodes[i % 3]!.url), 'native', email)),
  )
  const last = await signInAgain(over(nodes[1]!.url), 'native', email)
  for (const { url } of nodes) {
    const { status, body } = await over(url).send('GET', '/auth/sessions', { bearer: last.accessToken })
    expect(status).toBe(200)
    expect(body.sessions).toHaveLength(LIMIT)
    expect(body.sessions[0].id, 'the most recently used first').toBe(last.sessionId)
  }
})
