import { expect, test } from 'vitest'
import { PASSWORD } from '../support/auth.ts'
import { type Service, startService } from '../support/service.ts'
import { sessionsIn } from '../support/stores/look.ts'
import { environmentOf, newStore } from '../support/stores/store.ts'
import { expectAlive, expectRefused, generationOf, newKey, refresh } from './client.ts'
import { over, signUpAt } from './over-http.ts'

const PARALLEL = 200

test('four processes that start at once on an empty store serve as one: one key, one secret, one set of users', async () => {
  const nodes = await startNodes(4)
  const keySets = await Promise.all(
    nodes.map(async ({ url }) => await (await fetch(`${url}/.well-known/jwks.json`)).text()),
  )
  expect(JSON.parse(keySets[0]!).keys).toHaveLength(1)
  expect(new Set(keySets).size).toBe(1)

  const body = { email: 'wanted@example.com', password: PASSWORD }
  const rivals = await Promise.all(nodes.map(({ url }) => over(url).send('POST', '/auth/register', { body })))
  expect(rivals.map(({ status }) => status).toSorted()).toEqual([201, 409, 409, 409])

  const session = await signUpAt(nodes[0]!.url, 'browser')
  let newest = session.refreshToken
  for (const { url } of nodes) {
    const me = await over(url).send('GET', '/auth/me', { bearer: session.accessToken })
    expect(me.status).toBe(200)
    newest = await expectAlive(over(url), 'browser', newest)
  }
})

test(`${PARALLEL} refreshes with one key over four processes are one step, with one successor (RR-03)`, async () => {
  const nodes = await startNodes(4)
  const { refreshToken } = await signUpAt(nodes[0]!.url, 'native')
  const key = newKey()
  const answers = await Promise.all(
    Array.from({ length: PARALLEL }, (_, i) =>
      refresh(over(nodes[i % nodes.length]!.url), 'native', refreshToken, { key }),
    ),
  )
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]))
  const [successor, ...others] = new Set(answers.map((answer) => answer.refreshToken))
  expect(others).toEqual([])
  expect(generationOf(successor!)).toBe(1)
  expect(await sessionsIn(nodes[0]!.store)).toMatchObject([{ generation: 1, ended: null }])
  await expectAlive(over(nodes[1]!.url), 'native', successor!)
})

test('a session that one process has ended is refused by the other one, at once (LO-01)', async () => {
  const [one, other] = (await startNodes(2)) as [Service, Service]
  const { refreshToken, accessToken } = await signUpAt(one.url, 'native')
  await over(one.url).send('POST', '/auth/logout', { body: { refreshToken } })
  expectRefused(await refresh(over(other.url), 'native', refreshToken), 401, 'SESSION_REVOKED')
  const me = await over(other.url).send('GET', '/auth/me', { bearer: accessToken })
  expect([me.status, me.body.error]).toEqual([401, 'TOKEN_REVOKED'])
})

test('without a key, a token that two processes get is reuse: that is the price of strictness', async () => {
  const [one, other] = (await startNodes(2)) as [Service, Service]
  const { refreshToken } = await signUpAt(one.url, 'native')
  const newest = await expectAlive(over(one.url), 'native', refreshToken)
  expectRefused(await refresh(over(other.url), 'native', refreshToken), 401, 'REFRESH_REUSED')
  expectRefused(await refresh(over(one.url), 'native', newest), 401, 'SESSION_REVOKED')
})

/** Processes that start at the same time on one new store. */
async function startNodes(count: number): Promise<Service[]> {
  const shared = {
    ...environmentOf(await newStore()),
    LATCHKEY_URL: 'http://localhost:4000',
  }
  return await Promise.all(Array.from({ length: count }, () => startService(shared)))
}
