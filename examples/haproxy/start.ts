// `npm start --prefix examples/haproxy`: HAProxy in front of an API, verifying access tokens by itself.

import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { runGateway } from '../gateways/run.ts'
import { writeKeys } from './keys.ts'

/**
 * The next key is published ten minutes before it signs, so every few minutes would do. But as long as this, a key that
 * leaked and was replaced at once would be good.
 */
const KEYS_EVERY_MS = 5000

await runGateway({
  name: 'haproxy',
  program: 'haproxy',
  packages: 'haproxy',
  configuration: join(import.meta.dirname, 'haproxy.cfg'),
  async prepare({ folder, serviceUrl }) {
    const update = () => writeKeys(`${serviceUrl}/.well-known/jwks.json`, keysOf(folder))
    mkdirSync(keysOf(folder))
    await update()
    let timer: NodeJS.Timeout
    return {
      follow(haproxy) {
        timer = setInterval(async () => {
          try {
            if (!(await update())) return
            process.stdout.write('The key set has changed: HAProxy loads it.\n')
            // To a master this says: load all files anew, and start a new worker.
            haproxy.kill('SIGUSR2')
          } catch (error) {
            // The keys that it has stay good: a service that is away signs nobody out.
            process.stderr.write(`The keys could not be looked at: ${(error as Error).message}\n`)
          }
        }, KEYS_EVERY_MS)
      },
      close: () => clearInterval(timer),
    }
  },
  arguments: ({ configuration, folder }) => [
    // A master process, which reloads by starting a new worker: no connection is refused meanwhile.
    ...['-W', '-db'],
    ...['-f', configuration],
    ...['-f', join(keysOf(folder), 'keys.cfg')],
  ],
})

function keysOf(folder: string): string {
  return join(folder, 'keys')
}
