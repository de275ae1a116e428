import { expect, test } from 'vitest'
import { latchkey } from '../cli/run.ts'
import { expectAlive, expectRefused, refresh } from '../refresh/client.ts'
import { over, signUpAt } from '../refresh/over-http.ts'
import { Fleet, newPlace, newSecret, Person, startNodes } from './nodes.ts'

const TIMEOUT_MS = 120_000
const PEOPLE = 6

test('the secret changes node by node under load: first known to all, then used by all, then alone; nobody is signed out', {
  timeout: TIMEOUT_MS,
}, async () => {
  const place = await newPlace()
  const [old, next] = [place.LATCHKEY_SECRET as string, newSecret()]
  const fleet = new Fleet(await startNodes(2, place))
  const people = await Promise.all(Array.from({ length: PEOPLE }, () => Person.arrive(fleet)))

  await fleet.roll({ ...place, LATCHKEY_SECRET: `${old},${next}` })
  await fleet.roll({ ...place, LATCHKEY_SECRET: `${next},${old}` })
  await everybodyRefreshes(people)
  await fleet.roll({ ...place, LATCHKEY_SECRET: next })
  await everybodyRefreshes(people)

  await Promise.all(people.map((person) => person.leave()))
  expect(people.flatMap(({ refusals }) => refusals)).toEqual([])
})

/** Until each has come twice round: the first refresh may have begun before. */
async function everybodyRefreshes(people: readonly Person[]): Promise<void> {
  const before = people.map(({ refreshed }) => refreshed)
  const rounds = () => Math.min(...people.map(({ refreshed }, i) => refreshed - (before[i] as number)))
  await expect.poll(rounds, { timeout: 30_000, interval: 20 }).toBeGreaterThanOrEqual(2)
}

test('a secret that one node uses before another knows it: its tokens are refused there, and nothing is lost by that', {
  timeout: TIMEOUT_MS,
}, async () => {
  const place = await newPlace()
  const [behind] = await startNodes(1, place)
  const { refreshToken } = await signUpAt(behind!.url, 'native')
  const [ahead] = await startNodes(1, {
    ...place,
    LATCHKEY_SECRET: `${newSecret()},${place.LATCHKEY_SECRET}`,
  })

  const successor = await expectAlive(over(ahead!.url), 'native', refreshToken)
  expectRefused(await refresh(over(behind!.url), 'native', successor), 401, 'REFRESH_INVALID')
  await expectAlive(over(ahead!.url), 'native', successor)
})

test('once a node has used the new secret, one that does not know it says so and does not start', {
  timeout: TIMEOUT_MS,
}, async () => {
  const place = await newPlace()
  await startNodes(1, { ...place, LATCHKEY_SECRET: `${newSecret()},${place.LATCHKEY_SECRET}` })
  await startNodes(1, { ...place, LATCHKEY_SECRET: newSecret() }).then(
    () => expect.unreachable(),
    (error: Error) => expect(error.message).toContain('does not open the keys in this database'),
  )
  const { code, stderr } = await latchkey(['keys', 'list'], {
    environment: { ...place, LATCHKEY_SECRET: newSecret() },
  })
  expect([code, stderr]).toEqual([
    1,
    expect.stringContaining('list the new one first and the old one after it'),
  ])
})
