import { expect, test } from 'vitest'
import { latchkey } from '../cli/run.ts'
import { expectAlive, generationOf, newKey, refresh, signInAgain } from '../refresh/client.ts'
import { over, signUpAt } from '../refresh/over-http.ts'
import { PASSWORD } from '../support/auth.ts'
import { Fleet, newPlace, Person, publishedKids, startNodes } from './nodes.ts'

const TIMEOUT_MS = 120_000
/** What is promised is a second. */
const PROMISED_MS = 1_000
const RACING = 120

test('nodes that start together on an empty store have one signing key, one pepper and one set of users', {
  timeout: TIMEOUT_MS,
}, async () => {
  const nodes = await startNodes(4, await newPlace())
  const [kids, ...others] = await Promise.all(nodes.map(({ url }) => publishedKids(url)))
  expect(kids).toHaveLength(1)
  for (const other of others) expect(other).toEqual(kids)

  const body = { email: 'wanted@example.com', password: PASSWORD, client: 'native' }
  const rivals = await Promise.all(nodes.map(({ url }) => over(url).send('POST', '/auth/register', { body })))
  expect(rivals.map(({ status }) => status).toSorted()).toEqual([201, 409, 409, 409])
  for (const { url } of nodes) {
    const { accessToken, refreshToken } = await signInAgain(over(url), 'native', body.email)
    for (const other of nodes) {
      expect((await over(other.url).send('GET', '/auth/me', { bearer: accessToken })).status).toBe(200)
    }
    await expectAlive(over(nodes[0]!.url), 'native', refreshToken)
  }
})

test('of many refreshes with one key over all nodes one moves the session, and all carry the same successor (RR-03)', {
  timeout: TIMEOUT_MS,
}, async () => {
  const nodes = await startNodes(3, await newPlace())
  const { refreshToken } = await signUpAt(nodes[0]!.url, 'native')
  const key = newKey()
  const answers = await Promise.all(
    Array.from({ length: RACING }, (_, i) =>
      refresh(over(nodes[i % nodes.length]!.url), 'native', refreshToken, { key }),
    ),
  )
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]))
  const [successor, ...forks] = new Set(answers.map((answer) => answer.refreshToken))
  expect(forks).toEqual([])
  expect(generationOf(successor!)).toBe(1)
  await expectAlive(over(nodes[1]!.url), 'native', successor!)
})

test('a signing key that is replaced under load is replaced at every node, and nobody has to sign in again', {
  timeout: TIMEOUT_MS,
}, async () => {
  const place = await newPlace()
  const fleet = new Fleet(await startNodes(2, place))
  const people = await Promise.all(Array.from({ length: 4 }, () => Person.arrive(fleet)))
  const [old] = await publishedKids(fleet.next().url)
  expect((await latchkey(['keys', 'rotate'], { environment: place })).code).toBe(0)
  for (const { url } of fleet.nodes) {
    await expect.poll(() => publishedKids(url), { timeout: 15_000 }).toHaveLength(2)
  }
  for (const person of people) await person.leave()
  expect(people.flatMap(({ refusals }) => refusals)).toEqual([])

  // A key that leaked is another matter: its tokens end at once, the sessions do not.
  const { accessToken, refreshToken } = await signUpAt(fleet.next().url, 'native')
  expect((await latchkey(['keys', 'rotate', '--emergency'], { environment: place })).code).toBe(0)
  for (const { url } of fleet.nodes) {
    await expect.poll(() => publishedKids(url), { timeout: PROMISED_MS }).not.toContain(old)
    expect((await over(url).send('GET', '/auth/me', { bearer: accessToken })).status).toBe(401)
  }
  await expectAlive(over(fleet.next().url), 'native', refreshToken)
})
