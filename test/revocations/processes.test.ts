import { randomBytes } from 'node:crypto'
import { expect, test } from 'vitest'
import { latchkey } from '../cli/run.ts'
import { expectRefused, refresh } from '../refresh/client.ts'
import { over, signUpAt } from '../refresh/over-http.ts'
import { type Service, startService } from '../support/service.ts'
import { lockWrites, takeAway } from '../support/stores/look.ts'
import { environmentOf, newStore } from '../support/stores/store.ts'
import { askForFeed, basic, insertEntries, Listener, type ServiceCredentials } from './listener.ts'

/** What is promised is a second. */
const PROMISED_MS = 1_000
const TIMEOUT_MS = 40_000

interface Place {
  environment: Record<string, string>
  service: ServiceCredentials
}

/** A store that several processes share, and an API that is registered in it. */
async function aPlace(): Promise<Place> {
  const environment = {
    ...environmentOf(await newStore()),
    LATCHKEY_SECRET: randomBytes(32).toString('base64url'),
    LATCHKEY_URL: 'http://localhost:4000',
  }
  const { stdout } = await latchkey(['services', 'add', 'orders'], { environment })
  return {
    environment,
    service: { id: /svc_[\w-]+/.exec(stdout)![0], secret: /lks_[\w-]+/.exec(stdout)![0] },
  }
}

async function signOut({ url }: Service, refreshToken: string): Promise<void> {
  const answer = await over(url).send('POST', '/auth/logout', { body: { refreshToken } })
  expect(answer.status).toBe(204)
}

test('a sign-out at one process is heard by the readers of the other within a second, and its access token refused there (LO-01)', {
  timeout: TIMEOUT_MS,
}, async () => {
  const { environment, service } = await aPlace()
  const [one, other] = await Promise.all([startService(environment), startService(environment)])
  const reader = await Listener.current(other.url, service)
  for (let i = 0; i < 5; i++) {
    const { accessToken, refreshToken, sessionId } = await signUpAt(one.url, 'native')
    await signOut(one, refreshToken)
    await reader.hears({ sid: sessionId }, PROMISED_MS)
    const me = await over(other.url).send('GET', '/auth/me', { bearer: accessToken })
    expect([me.status, me.body.error]).toEqual([401, 'TOKEN_REVOKED'])
    expectRefused(await refresh(over(other.url), 'native', refreshToken), 401, 'SESSION_REVOKED')
  }
})

test('an access token that one process has refused by itself is refused by the other within a second', {
  timeout: TIMEOUT_MS,
}, async () => {
  const { environment } = await aPlace()
  const [one, other] = await Promise.all([startService(environment), startService(environment)])
  const { accessToken } = await signUpAt(one.url, 'native')
  const revoked = await over(one.url).send('POST', '/oauth/revoke', {
    body: new URLSearchParams({ token: accessToken }).toString(),
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
  })
  expect(revoked.status).toBe(200)
  const errorAtTheOther = async () =>
    (await over(other.url).send('GET', '/auth/me', { bearer: accessToken })).body.error
  await expect.poll(errorAtTheOther, { timeout: PROMISED_MS, interval: 10 }).toBe('TOKEN_REVOKED')
})

test('a command that replaces all keys is heard within a second, and the running service follows as fast', {
  timeout: TIMEOUT_MS,
}, async () => {
  const { environment, service } = await aPlace()
  const running = await startService(environment)
  const { accessToken } = await signUpAt(running.url, 'native')
  const kids = async () => {
    const { keys } = (await (await fetch(`${running.url}/.well-known/jwks.json`)).json()) as {
      keys: { kid: string }[]
    }
    return keys.map(({ kid }) => kid)
  }
  const [old] = await kids()
  const reader = await Listener.current(running.url, service)
  expect((await latchkey(['keys', 'rotate', '--emergency'], { environment })).code).toBe(0)
  await reader.hears({ kid: old! }, PROMISED_MS)
  await expect.poll(kids, { timeout: PROMISED_MS }).not.toContain(old)
  const me = await over(running.url).send('GET', '/auth/me', { bearer: accessToken })
  expect(me.status).toBe(401)
})

test('kill -9 right after the answer to a sign-out: whoever comes back to the restarted service hears of it, once', {
  timeout: TIMEOUT_MS,
}, async () => {
  const { environment, service } = await aPlace()
  let running = await startService(environment)
  let reader = await Listener.current(running.url, service)
  const heard: (string | undefined)[] = []
  const signedOut: string[] = []
  for (let kills = 0; kills < 4; kills++) {
    const sessions = await Promise.all(Array.from({ length: 3 }, () => signUpAt(running.url, 'native')))
    // One is heard before the end, one perhaps, and one only after it.
    for (const [i, { refreshToken, sessionId }] of sessions.entries()) {
      if (i === 2) {
        reader.close()
        await reader.ended
      }
      await signOut(running, refreshToken)
      if (i === 0) await reader.hears({ sid: sessionId })
      signedOut.push(sessionId)
    }
    await running.kill()
    heard.push(...reader.revoked().map(({ sid }) => sid))
    running = await startService(environment)
    reader = await Listener.current(running.url, service, reader.lastEventId())
    expect(reader.snapshot(), 'it goes on from where it was').toEqual([])
  }
  heard.push(...reader.revoked().map(({ sid }) => sid))
  expect(heard).toEqual(signedOut)

  const newcomer = await Listener.current(running.url, service)
  expect(newcomer.snapshot().map(({ sid }) => sid)).toEqual(signedOut)
})

test('SIGTERM ends the feeds at once and in good order, and the service with 0; so it is in the middle of a long snapshot', {
  timeout: TIMEOUT_MS,
}, async () => {
  const { environment, service } = await aPlace()
  const before = await startService(environment)
  await before.stop()
  const newest = await insertEntries(before.store, 200_000, Date.now())
  const running = await startService(environment)
  const readers = await Promise.all(
    Array.from({ length: 3 }, () => Listener.current(running.url, service, newest)),
  )
  const stalled = await askForFeed(running.url, { authorization: basic(service) })
  expect(stalled.status).toBe(200)
  const askedAt = performance.now()
  const stopped = running.stop()
  expect(await Promise.all(readers.map(({ ended }) => ended))).toEqual(readers.map(() => 'in good order'))
  expect(await stopped).toBe(0)
  expect(performance.now() - askedAt).toBeLessThan(3_000)
})

test('while the store cannot be written the feed goes on, and what is written then is heard', {
  timeout: TIMEOUT_MS,
}, async () => {
  const { environment, service } = await aPlace()
  const running = await startService(environment)
  const { refreshToken, sessionId } = await signUpAt(running.url, 'native')
  const reader = await Listener.current(running.url, service)
  const release = await lockWrites(running.store)
  const refused = await over(running.url).send('POST', '/auth/logout', { body: { refreshToken } })
  expect(refused.status).toBe(503)
  const another = await Listener.current(running.url, service)
  expect(reader.revoked()).toEqual([])
  await release()
  await signOut(running, refreshToken)
  for (const listener of [reader, another]) await listener.hears({ sid: sessionId })
})

test('a store that cannot be read is no reason to take a service for a stranger: 503, never 401', {
  timeout: TIMEOUT_MS,
}, async () => {
  const { environment, service } = await aPlace()
  const running = await startService(environment)
  await takeAway(running.store, 'services')
  await takeAway(running.store, 'revocations')
  const answer = await askForFeed(running.url, { authorization: basic(service) })
  expect(answer.status).toBe(503)
  expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0)
  expect((await fetch(`${running.url}/healthz`)).status).toBe(200)
})
