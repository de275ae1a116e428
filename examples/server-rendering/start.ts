// Starts what would be three deployments: the Latchkey service, an API, and the site that renders pages.
// `npm start --prefix examples/server-rendering`; PORT is the site's, 4000 unless it says otherwise. Ctrl-C stops all.

import { createServer, type Server } from 'node:http'
import { unusedPort } from '../shared/port.ts'
import { type Closing, run } from '../shared/run.ts'
import { createApi } from './api.ts'
import { bundle } from './bundle.ts'
import { listen, listener } from './node-http.ts'
import { startService } from './service.ts'
import { createSite } from './site.ts'

await run(start)

/** Resolves when it was asked to stop, and rejects when a part could not start, or the service ended by itself. */
async function start(closing: Closing, stopAsked: Promise<void>): Promise<void> {
  // The site's address comes first: it is the service's public origin, and the one that browsers know.
  const site = createServer()
  const siteUrl = await listen(site, await unusedPort(Number(process.env.PORT ?? 4000)))
  closing.push(() => close(site))
  const service = await startService(siteUrl)
  closing.push(service.stop)
  // After the service, which would inherit the NODE_ENV that a bundler sets.
  const files = await bundle()
  const api = createServer(
    listener(createApi({ issuer: siteUrl, jwksUrl: `${service.url}/.well-known/jwks.json` })),
  )
  const apiUrl = await listen(api, 0)
  closing.push(() => close(api))
  site.on('request', listener(createSite({ serviceUrl: service.url, apiUrl, files })))

  process.stdout.write(
    `Open ${siteUrl} and sign up. Behind it: the service on ${service.url}, an API on ${apiUrl}.\n`,
  )
  await Promise.race([
    stopAsked,
    service.ended.then((how) => Promise.reject(new Error(`The service ended by itself: ${how}`))),
  ])
}

function close(server: Server): void {
  server.close()
  server.closeAllConnections()
}
