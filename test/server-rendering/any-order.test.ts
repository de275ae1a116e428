import { createServerAuth, type ServerAuth } from '@latchkey/client/server'
import { expect, test } from 'vitest'
import { startAuth } from '../support/auth.ts'
import { randomFrom } from '../support/random.ts'
import { createBrowser, type OnItsWay, PUBLIC_URL, pageRefresh } from './browser.ts'
import type { Node } from './world.ts'

const HISTORIES = 150
const STEPS = 120
/** Seconds from a request's leaving the browser to its answer: less than the time for which an attempt is repeated. */
const SLOWEST = 50
const FOREVER = 100_000_000

/** A request that has left the browser with the cookies of that moment. */
interface Sent {
  since: number
  /** Lets it reach its node. */
  deliver(): void
  /** Only once it was delivered. */
  answer: Promise<OnItsWay>
  isDelivered: boolean
}

test('documents and refreshes over three nodes, lost or late on either way, in any order, sign nobody out', async () => {
  const { auth, clock, events } = await startAuth({
    url: PUBLIC_URL,
    idleTtlSeconds: FOREVER,
    sessionTtlSeconds: FOREVER,
  })
  const nodes = Array.from({ length: 3 }, () =>
    nodeOf(createServerAuth({ serviceUrl: PUBLIC_URL, fetch: (request) => auth.fetch(request) })),
  )

  for (let seed = 1; seed <= HISTORIES; seed++) {
    const random = randomFrom(seed)
    const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)] as T
    const browser = createBrowser()
    await browser.signUp(pick(nodes))
    let pending: Sent[] = []
    let now = 0

    const send = () => {
      const delivered = Promise.withResolvers<void>()
      const node = held(pick(nodes), delivered.promise)
      const isDocument = random() < 0.5
      const answer = isDocument ? browser.send(node, '/') : browser.send(node, '/auth/refresh', pageRefresh())
      pending.push({ since: now, deliver: delivered.resolve, answer, isDelivered: false })
    }
    const deliver = async () => {
      const arriving = pending.filter(({ isDelivered }) => !isDelivered && random() < 0.7)
      for (const sent of arriving) {
        sent.deliver()
        sent.isDelivered = true
      }
      await Promise.all(arriving.map(({ answer }) => answer))
    }
    const receive = async () => {
      const [first] = pending.filter(({ isDelivered }) => isDelivered).sort(() => random() - 0.5)
      if (first === undefined) return
      pending = pending.filter((sent) => sent !== first)
      const answer = await first.answer
      expect([seed, now, answer.status, answer.body]).toEqual([seed, now, 200, expect.anything()])
      answer.receive()
    }
    const wait = (seconds: number) => {
      now += seconds
      clock.now += seconds * 1000
      browser.skip(seconds)
      // What takes longer is lost.
      pending = pending.filter(({ since }) => now - since < SLOWEST)
    }

    for (let step = 0; step < STEPS; step++) {
      const dice = random()
      if (dice < 0.35) send()
      else if (dice < 0.6) await deliver()
      else if (dice < 0.85) await receive()
      else wait(pick([1, 5, 20, 40, 70, 1000]))
    }
    const alarms = events.filter(({ type }) => type === 'session.ended' || type === 'refresh.reused')
    expect([seed, alarms]).toEqual([seed, []])
  }
})

function held(node: Node, until: Promise<void>): Node {
  return {
    ...node,
    fetch: async (request) => {
      await until
      return await node.fetch(request)
    },
  }
}

function nodeOf(auth: ServerAuth): Node {
  return {
    url: PUBLIC_URL,
    auth,
    async fetch(request) {
      if (new URL(request.url).pathname !== '/') return await auth.handle(request)
      const visit = auth.open(request)
      const token = await visit.getAccessToken()
      return new Response(String(token !== null), { headers: visit.headers() })
    },
  }
}
