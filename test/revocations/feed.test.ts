import { expect, test, vi } from 'vitest'
import { newKey, refresh, type SignedIn, signIn, signInAgain } from '../refresh/client.ts'
import { letTimePassWith, listen, PASSWORD, sendTo, startAuth, type TestAuth } from '../support/auth.ts'
import { countRows } from '../support/stores/look.ts'
import { askForFeed, basic, insertEntries, Listener, type ServiceCredentials } from './listener.ts'

const SECOND = 1000

interface Feed {
  world: TestAuth
  url: string
  service: ServiceCredentials
}

/** A service with a registered API, on a port of its own. */
async function startFeed(...overrides: Parameters<typeof startAuth>): Promise<Feed> {
  const world = await startAuth(...overrides)
  return {
    world,
    url: await listen(world.auth),
    service: await world.auth.services.create({ name: 'orders' }),
  }
}

async function metric({ world }: Feed, name: string): Promise<string | undefined> {
  const text = await (await world.auth.fetch(new Request(`${world.url}/metrics`))).text()
  return text
    .split('\n')
    .find((line) => line.startsWith(`${name} `))
    ?.slice(name.length + 1)
}

test('what is revoked is heard at once, in order, by every reader, to the letter of the format', async () => {
  const feed = await startFeed()
  const { world, url, service } = feed
  const gone = await signIn(world, 'native')
  await world.send('POST', '/auth/logout', { body: { refreshToken: gone.refreshToken } })
  const readers = await Promise.all([Listener.current(url, service), Listener.current(url, service)])
  const next = await signIn(world, 'native')
  await world.send('DELETE', '/auth/sessions?all=true', { bearer: next.accessToken })

  const now = world.clock.now
  const [at, until] = [now, now + 1260 * SECOND].map((instant) => new Date(instant).toISOString())
  const times = `"revokedAt":"${at}","expiresAt":"${until}"`
  for (const reader of readers) {
    await reader.hears({ sid: next.sessionId })
    expect(reader.text).toBe(
      [
        'retry: 1000\n\n',
        `event: snapshot\nid: 1-${now}\ndata: {"revoked":[{"sid":"${gone.sessionId}",${times}}]}\n\n`,
        `event: current\ndata: {"at":"${at}","heartbeatSeconds":5}\n\n`,
        `event: revoked\nid: 2-${now}\ndata: {"sid":"${next.sessionId}",${times}}\n\n`,
      ].join(''),
    )
  }
  expect(await metric(feed, 'latchkey_feed_readers')).toBe('2')
  expect(await metric(feed, 'latchkey_revocations_published_total{kind="sid"}')).toBe('2')
  expect(await metric(feed, 'latchkey_revocation_delay_seconds_count')).toBe('2')
})

test('every way in which a session ends is heard (LO-01, LO-05)', async () => {
  const { world, url, service } = await startFeed({ maxSessionsPerUser: 2 })
  const { auth } = world
  const reader = await Listener.current(url, service)
  const sessionOf = async (end: (session: SignedIn, other: SignedIn) => Promise<unknown>) => {
    const session = await signIn(world, 'native')
    // The one that was used longer ago makes room.
    world.clock.now += SECOND
    await end(session, await signInAgain(world, 'native', session.email))
    return session.sessionId
  }
  const ways: Record<string, (session: SignedIn, other: SignedIn) => Promise<unknown>> = {
    logout: ({ refreshToken }) => world.send('POST', '/auth/logout', { body: { refreshToken } }),
    'logout by the access token': ({ accessToken }) =>
      world.send('POST', '/auth/logout', { bearer: accessToken }),
    'ended from another device': ({ sessionId }, { accessToken }) =>
      world.send('DELETE', `/auth/sessions/${sessionId}`, { bearer: accessToken }),
    'all others ended': (_, { accessToken }) =>
      world.send('DELETE', '/auth/sessions', { bearer: accessToken }),
    'another password': (_, { accessToken }) =>
      world.send('POST', '/auth/password/change', {
        bearer: accessToken,
        body: { currentPassword: PASSWORD, newPassword: 'a louder harbour at dawn' },
      }),
    'a spent refresh token that came back': async ({ refreshToken }) => {
      await refresh(world, 'native', refreshToken)
      await refresh(world, 'native', refreshToken)
    },
    'too many sessions': ({ email }) => signInAgain(world, 'native', email),
    'by the operator': ({ userId, sessionId }) => auth.sessions.revoke(userId, sessionId),
    'all by the operator': ({ userId }) => auth.sessions.revokeAll(userId),
    'a disabled account': ({ userId }) => auth.users.disable(userId),
    'a deleted account': ({ userId }) => auth.users.delete(userId),
    'run out': async ({ refreshToken }) => {
      world.clock.now += 8 * 86_400 * SECOND
      await refresh(world, 'native', refreshToken)
    },
    'opened before a time': () => auth.sessions.revokeOpenedBefore(new Date(world.clock.now + SECOND)),
  }
  for (const [name, end] of Object.entries(ways)) {
    const sid = await sessionOf(end)
    await reader.hears({ sid }).catch(() => expect.fail(`nothing was heard of: ${name}`))
  }
})

test('of all sessions that are ended while they refresh, each is heard once; the one that asked goes on (LO-05)', async () => {
  const { world, url, service } = await startFeed()
  const mine = await signIn(world, 'native')
  const others = await Promise.all(Array.from({ length: 20 }, () => signInAgain(world, 'native', mine.email)))
  const reader = await Listener.current(url, service)
  const refreshing = others.map(({ refreshToken }) =>
    refresh(world, 'native', refreshToken, { key: newKey() }),
  )
  await world.send('DELETE', '/auth/sessions', { bearer: mine.accessToken })
  await Promise.all(refreshing)
  for (const { sessionId } of others) await reader.hears({ sid: sessionId })
  expect(reader.revoked()).toHaveLength(others.length)
  const me = await world.send('GET', '/auth/me', { bearer: mine.accessToken })
  expect(me.status).toBe(200)
})

test('a key that was replaced in an emergency is heard of, and refused for thirty days', async () => {
  const { world, url, service } = await startFeed()
  const reader = await Listener.current(url, service)
  const [key] = world.auth.keys.list()
  await world.auth.keys.replaceAll()
  const { revokedAt, expiresAt } = await reader.hears({ kid: key!.kid })
  expect(Date.parse(expiresAt) - Date.parse(revokedAt)).toBe(30 * 86_400 * SECOND)
})

test('an access token that was revoked by itself is heard of, and refused here at once; its session goes on', async () => {
  const { world, url, service } = await startFeed()
  const session = await signIn(world, 'native')
  const reader = await Listener.current(url, service)
  const revoked = await world.send('POST', '/oauth/revoke', {
    body: new URLSearchParams({ token: session.accessToken }).toString(),
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
  })
  expect(revoked.status).toBe(200)
  const me = await world.send('GET', '/auth/me', { bearer: session.accessToken })
  expect([me.status, me.body.error]).toEqual([401, 'TOKEN_REVOKED'])
  await reader.until(({ event, data }) => event === 'revoked' && data.jti !== undefined)
  expect((await refresh(world, 'native', session.refreshToken)).status).toBe(200)
})

test('a reader that comes back hears what it missed, each once, without a gap and in order', async () => {
  const { world, url, service } = await startFeed()
  const sessions = await Promise.all(Array.from({ length: 30 }, () => signIn(world, 'native')))
  const heard: string[] = []
  let lastEventId: string | undefined
  for (const [i, { refreshToken, sessionId }] of sessions.entries()) {
    const ends = world.send('POST', '/auth/logout', { body: { refreshToken } })
    if (i % 3 !== 0) {
      await ends
      continue
    }
    const reader = await Listener.current(url, service, lastEventId)
    await ends
    await expect
      .poll(() => [...reader.snapshot(), ...reader.revoked()].some(({ sid }) => sid === sessionId))
      .toBe(true)
    reader.close()
    await reader.ended
    if (lastEventId !== undefined) expect(reader.snapshot()).toEqual([])
    heard.push(...[...reader.snapshot(), ...reader.revoked()].map(({ sid }) => sid as string))
    lastEventId = reader.lastEventId()
  }
  const rest = await Listener.current(url, service, lastEventId)
  heard.push(...rest.revoked().map(({ sid }) => sid as string))
  expect(heard).toEqual(sessions.map(({ sessionId }) => sessionId))
})

test('an id that this service never gave out, or gave out before a backup came back, gets everything anew', async () => {
  const { world, url, service } = await startFeed()
  const session = await signIn(world, 'native')
  await world.send('POST', '/auth/logout', { body: { refreshToken: session.refreshToken } })
  const [position, at] = [1, world.clock.now]
  for (const id of [
    '0-0',
    `${position}-${at - 1}`,
    `${position + 1}-${at}`,
    '999999-1',
    'garbage',
    '-1',
    '%00',
  ]) {
    const reader = await Listener.current(url, service, id)
    expect(reader.snapshot(), id).toMatchObject([{ sid: session.sessionId }])
    reader.close()
  }
  const known = await Listener.current(url, service, `${position}-${at}`)
  expect([known.snapshot(), known.revoked()]).toEqual([[], []])
})

test('only a registered service reads the feed: 401 with a challenge for everybody else, and nobody learns why', async () => {
  const { world, url, service } = await startFeed()
  const other = await world.auth.services.create({ name: 'removed' })
  await world.auth.services.remove(other.id)
  const user = await signIn(world, 'native')
  const bodies = new Set<string>()
  for (const authorization of [
    undefined,
    '',
    `Bearer ${user.accessToken}`,
    basic({ id: service.id, secret: '' }),
    basic({ id: service.id, secret: other.secret }),
    basic({ id: service.id, secret: `${service.secret}x` }),
    basic({ id: 'svc_unknown', secret: service.secret }),
    basic(other),
    'Basic',
    'Basic !!!',
  ]) {
    const answer = await askForFeed(url, authorization === undefined ? {} : { authorization })
    expect(answer.status, authorization).toBe(401)
    expect(answer.headers.get('www-authenticate')).toBe('Basic realm="latchkey"')
    expect(answer.headers.get('content-type')).toBe('application/problem+json')
    expect(answer.headers.get('cache-control')).toBe('no-store')
    bodies.add(await answer.text())
  }
  expect(bodies.size).toBe(1)
  expect(JSON.parse([...bodies][0]!).error).toBe('INVALID_CREDENTIALS')
  const inUrl = await fetch(`${url}/auth/revocations?client_id=${service.id}&token=${service.secret}`)
  expect(inUrl.status).toBe(400)
})

test('nothing on the way may keep events back: no store, no buffering, no length', async () => {
  const { url, service } = await startFeed()
  const answer = await askForFeed(url, { authorization: basic(service), 'accept-encoding': 'gzip, br' })
  expect(answer.status).toBe(200)
  const { headers } = answer
  expect(headers.get('content-type')).toBe('text/event-stream')
  expect(headers.get('cache-control')).toBe('no-store')
  expect(headers.get('x-accel-buffering')).toBe('no')
  expect(headers.get('content-length')).toBeNull()
  expect(headers.get('content-encoding')).toBeNull()
  expect(headers.get('x-request-id')).toMatch(/^[\w-]+$/)
  await answer.body?.cancel()
})

test('HEAD tells what the feed would answer, and leaves no reader behind', async () => {
  const feed = await startFeed()
  const { status, headers } = await fetch(`${feed.url}/auth/revocations`, {
    method: 'HEAD',
    headers: { authorization: basic(feed.service) },
  })
  expect([status, headers.get('content-type')]).toEqual([200, 'text/event-stream'])
  expect(await metric(feed, 'latchkey_feed_readers')).toBe('0')
})

test('a sign of life comes every five seconds, whatever else the server limits', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
  try {
    const { url, service } = await startFeed()
    const reader = await Listener.current(url, service)
    for (let beats = 1; beats <= 30; beats++) {
      await vi.advanceTimersByTimeAsync(5 * SECOND)
      await expect.poll(() => reader.beats, { interval: 2 }).toBe(beats)
    }
    expect(await Promise.race([reader.ended, 'goes on'])).toBe('goes on')
  } finally {
    vi.useRealTimers()
  }
})

test('a reader that has gone is let go at once', async () => {
  const feed = await startFeed()
  const readers = await Promise.all(
    Array.from({ length: 20 }, () => Listener.current(feed.url, feed.service)),
  )
  expect(await metric(feed, 'latchkey_feed_readers')).toBe('20')
  for (const reader of readers) reader.close()
  await expect.poll(() => metric(feed, 'latchkey_feed_readers')).toBe('0')
})

test('a service that is removed hears no more: its feeds end at the next sign of life, the others go on', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
  try {
    const { world, url, service } = await startFeed()
    const removed = await world.auth.services.create({ name: 'removed' })
    const [gone, kept] = await Promise.all([Listener.current(url, removed), Listener.current(url, service)])
    await world.auth.services.remove(removed.id)
    await vi.advanceTimersByTimeAsync(5 * SECOND)
    expect(await gone.ended).toBe('in good order')
    expect((await askForFeed(url, { authorization: basic(removed) })).status).toBe(401)
    await expect.poll(() => kept.beats).toBe(1)
  } finally {
    vi.useRealTimers()
  }
})

test('a reader that takes nothing any more is cut off and counted; the others hear everything meanwhile', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
  try {
    const feed = await startFeed()
    const { world, service } = feed
    // More than the sockets of both sides hold.
    const newest = await insertEntries(world.store, 200_000, world.clock.now)
    const again = await restarted(feed)
    const stalled = await askForFeed(again.url, { authorization: basic(service) })
    const current = await Listener.current(again.url, service, newest)
    expect(await metric(again, 'latchkey_feed_readers')).toBe('2')

    for (let beats = 1; (await metric(again, 'latchkey_feed_readers')) === '2'; beats++) {
      expect(beats).toBeLessThan(10)
      await vi.advanceTimersByTimeAsync(5 * SECOND)
      await expect.poll(() => current.beats).toBe(beats)
    }
    expect(current.beats).toBeGreaterThanOrEqual(3)
    expect(await metric(again, 'latchkey_feed_readers')).toBe('1')
    expect(await metric(again, 'latchkey_feed_readers_dropped_total')).toBe('1')
    await again.world.auth.keys.replaceAll()
    await current.until(({ event, data }) => event === 'revoked' && data.kid !== undefined)
    await expect(stalled.text()).rejects.toThrow()
    expect(world.errors).toEqual([])
  } finally {
    vi.useRealTimers()
  }
}, 30_000)

test('what is revoked is told for as long as a token could be good, and then no longer; nobody comes back to life by that (LO-15)', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
  try {
    const { world, url, service } = await startFeed({ accessTtlSeconds: 300 })
    letTimePassWith(world.clock)
    const { accessToken, refreshToken, sessionId } = await signIn(world, 'native')
    await world.send('POST', '/auth/logout', { body: { refreshToken } })
    const inTheSnapshot = async () => {
      await vi.advanceTimersByTimeAsync(10 * SECOND)
      const reader = await Listener.current(url, service)
      reader.close()
      return reader.snapshot().map(({ sid }) => sid)
    }
    world.clock.now += 660 * SECOND - 1
    expect(await inTheSnapshot()).toEqual([sessionId])
    world.clock.now += 1
    expect(await inTheSnapshot()).toEqual([])
    expect(await countRows(world.store, 'revocations')).toEqual({ revocations: 0 })
    for (let i = 0; i < 2; i++) {
      const me = await world.send('GET', '/auth/me', { bearer: accessToken })
      expect(me.status).toBe(401)
      expect((await refresh(world, 'native', refreshToken)).body.error).toBe('SESSION_REVOKED')
    }
  } finally {
    vi.useRealTimers()
  }
})

test('whoever runs the service inside an app ends the feeds by closing it', async () => {
  const { world, url, service } = await startFeed()
  const reader = await Listener.current(url, service)
  world.auth.endFeeds()
  expect(await reader.ended).toBe('in good order')
  const refused = await askForFeed(url, { authorization: basic(service) })
  expect([refused.status, Number(refused.headers.get('retry-after')) > 0]).toEqual([503, true])
  expect((await sendTo(fetch, url, 'GET', '/readyz')).status).toBe(200)

  const second = await restarted({ world, url, service })
  const other = await Listener.current(second.url, service)
  await second.world.auth.close()
  expect(await other.ended).toBe('in good order')
})

/** The same data, served again by a new instance. */
async function restarted({ world, service }: Feed): Promise<Feed> {
  const { createAuth } = await import('latchkey')
  const { onTestFinished } = await import('vitest')
  await world.auth.close()
  const auth = await createAuth(world.options)
  onTestFinished(() => auth.close())
  return { world: { ...world, auth }, url: await listen(auth), service }
}
