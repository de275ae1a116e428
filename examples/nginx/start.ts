// `npm start --prefix examples/nginx`: nginx in front of an API, asking the service about each access token.

import { join } from 'node:path'
import { runGateway } from '../gateways/run.ts'

await runGateway({
  name: 'nginx',
  program: 'nginx',
  packages: 'nginx-light',
  configuration: join(import.meta.dirname, 'nginx.conf'),
  arguments: ({ configuration, folder }) => [
    ...['-p', folder],
    ...['-c', configuration],
    // Until the configuration has been read, it would complain into a file of the system's nginx.
    ...['-e', 'stderr'],
    ...['-g', 'daemon off;'],
  ],
})
