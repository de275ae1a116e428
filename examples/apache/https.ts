// mod_auth_openidc fetches keys over https alone, and the service of this example speaks http on this machine. So the
// example puts https in front of the one path that Apache asks for. A service in production has https already.

import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'

const PATH = '/.well-known/jwks.json'

export interface KeysOverHttps {
  port: number
  close(): void
}

/** Makes a certificate for `localhost` that is good for this run, as `certificate.pem` in the folder, and listens. */
export async function serveKeysOverHttps(serviceUrl: string, folder: string): Promise<KeysOverHttps> {
  const certificate = join(folder, 'certificate.pem')
  const key = join(folder, 'certificate.key')
  execFileSync('openssl', [
    ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-noenc', '-days', '30'],
    ...['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost'],
    ...['-keyout', key, '-out', certificate],
  ])
  const server = createServer(
    { cert: readFileSync(certificate), key: readFileSync(key) },
    async (request, answer) => {
      try {
        if (request.url !== PATH) return void answer.writeHead(404).end()
        const keys = await fetch(`${serviceUrl}${PATH}`)
        answer.writeHead(keys.status, { 'content-type': 'application/jwk-set+json' })
        answer.end(await keys.text())
      } catch {
        answer.writeHead(502).end()
      }
    },
  ).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    close() {
      server.close()
      server.closeAllConnections()
    },
  }
}
