import { expect, test } from 'vitest'
import { StoreUnavailableError } from '../../errors.ts'
import { aSession } from '../../sessions/testing/sessions.ts'
import { aService } from './services.ts'
import {
  anAccount,
  BETTER_HASH,
  HASH,
  LATER,
  type OpenWorld,
  opening,
  passwordChange,
  rotationOf,
  type Stores,
} from './world.ts'

export function describeAbsence(openWorld: OpenWorld): void {
  const session = aSession()
  const account = anAccount()
  const calls: Record<string, (stores: Stores) => Promise<unknown>> = {
    'sessions.open': ({ sessions }) => sessions.open(opening(session)),
    'sessions.findMany': ({ sessions }) => sessions.findMany([session.id]),
    'sessions.rotateMany': ({ sessions }) => sessions.rotateMany([rotationOf(session)]),
    'sessions.endMany': ({ sessions }) => sessions.endMany([session.id], 'logout', LATER),
    'sessions.listByUser': ({ sessions }) => sessions.listByUser(account.id),
    'sessions.endByUser': ({ sessions }) =>
      sessions.endByUser(account.id, { except: null, reason: 'logout', now: LATER }),
    'sessions.endOpenedBefore': ({ sessions }) =>
      sessions.endOpenedBefore(LATER, 'revoked_by_operator', LATER),
    'accounts.create': ({ accounts }) => accounts.create(account, HASH),
    'accounts.findById': ({ accounts }) => accounts.findById(account.id),
    'accounts.findByIdWithPassword': ({ accounts }) => accounts.findByIdWithPassword(account.id),
    'accounts.findByEmail': ({ accounts }) => accounts.findByEmail(account.email),
    'accounts.rehash': ({ accounts }) => accounts.rehash(account.id, HASH, BETTER_HASH),
    'accounts.changePassword': ({ accounts }) => accounts.changePassword(passwordChange(account, null)),
    'accounts.disable': ({ accounts }) => accounts.disable(account.id, LATER),
    'accounts.enable': ({ accounts }) => accounts.enable(account.id),
    'accounts.delete': ({ accounts }) => accounts.delete(account.id, LATER),
    'revocations.append': ({ revocations }) =>
      revocations.append({ kind: 'jti', subject: 'j', revokedAt: LATER, expiresAt: LATER + 1 }),
    'revocations.after': ({ revocations }) => revocations.after(0, 10),
    'revocations.unexpired': ({ revocations }) => revocations.unexpired(LATER, 0, 10),
    'revocations.newest': ({ revocations }) => revocations.newest(),
    'revocations.forget': ({ revocations }) => revocations.forget(LATER, 10),
    'keys.list': ({ keys }) => keys.list('signing'),
    'keys.update': ({ keys }) => keys.update('signing', () => ({})),
    'services.add': ({ services }) => services.add(aService()),
    'services.find': ({ services }) => services.find('svc_x'),
    'services.list': ({ services }) => services.list(),
    'services.remove': ({ services }) => services.remove('svc_x'),
  }

  test('every call rejects with STORE_UNAVAILABLE and with nothing else (SO-01)', async () => {
    const world = await openWorld()
    // Once before, so that nothing is met here for the first time.
    for (const call of Object.values(calls)) await call(world)
    await world.takeAway()
    for (const [name, call] of Object.entries(calls)) {
      const error = await call(world).then(
        () => undefined,
        (reason: unknown) => reason,
      )
      expect(error, name).toBeInstanceOf(StoreUnavailableError)
      expect((error as StoreUnavailableError).retryAfterSeconds, name).toBeGreaterThan(0)
    }
  })
}
