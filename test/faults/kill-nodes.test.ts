import { expect, test } from 'vitest'
import { aRandomWhile, killCount } from './kills.ts'
import { Crowd, startSite } from './site.ts'

// So many kills as it shall survive, alone:
//   LATCHKEY_KILLS=20 npm test -- test/faults/kill-nodes.test.ts

const DEVICES = 32
const KILLS = killCount(3)
const TIMEOUT_MS = 60_000 + KILLS * 30_000

const stores = [
  ['PostgreSQL', false],
  ['Redis', true],
] as const

test.for(stores)(
  `kill -9 of one node of four on %s, at random instants under ${DEVICES} devices: the others go on, and nobody loses anything (SO-04)`,
  {
    timeout: TIMEOUT_MS,
  },
  async ([name, redis], context) => {
    const site = await startSite(context, { nodes: 4, redis })
    const crowd = await Crowd.gather(site, DEVICES)
    for (let kills = 0; kills < KILLS; kills++) {
      await crowd.prepareToLeave(4)
      crowd.start()
      const leaving = await crowd.leave()
      await aRandomWhile()
      await site.nodes[kills % site.nodes.length]!.kill()
      await leaving.others
      await site.restart(kills % site.nodes.length)
      await crowd.stop()
      await crowd.expectAllIsWell()
    }
    expect(crowd.signedOut).toBeGreaterThanOrEqual(KILLS)
    process.stdout.write(
      `${name}: ${KILLS} kills of a node, ${crowd.acknowledged} acknowledged refreshes, all kept; ${crowd.signedOut} signed out, none is back\n`,
    )
  },
)

test.for(stores)(
  `SIGTERM to one node after the other on %s, under ${DEVICES} devices: each finishes what it has begun, and nobody loses anything`,
  async ([, redis], context) => {
    const site = await startSite(context, { nodes: 3, redis })
    const crowd = await Crowd.gather(site, DEVICES)
    crowd.start()
    for (const [i, node] of [...site.nodes.entries()]) {
      await aRandomWhile()
      expect(await node.stop()).toBe(0)
      await site.restart(i)
    }
    await crowd.stop()
    await crowd.expectAllIsWell()
  },
)
