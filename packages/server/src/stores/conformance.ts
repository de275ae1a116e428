// What every store promises, whatever it is made of: one suite, run against each of them for real.
// It owns no store, and nothing that only one of them can do: that is tested beside it.
import { describe } from 'vitest'
import { describeAbsence } from './testing/absence.ts'
import { describeAccounts } from './testing/accounts.ts'
import { describeKeys } from './testing/keys.ts'
import { describeOpeningRaces } from './testing/opening-races.ts'
import { describeRevocations } from './testing/revocations.ts'
import { describeRotation } from './testing/rotation.ts'
import { describeServices } from './testing/services.ts'
import { describeSessions } from './testing/sessions.ts'
import type { OpenWorld } from './testing/world.ts'

/** The suite that every store passes (SO-14). Each of its tests opens a world of its own. */
export function describeStore(name: string, openWorld: OpenWorld): void {
  describe(`${name}: accounts`, () => describeAccounts(openWorld))
  describe(`${name}: sessions`, () => describeSessions(openWorld))
  describe(`${name}: refreshing`, () => describeRotation(openWorld))
  describe(`${name}: opening a session while the account changes`, () => describeOpeningRaces(openWorld))
  describe(`${name}: keys`, () => describeKeys(openWorld))
  describe(`${name}: revocations`, () => describeRevocations(openWorld))
  describe(`${name}: registered services`, () => describeServices(openWorld))
  describe(`${name}: taken away`, () => describeAbsence(openWorld))
}
