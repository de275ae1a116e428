// node bench/revocation/verifiers.ts, started with an IPC channel: many services in one process, each with a verifier and a
// connection to the feed of its own. It says when the last of them refuses what was revoked.
import { createVerifier, type Verifier, VerifyError } from '@latchkey/verifier'
import { machineNow } from '../lab/clock.ts'

/** What it is told, one at a time; each is answered by one {@link Report}. */
export type Order =
  | { kind: 'open'; count: number; issuer: string; clientId: string; clientSecret: string }
  /** Verify each of the tokens with each of the verifiers, and once more, from memory. */
  | { kind: 'remember'; tokens: string[] }
  /** Look out for these being refused, by every verifier. The second report says when. */
  | { kind: 'watch'; tokens: string[] }

export type Report =
  | { kind: 'done' }
  /** In `machineNow()`. */
  | { kind: 'refused'; at: number }
  | { kind: 'failed'; why: string }

interface Member {
  verifier: Verifier
  /** Those of the tokens that are watched which it still accepts. */
  accepts: Set<string>
}

const members: Member[] = []
let accepting = 0

process.on('message', (order: Order) => {
  obey(order).then(
    () => report({ kind: 'done' }),
    (error: unknown) => report({ kind: 'failed', why: String(error) }),
  )
})
process.on('disconnect', () => process.exit())

async function obey(order: Order): Promise<void> {
  switch (order.kind) {
    case 'open':
      for (let number = 0; number < order.count; number++) members.push(join(order))
      await Promise.all(members.map(({ verifier }) => verifier.ready()))
      if (members.some(({ verifier }) => verifier.stats().feed.state !== 'current'))
        throw new Error('a feed did not begin')
      return
    case 'remember':
      for (const { verifier } of members) await remember(verifier, order.tokens)
      return
    case 'watch':
      for (const member of members) member.accepts = new Set(order.tokens)
      accepting = members.length
  }
}

function join({ issuer, clientId, clientSecret }: Extract<Order, { kind: 'open' }>): Member {
  const verifier = createVerifier({
    issuer,
    audience: issuer,
    fetch: async (url, init) => tapped(await fetch(url, init), () => void look(member)),
    // Strict: whoever lost the feed would refuse with another code, and so end the run.
    revocations: { clientId, clientSecret, onStale: 'deny', startTimeoutSeconds: 30 },
  })
  const member: Member = { verifier, accepts: new Set() }
  return member
}

async function remember(verifier: Verifier, tokens: readonly string[]): Promise<void> {
  for (const token of tokens) await verifier.verify(token)
  const { hits } = verifier.stats().cache
  for (const token of tokens) await verifier.verify(token)
  if (verifier.stats().cache.hits !== hits + tokens.length) throw new Error('a token was not remembered')
}

/**
 * Calls back whenever the reader of an answer asks for more: it has then taken in all that came before. So nobody has to ask in a
 * loop, which would keep the cores from those who are measured.
 */
function tapped(response: Response, onTaken: () => void): Response {
  const { body } = response
  if (body === null) return response
  const reader = body.getReader()
  const read = reader.read.bind(reader)
  reader.read = () => {
    onTaken()
    return read()
  }
  return Object.defineProperty(response, 'body', { value: { getReader: () => reader } })
}

async function look({ verifier, accepts }: Member): Promise<void> {
  for (const token of [...accepts]) {
    try {
      await verifier.verify(token)
    } catch (error) {
      const at = machineNow()
      if (!(error instanceof VerifyError && error.code === 'TOKEN_REVOKED'))
        return report({ kind: 'failed', why: `a verifier refused with ${String(error)}` })
      const isNew = accepts.delete(token)
      if (isNew && accepts.size === 0 && --accepting === 0) report({ kind: 'refused', at })
    }
  }
}

function report(message: Report): void {
  process.send?.(message)
}
