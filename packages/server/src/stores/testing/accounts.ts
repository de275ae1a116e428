import { expect, test } from 'vitest'
import type { Session } from '../../sessions/session.ts'
import { aSession } from '../../sessions/testing/sessions.ts'
import {
  anAccount,
  BETTER_HASH,
  byId,
  HASH,
  idsOf,
  LATER,
  type OpenWorld,
  opening,
  passwordChange,
  signedIn,
} from './world.ts'

export function describeAccounts(openWorld: OpenWorld): void {
  test('an account is found by its id and its address, with all that was stored of it', async () => {
    const { accounts } = await openWorld()
    const account = anAccount({ emailVerified: true, roles: ['admin', 'ключ', "o'clock"] })
    expect(await accounts.create(account, HASH)).toBe(true)
    expect(await accounts.findById(account.id)).toEqual(account)
    expect(await accounts.findByIdWithPassword(account.id)).toEqual({ account, password: HASH })
    expect(await accounts.findByEmail(account.email)).toEqual({ account, password: HASH })
  })

  test('an account may be without a password, or have one without a pepper', async () => {
    const { accounts } = await openWorld()
    const without = anAccount()
    const imported = anAccount()
    const bcrypt = { phc: '$2b$12$abcdefghijklmnopqrstuv', pepperId: null }
    await accounts.create(without, null)
    await accounts.create(imported, bcrypt)
    expect(await accounts.findByEmail(without.email)).toEqual({ account: without, password: null })
    expect(await accounts.findByEmail(imported.email)).toEqual({ account: imported, password: bcrypt })
  })

  test('an address is compared exactly: no pattern and no other case finds it (IN-07)', async () => {
    const { accounts } = await openWorld()
    await accounts.create(anAccount({ email: 'ada_1%x@example.com' }), HASH)
    for (const email of [
      'ADA_1%x@example.com',
      'ada_1%',
      '%',
      'adaa1%x@example.com',
      'ada\\_1%x@example.com',
    ]) {
      expect(await accounts.findByEmail(email), email).toBeUndefined()
    }
    expect(await accounts.findByEmail('ada_1%x@example.com')).toBeDefined()
  })

  test('text that looks like SQL is stored as it is (IN-01)', async () => {
    const { accounts, sessions } = await openWorld()
    const account = anAccount({ email: `x'); drop table users; --@example.com`, roles: [`"'; --`] })
    await accounts.create(account, HASH)
    const session = aSession({ userId: account.id, userAgent: `' or 1=1; --` })
    await sessions.open(opening(session))
    expect(await accounts.findByEmail(account.email)).toEqual({ account, password: HASH })
    expect((await sessions.findMany([session.id]))[0]?.session.userAgent).toBe(`' or 1=1; --`)
  })

  test('of many who take an address at once exactly one gets it', async () => {
    const world = await openWorld()
    const both = [world, await world.openAgain()]
    const email = 'wanted@example.com'
    const rivals = Array.from({ length: 20 }, () => anAccount({ email }))
    const created = await Promise.all(rivals.map((account, i) => both[i % 2]!.accounts.create(account, HASH)))
    expect(created.filter((taken) => taken)).toHaveLength(1)
    const winner = rivals[created.indexOf(true)]
    expect((await world.accounts.findByEmail(email))?.account).toEqual(winner)
  })

  test('a hash is replaced by a better one of the same password, but not once the password has changed', async () => {
    const { accounts } = await openWorld()
    const account = anAccount()
    await accounts.create(account, HASH)
    await accounts.rehash(account.id, HASH, BETTER_HASH)
    expect((await accounts.findById(account.id))?.credentialVersion).toBe(account.credentialVersion)
    expect((await accounts.findByIdWithPassword(account.id))?.password).toEqual(BETTER_HASH)

    const late = { phc: '$argon2id$late', pepperId: 'p2' }
    await accounts.rehash(account.id, HASH, late)
    expect((await accounts.findByIdWithPassword(account.id))?.password).toEqual(BETTER_HASH)
  })

  test('a changed password ends every session but one, in the same step', async () => {
    const { accounts, sessions } = await openWorld()
    const { account, opened } = await signedIn({ accounts, sessions }, 3)
    const stranger = await signedIn({ accounts, sessions }, 1)
    const [kept, ...others] = opened as [Session, ...Session[]]
    const ended = await accounts.changePassword(passwordChange(account, kept.id))

    expect(ended?.toSorted()).toEqual(idsOf(others).toSorted())
    expect(idsOf(await sessions.listByUser(account.id))).toEqual([kept.id])
    expect(idsOf(await sessions.listByUser(stranger.account.id))).toEqual(idsOf(stranger.opened))
    const after = await accounts.findByIdWithPassword(account.id)
    expect(after?.password).toEqual(BETTER_HASH)
    expect(after?.account.credentialVersion).toBeGreaterThan(account.credentialVersion)
    expect((await sessions.findMany(idsOf(others))).map((owned) => owned?.session.ended)).toEqual(
      others.map(() => ({ at: LATER, reason: 'password_changed' })),
    )
  })

  test('of several password changes at once exactly one happens', async () => {
    const world = await openWorld()
    const both = [world, await world.openAgain()]
    const { account } = await signedIn(world, 1)
    const outcomes = await Promise.all(
      Array.from({ length: 20 }, (_, i) => {
        const password = { phc: `$argon2id$${i}`, pepperId: 'p1' }
        return both[i % 2]!.accounts.changePassword({ ...passwordChange(account, null), password })
      }),
    )
    expect(outcomes.filter((ended) => ended !== null)).toHaveLength(1)
    const winner = outcomes.findIndex((ended) => ended !== null)
    const stored = await world.accounts.findByIdWithPassword(account.id)
    expect(stored?.password?.phc).toBe(`$argon2id$${winner}`)
  })

  test('a disabled account has no session left, and none when it is enabled again', async () => {
    const { accounts, sessions } = await openWorld()
    const { account, opened } = await signedIn({ accounts, sessions }, 2)
    expect((await accounts.disable(account.id, LATER))?.toSorted()).toEqual(idsOf(opened).toSorted())
    expect((await accounts.findById(account.id))?.disabledAt).toBe(LATER)
    expect(await sessions.listByUser(account.id)).toEqual([])
    expect(await accounts.enable(account.id)).toBe(true)
    expect((await accounts.findById(account.id))?.disabledAt).toBeNull()
    expect(await sessions.listByUser(account.id)).toEqual([])
    const [owned] = await sessions.findMany([opened[0]!.id])
    expect(owned?.session.ended).toEqual({ at: LATER, reason: 'account_disabled' })
  })

  test('a deleted account leaves no session, and its address is free again', async () => {
    const { accounts, sessions } = await openWorld()
    const { account, opened } = await signedIn({ accounts, sessions }, 2)
    expect(await accounts.delete(account.id, LATER)).toBe(true)
    expect(await accounts.findById(account.id)).toBeUndefined()
    expect(await sessions.findMany(idsOf(opened))).toEqual([undefined, undefined])
    expect(await accounts.create(anAccount({ email: account.email }), HASH)).toBe(true)
  })

  test('an unknown account can be neither changed nor disabled, enabled or deleted', async () => {
    const { accounts } = await openWorld()
    const unknown = anAccount()
    expect(await accounts.findById(unknown.id)).toBeUndefined()
    expect(await accounts.findByIdWithPassword(unknown.id)).toBeUndefined()
    expect(await accounts.changePassword(passwordChange(unknown, null))).toBeNull()
    expect(await accounts.disable(unknown.id, LATER)).toBeNull()
    expect(await accounts.enable(unknown.id)).toBe(false)
    expect(await accounts.delete(unknown.id, LATER)).toBe(false)
  })

  test('accounts are walked in the order of their ids, each once', async () => {
    const { accounts } = await openWorld()
    const users = Array.from({ length: 5 }, () => ({ account: anAccount(), password: HASH })).sort((a, b) =>
      byId(a.account, b.account),
    )
    for (const { account, password } of users) await accounts.create(account, password)
    expect(await accounts.count()).toBe(5)
    expect(await accounts.listAfter(null, 2)).toEqual(users.slice(0, 2))
    expect(await accounts.listAfter(users[1]!.account.id, 2)).toEqual(users.slice(2, 4))
    expect(await accounts.listAfter(users[3]!.account.id, 2)).toEqual(users.slice(4))
    expect(await accounts.listAfter(users[4]!.account.id, 2)).toEqual([])
  })

  test('of many accounts, those are added whose id and address nobody has, and nothing else changes', async () => {
    const { accounts } = await openWorld()
    const there = { account: anAccount({ roles: ['admin'] }), password: HASH }
    await accounts.create(there.account, there.password)
    const imported = {
      account: anAccount({ emailVerified: true, roles: ['a'], disabledAt: LATER }),
      password: { phc: '$2b$12$abcdefghijklmnopqrstuv', pepperId: null },
    }
    const added = await accounts.addMany([
      imported,
      { account: anAccount({ id: there.account.id }), password: null },
      { account: anAccount({ email: there.account.email }), password: null },
      { account: anAccount({ email: imported.account.email }), password: null },
    ])
    expect(added).toEqual(new Set([imported.account.id]))
    expect(await accounts.count()).toBe(2)
    const both = [there, imported].sort((a, b) => byId(a.account, b.account))
    expect(await accounts.listAfter(null, 10)).toEqual(both)
    expect(await accounts.addMany([])).toEqual(new Set())
  })

  test('accounts are found by any of many ids and addresses', async () => {
    const { accounts } = await openWorld()
    const [a, b, c] = [anAccount(), anAccount(), anAccount()]
    for (const account of [a, b, c]) await accounts.create(account, null)
    const found = await accounts.findAny([a.id, anAccount().id], [b.email, a.email, 'x@example.com'])
    expect(idsOf(found.map(({ account }) => account)).toSorted()).toEqual([a.id, b.id].toSorted())
    expect(await accounts.findAny([], [])).toEqual([])
    expect(await accounts.findAny([c.id], [])).toHaveLength(1)
  })

  test('an import changes what an account says, never a password of our own, and takes nobody the address', async () => {
    const { accounts } = await openWorld()
    const own = anAccount()
    const imported = anAccount()
    await accounts.create(own, HASH)
    await accounts.create(imported, { phc: '$2b$12$abcdefghijklmnopqrstuv', pepperId: null })
    const newer = { phc: '$2b$12$newernewernewernewerne', pepperId: null }
    const change = { emailVerified: true, roles: ['editor'], password: newer, now: LATER }
    await accounts.amendMany([
      { ...change, id: own.id, email: 'new@example.com' },
      { ...change, id: imported.id, email: imported.email },
      { ...change, id: anAccount().id, email: 'nobody@example.com' },
    ])
    expect(await accounts.findByIdWithPassword(own.id)).toEqual({
      account: { ...own, email: 'new@example.com', emailVerified: true, roles: ['editor'] },
      password: HASH,
    })
    expect((await accounts.findByIdWithPassword(imported.id))?.password).toEqual(newer)

    await accounts.amendMany([{ ...change, id: imported.id, email: 'new@example.com', roles: [] }])
    expect(await accounts.findById(imported.id)).toMatchObject({ email: imported.email, roles: ['editor'] })
  })
}
