// Starts what would be three machines: the Latchkey service, an API, and a gateway that lets only signed-in users
// through to it. It knows no gateway.

import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { unusedPort } from '../shared/port.ts'
import { type Closing, run } from '../shared/run.ts'
import type { Service } from '../shared/service.ts'
import { createApi } from './api.ts'
import type { Gateway } from './gateway.ts'
import { findProgram, giveToGateway, privateFolder, startProgram } from './program.ts'
import { startService } from './service.ts'

/** What is another on each machine. */
const PLACES = /(?:localhost|127\.0\.0\.1):\d+|\/run\/latchkey-gateway/g

/** Runs a gateway on PORT, 4000 unless it says otherwise, until Ctrl-C. */
export async function runGateway(gateway: Gateway): Promise<void> {
  await run((closing, stopAsked) => start(gateway, closing, stopAsked))
}

/** Resolves when it was asked to stop, and rejects when a part could not start, or ended by itself. */
async function start(gateway: Gateway, closing: Closing, stopAsked: Promise<unknown>): Promise<void> {
  const { name, program, packages } = gateway
  const path = findProgram(program)
  if (path === undefined) {
    const command = `sudo apt-get install --no-install-recommends ${packages}`
    throw new Error(`${program} is not installed. On Debian: ${command}`)
  }
  const port = await unusedPort(Number(process.env.PORT ?? 4000))
  const url = `http://localhost:${port}`

  const data = mkdtempSync(join(tmpdir(), 'latchkey-service-'))
  closing.push(() => rmSync(data, { recursive: true }))
  // Where clients find the API is also whom its tokens are for.
  const service = await startService(data, url)
  closing.push(service.stop)

  const api = createApi().listen(0, '127.0.0.1')
  await once(api, 'listening')
  closing.push(() => {
    api.close()
    api.closeAllConnections()
  })

  const folder = privateFolder(name)
  closing.push(() => rmSync(folder, { recursive: true }))
  const world = { folder, serviceUrl: service.url }
  const companion = await gateway.prepare?.(world)
  if (companion !== undefined) closing.push(companion.close)
  const configuration = join(folder, basename(gateway.configuration))
  const servicePort = new URL(service.url).port
  const apiPort = (api.address() as AddressInfo).port
  writeConfiguration(gateway.configuration, configuration, {
    'localhost:3000': `localhost:${servicePort}`,
    '127.0.0.1:3000': `127.0.0.1:${servicePort}`,
    'localhost:4000': `localhost:${port}`,
    '127.0.0.1:4000': `127.0.0.1:${port}`,
    '127.0.0.1:4100': `127.0.0.1:${apiPort}`,
    '/run/latchkey-gateway': folder,
    ...companion?.replacements,
  })
  const running = await startProgram(path, gateway.arguments({ ...world, configuration }), port)
  closing.push(running.stop)
  companion?.follow?.(running.process)

  process.stdout.write(instructions(name, url, service, apiPort))
  let isStopping = false
  closing.push(() => {
    isStopping = true
  })
  void service.ended.then((how) => {
    if (!isStopping) process.stdout.write(`The service has ended: ${how}. ${name} goes on.\n`)
  })
  await Promise.race([
    stopAsked,
    running.ended.then((how) => Promise.reject(new Error(`${name} ended by itself: ${how}`))),
  ])
}

/** Replaces in one go, so that nothing that was put in is replaced again. */
function writeConfiguration(from: string, to: string, replacements: Record<string, string>): void {
  const text = readFileSync(from, 'utf8').replaceAll(PLACES, (place) => replacements[place] ?? place)
  writeFileSync(to, text)
  giveToGateway(to)
}

function instructions(name: string, url: string, service: Service, apiPort: number): string {
  const account = JSON.stringify({
    email: 'ada@example.com',
    password: 'a quiet harbour at dusk',
    client: 'native',
  })
  return `
Open ${url} and ${name} answers 401. Behind it: the service on ${service.url} (process ${service.pid}), an API on port ${apiPort}.
Sign up, and come with a token:

  token=$(curl -s ${service.url}/auth/register -H 'content-type: application/json' -d '${account}' | sed 's/.*"accessToken":"\\([^"]*\\)".*/\\1/')
  curl -i ${url}/orders -H "Authorization: Bearer $token"

\`kill ${service.pid}\` shows what ${name} does without the service. Ctrl-C stops all of it.
`
}
