// Starts what would be three deployments: the Latchkey service, an API, and the site that renders pages.
// `npm start --prefix examples/server-rendering`; PORT is the site's, 4000 unless it says otherwise. Ctrl-C stops all.

import { once } from 'node:events'
import { createServer } from 'node:http'
import { createApi } from './api.ts'
import { bundle } from './bundle.ts'
import { listen, listener } from './node-http.ts'
import { startService } from './service.ts'
import { createSite } from './site.ts'

const stopAsked = Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')])

// The site's address comes first: it is the service's public origin, and the one that browsers know.
const site = createServer()
const siteUrl = await listen(site, Number(process.env.PORT ?? 4000))
const service = await startService(siteUrl)
// After the service, which would inherit the NODE_ENV that a bundler sets.
const files = await bundle()
const api = createServer(
  listener(createApi({ issuer: siteUrl, jwksUrl: `${service.url}/.well-known/jwks.json` })),
)
const apiUrl = await listen(api, 0)
site.on('request', listener(createSite({ serviceUrl: service.url, apiUrl, files })))

process.stdout.write(
  `Open ${siteUrl} and sign up. Behind it: the service on ${service.url}, an API on ${apiUrl}.\n`,
)

const ended = await Promise.race([stopAsked.then(() => undefined), service.ended])
for (const server of [site, api]) {
  server.close()
  server.closeAllConnections()
}
if (ended === undefined) await service.stop()
else process.stderr.write(`The service ended by itself: ${ended}\n`)
process.exitCode = ended === undefined ? 0 : 1
