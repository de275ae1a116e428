import { createSecretKey, randomBytes } from 'node:crypto'
import { expect, test } from 'vitest'
import { NO_LIMITS } from '../abuse/limits.ts'
import { StoreUnavailableError } from '../errors.ts'
import type { SecurityEvent } from '../events.ts'
import { RefreshArrivals } from './arrivals.ts'
import { type Candidate, decideBatch } from './refresh-batch.ts'
import { createRefreshTokens, parseRefreshToken } from './refresh-token.ts'
import type { Session } from './session.ts'
import type { OwnedSession, SessionStore } from './store.ts'
import { aSession, OPENED } from './testing/sessions.ts'

const tokens = createRefreshTokens([createSecretKey(randomBytes(32))])
const account = {
  id: aSession().userId,
  email: 'ada@example.com',
  emailVerified: false,
  roles: [],
  createdAt: OPENED,
  disabledAt: null,
  credentialVersion: 1,
}

/** A store whose endings fail, or are counted: the faults of a real one come at no such moments by order. */
function aStore(sessions: readonly Session[], endMany: SessionStore['endMany']) {
  const rows = new Map(sessions.map((session) => [session.id, session]))
  const rotatedIds: string[] = []
  return {
    rotatedIds,
    store: {
      findMany: async (ids: readonly string[]): Promise<(OwnedSession | undefined)[]> =>
        ids.map((id) => {
          const session = rows.get(id)
          return session === undefined ? undefined : { session, account }
        }),
      rotateMany: async (rotations: Parameters<SessionStore['rotateMany']>[0]) =>
        rotations.map(({ next }) => {
          rows.set(next.id, next)
          rotatedIds.push(next.id)
          return true
        }),
      endMany,
    } as SessionStore,
  }
}

function aBatch(store: SessionStore, now: number, events: SecurityEvent[] = []) {
  const arrivals = new RefreshArrivals()
  const policy = { idleTtlSeconds: 60, reuseGraceSeconds: 0 }
  const decide = decideBatch({
    store,
    tokens,
    arrivals,
    policy,
    limits: NO_LIMITS,
    now: () => now,
    onEvent: (e) => events.push(e),
  })
  const candidate = (session: Session, generation = session.generation): Candidate => ({
    claimed: parseRefreshToken(tokens.issue(session, generation))!,
    keyDigest: null,
    request: {
      refreshToken: '',
      client: session.client,
      idempotencyKey: null,
      accessTokenSessionId: null,
      ip: null,
      arrival: arrivals.enter(),
    },
  })
  return { decide, candidate }
}

test('who has moved is answered, also when the store goes away before the rest of the batch is decided', async () => {
  const good = aSession({ generation: 3 })
  const { store } = aStore([good], async () => {
    throw new StoreUnavailableError(new Error('away'))
  })
  const { decide, candidate } = aBatch(store, OPENED)
  const outcomes = await decide([candidate(good), candidate(good, 0)])
  expect(outcomes[0]).toMatchObject({ kind: 'rotate', session: { generation: good.generation + 1 } })
  expect(outcomes[1]).toMatchObject({ kind: 'failed', error: { code: 'STORE_UNAVAILABLE' } })
})

test('a batch in which nothing was decided is rejected', async () => {
  const session = aSession()
  const { store } = aStore([session], async () => [])
  store.findMany = async () => {
    throw new StoreUnavailableError(new Error('away'))
  }
  const { decide, candidate } = aBatch(store, OPENED)
  await expect(decide([candidate(session)])).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' })
})

test('however many sessions of a batch have run out, they are ended in one step, and the others move all the same', async () => {
  const idle = Array.from({ length: 50 }, (_, i) =>
    aSession({ id: `00000000-0000-4000-8000-${String(i).padStart(12, '0')}` }),
  )
  const fresh = aSession({ id: '11111111-0000-4000-8000-000000000000', lastUsedAt: OPENED + 100_000 })
  const steps: number[] = []
  const { store, rotatedIds } = aStore([...idle, fresh], async (ids) => {
    steps.push(ids.length)
    return [...ids]
  })
  const { decide, candidate } = aBatch(store, OPENED + 100_000)
  const outcomes = await decide([...idle, fresh].map((session) => candidate(session)))
  expect(steps).toEqual([50])
  expect(outcomes.filter(({ kind }) => kind === 'expired')).toHaveLength(50)
  expect(rotatedIds).toEqual([fresh.id])
})

test('a store that shows a session as live and never moves it is away for that session, and for nobody else', async () => {
  const [stuck, good] = [aSession(), aSession({ id: '11111111-0000-4000-8000-000000000000' })]
  const { store } = aStore([stuck, good], async () => [])
  const { rotateMany } = store
  store.rotateMany = async (rotations) => {
    const moving = rotations.filter(({ next }) => next.id !== stuck.id)
    await rotateMany(moving)
    return rotations.map((rotation) => moving.includes(rotation))
  }
  const { decide, candidate } = aBatch(store, OPENED)
  const outcomes = await decide([candidate(stuck), candidate(good)])
  expect(outcomes[0]).toMatchObject({ kind: 'failed', error: { code: 'STORE_UNAVAILABLE' } })
  expect(outcomes[1]).toMatchObject({ kind: 'rotate' })
})

test('a session that a batch ends is over for everybody else in it', async () => {
  const session = aSession({ generation: 5 })
  const { store, rotatedIds } = aStore([session], async (ids) => [...ids])
  const events: SecurityEvent[] = []
  const { decide, candidate } = aBatch(store, OPENED, events)
  const outcomes = await decide([candidate(session, 2), candidate(session)])
  expect(outcomes.map(({ kind }) => kind)).toEqual(['reused', 'revoked'])
  expect(rotatedIds).toEqual([])
  expect(events.map(({ type }) => type)).toEqual(['refresh.reused', 'session.ended'])
})
