// `npm start --prefix examples/apache`: Apache httpd in front of an API, verifying access tokens by itself.

import { join } from 'node:path'
import { runGateway } from '../gateways/run.ts'
import { serveKeysOverHttps } from './https.ts'

await runGateway({
  name: 'apache',
  program: 'apache2',
  packages: 'apache2 libapache2-mod-auth-openidc',
  configuration: join(import.meta.dirname, 'httpd.conf'),
  async prepare({ serviceUrl, folder }) {
    const keys = await serveKeysOverHttps(serviceUrl, folder)
    return { replacements: { 'localhost:3443': `localhost:${keys.port}` }, close: keys.close }
  },
  arguments: ({ configuration }) => ['-f', configuration, '-DFOREGROUND'],
})
