import { expect, test } from 'vitest'
import { aRandomWhile, killCount } from './kills.ts'
import { Crowd, type Site, startSite, Witness } from './site.ts'

// So many kills as it shall survive, alone:
//   LATCHKEY_KILLS=20 npm test -- test/faults/kill-stores.test.ts

const DEVICES = 32
const KILLS = killCount(2)
const TIMEOUT_MS = 60_000 + KILLS * 40_000

const stores = [
  ['PostgreSQL', false, (site: Site) => site.postgres],
  ['PostgreSQL beside Redis', true, (site: Site) => site.postgres],
  ['Redis', true, (site: Site) => site.redis!],
] as const

test.for(stores)(
  `kill -9 of %s at random instants under ${DEVICES} devices on three nodes: no acknowledged rotation is lost, no session is forked, nobody signs in again, and who has left stays out (SO-01, SO-05)`,
  {
    timeout: TIMEOUT_MS,
  },
  async ([name, redis, serverOf], context) => {
    const site = await startSite(context, { nodes: 3, redis })
    const server = serverOf(site)
    const crowd = await Crowd.gather(site, DEVICES)
    const witness = await Witness.signUp(site)
    for (let kills = 0; kills < KILLS; kills++) {
      await crowd.prepareToLeave(6)
      crowd.start()
      const leaving = await crowd.leave()
      await aRandomWhile()
      await server.kill()
      await witness.expectAway()
      await leaving.others
      await server.start()
      await witness.expectBack()
      await crowd.stop()
      await crowd.expectAllIsWell()
    }
    for (const node of site.nodes) expect(await node.stop()).toBe(0)
    expect(crowd.signedOut).toBeGreaterThanOrEqual(KILLS)
    process.stdout.write(
      `${name}: ${KILLS} kills, ${crowd.acknowledged} acknowledged refreshes, all kept; ${crowd.signedOut} signed out, none is back\n`,
    )
  },
)
