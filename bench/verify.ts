import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { median } from './load/latencies.ts'
import type { Finding, Scenario } from './scenario.ts'
import type { Contest, Duel } from './verify/contest.ts'

const CONTEST = join(import.meta.dirname, 'verify/contest.ts')
const REVOKED = 500
const PROMISED_UNCACHED = 1.3

/** What an API pays for each request: beside fast-jwt's cache, and beside jose without one. */
export const verify: Scenario = {
  summary: 'CPU time of a verification beside fast-jwt (cached) and jose (uncached), on one core',
  async run({ quick, progress }) {
    const feed = await startFeed()
    try {
      const { port } = feed.address() as AddressInfo
      const { stdout } = await promisify(execFile)('taskset', [
        ...['-c', '0', process.execPath, CONTEST],
        ...[`http://127.0.0.1:${port}/`, quick ? '5' : '25'],
      ])
      const { cached, uncached } = JSON.parse(stdout) as Contest
      progress(
        `1,000 ES256 tokens in turns, issuer and audience checked, ours with ${REVOKED} sessions revoked`,
      )
      return [
        ...compare('a cached', "fast-jwt's cache", cached, 1),
        ...compare('an uncached', "jose's jwtVerify", uncached, PROMISED_UNCACHED),
      ]
    } finally {
      feed.closeAllConnections()
      feed.close()
    }
  },
}

function compare(what: string, whom: string, { ours, theirs }: Duel, promised: number): Finding[] {
  // Each turn is compared with its neighbour, and only then is the middle taken.
  const ratios = ours.map((micros, round) => micros / theirs[round]!)
  const ratio = median(ratios)
  return [
    {
      what: `${what} verification, of ${whom}`,
      measured: `${ratio.toFixed(2)} (${ratios.length} rounds, ${Math.min(...ratios).toFixed(2)} to ${Math.max(...ratios).toFixed(2)})`,
      promised: `at most ${promised}`,
      holds: ratio <= promised,
    },
    { what: `CPU time of ${what} one`, measured: micros(ours) },
    { what: `CPU time of ${whom}`, measured: micros(theirs) },
  ]
}

function micros(times: readonly number[]): string {
  return `${median(times).toFixed(2)} µs`
}

/** A feed that lives and says nothing new, in this process: the core that is measured has no part in it. */
async function startFeed(): Promise<Server> {
  const instant = (offsetSeconds: number) => new Date(Date.now() + offsetSeconds * 1000).toISOString()
  const revoked = Array.from({ length: REVOKED }, (_, index) => ({
    sid: `session-${index}`,
    revokedAt: instant(0),
    expiresAt: instant(3600),
  }))
  const feed = createServer((_, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    response.write(`event: snapshot\nid: 1-1\ndata: ${JSON.stringify({ revoked })}\n\n`)
    response.write('event: current\ndata: {"heartbeatSeconds":5}\n\n')
    const beat = setInterval(() => response.write(': beat\n\n'), 5000)
    response.once('close', () => clearInterval(beat))
  })
  feed.listen(0, '127.0.0.1')
  await once(feed, 'listening')
  return feed
}
