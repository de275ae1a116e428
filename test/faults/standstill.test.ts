import { expect, test } from 'vitest'
import { expectAlive, expectRefused, newKey, refresh } from '../refresh/client.ts'
import { over, signUpAt } from '../refresh/over-http.ts'
import { Crowd, type Site, startSite, urlOf, Witness } from './site.ts'

/** What a statement or a command of the store may take. */
const SETTINGS = { LATCHKEY_DATABASE_TIMEOUT: '1' }
/** That, what is waited for before it, and what a busy machine adds. */
const LONGEST_WAIT_MS = 8_000
const PROMPT_MS = 1_000

const stores = [
  ['PostgreSQL', false, (site: Site) => site.postgres],
  ['Redis', true, (site: Site) => site.redis!],
] as const

test.for(stores)(
  '%s that stands still is answered with 503 after a bounded wait, and nobody is signed out when it goes on (SO-01)',
  async ([, redis, serverOf], context) => {
    const site = await startSite(context, { nodes: 2, redis, settings: SETTINGS })
    const server = serverOf(site)
    const node = over(urlOf(site, 0))
    const person = await signUpAt(urlOf(site, 0), 'native')
    const witness = await Witness.signUp(site)
    const key = newKey()

    server.signal('SIGSTOP')
    try {
      const start = performance.now()
      const waiting = refresh(node, 'native', person.refreshToken, { key })
      const health = performance.now()
      expect((await node.send('GET', '/healthz')).status).toBe(200)
      expect(performance.now() - health).toBeLessThan(PROMPT_MS)
      expectRefused(await waiting, 503, 'STORE_UNAVAILABLE')
      expect(performance.now() - start).toBeLessThan(LONGEST_WAIT_MS)
      await witness.expectAway()
    } finally {
      server.signal('SIGCONT')
    }
    await witness.expectBack()
    const again = await refresh(node, 'native', person.refreshToken, { key })
    expect(again.status).toBe(200)
    await expectAlive(over(urlOf(site, 1)), 'native', again.refreshToken)
  },
)

test.for(stores)(
  '%s that stands still under refreshes and goes on costs nobody a session',
  {
    timeout: 120_000,
  },
  async ([, redis, serverOf], context) => {
    const site = await startSite(context, { nodes: 2, redis, settings: SETTINGS })
    const server = serverOf(site)
    const crowd = await Crowd.gather(site, 16)
    const witness = await Witness.signUp(site)
    for (let i = 0; i < 2; i++) {
      await crowd.prepareToLeave(4)
      crowd.start()
      const leaving = await crowd.leave()
      server.signal('SIGSTOP')
      try {
        await witness.expectAway()
        await leaving.others
      } finally {
        server.signal('SIGCONT')
      }
      await witness.expectBack()
      await crowd.stop()
      await crowd.expectAllIsWell()
    }
  },
)
