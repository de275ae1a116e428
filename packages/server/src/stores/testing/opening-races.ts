import { expect, test } from 'vitest'
import { aSession } from '../../sessions/testing/sessions.ts'
import { LATER, type OpenWorld, opening, passwordChange, signedIn, swapped } from './world.ts'

export function describeOpeningRaces(openWorld: OpenWorld): void {
  test('nothing opens for an account that is unknown, disabled, or has another password by now', async () => {
    const { accounts, sessions } = await openWorld()
    expect(await sessions.open(opening(aSession()))).toEqual({ opened: false })

    const changed = await signedIn({ accounts, sessions }, 0)
    await accounts.changePassword(passwordChange(changed.account, null))
    const stale = aSession({ userId: changed.account.id })
    expect(await sessions.open(opening(stale))).toEqual({ opened: false })
    expect(await sessions.findMany([stale.id])).toEqual([undefined])

    const disabled = await signedIn({ accounts, sessions }, 0)
    await accounts.disable(disabled.account.id, LATER)
    const refused = aSession({ userId: disabled.account.id })
    expect(await sessions.open(opening(refused))).toEqual({ opened: false })
  })

  test('no session that was opened with the old password outlives the change of it', async () => {
    const world = await openWorld()
    const other = await world.openAgain()
    for (let round = 0; round < 10; round++) {
      const { account } = await signedIn(world, 0)
      const rivals = Array.from({ length: 8 }, () => aSession({ userId: account.id }))
      const opens = () => Promise.all(rivals.map((session) => other.sessions.open(opening(session))))
      const change = () => world.accounts.changePassword(passwordChange(account, null))
      const [opened, ended] = await (round % 2 === 0
        ? Promise.all([opens(), change()])
        : swapped(change, opens))
      expect(await world.sessions.listByUser(account.id), `round ${round}`).toEqual([])
      expect(ended).toHaveLength(opened.filter((outcome) => outcome.opened).length)
    }
  })

  test('no session outlives the disabling of its account, also one that was being opened', async () => {
    const world = await openWorld()
    const other = await world.openAgain()
    for (let round = 0; round < 10; round++) {
      const { account } = await signedIn(world, 0)
      const rivals = Array.from({ length: 8 }, () => aSession({ userId: account.id }))
      const opens = () => Promise.all(rivals.map((session) => other.sessions.open(opening(session))))
      const disable = () => world.accounts.disable(account.id, LATER)
      await (round % 2 === 0 ? Promise.all([opens(), disable()]) : swapped(disable, opens))
      expect(await world.sessions.listByUser(account.id), `round ${round}`).toEqual([])
    }
  })

  test('no session is left behind by the deletion of its account, also one that was being opened', async () => {
    const world = await openWorld()
    const other = await world.openAgain()
    for (let round = 0; round < 10; round++) {
      const { account } = await signedIn(world, 0)
      const rivals = Array.from({ length: 8 }, () => aSession({ userId: account.id }))
      const opens = () => Promise.all(rivals.map((session) => other.sessions.open(opening(session))))
      const remove = () => world.accounts.delete(account.id, LATER)
      await (round % 2 === 0 ? Promise.all([opens(), remove()]) : swapped(remove, opens))
      expect(await world.sessions.listByUser(account.id), `round ${round}`).toEqual([])
    }
  })
}
