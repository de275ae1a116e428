// What the gateway and the two APIs have in common: a verifier of their own, a port, and an end.

import { once } from 'node:events'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createVerifier, type Verifier } from '@latchkey/verifier'
import { stopSignal } from '../shared/stop.ts'

/** A setting of the environment, which start.ts and compose.yaml give to each part. */
export function setting(name: string): string {
  const value = process.env[name]
  if (!value) throw new Error(`${name} must be set`)
  return value
}

/** Verifies without asking anyone, and hears at once which sessions have ended. */
export function openVerifier(): Verifier {
  const issuer = setting('ISSUER')
  const serviceUrl = setting('SERVICE_URL')
  return createVerifier({
    issuer,
    audience: issuer,
    // The issuer's address is for browsers. The parts reach the service behind the gateway.
    jwksUrl: `${serviceUrl}/.well-known/jwks.json`,
    revocations: {
      clientId: setting('CLIENT_ID'),
      clientSecret: setting('CLIENT_SECRET'),
      url: `${serviceUrl}/auth/revocations`,
    },
  })
}

/** Serves until it is asked to stop, once it has the keys and hears the feed. */
export async function run(server: Server, verifier: Verifier): Promise<void> {
  const stopAsked = stopSignal()
  await Promise.race([stopAsked, open(server, verifier).then(() => stopAsked)])
  verifier.close()
  server.close()
  server.closeAllConnections()
  // Asked to stop early, it would go on opening.
  process.exit()
}

async function open(server: Server, verifier: Verifier): Promise<void> {
  await verifier.ready()
  server.listen(Number(process.env.PORT ?? 0), process.env.HOST ?? '127.0.0.1')
  await once(server, 'listening')
  process.stdout.write(`http://localhost:${(server.address() as AddressInfo).port}\n`)
}
