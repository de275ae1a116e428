// node command.js ORIGIN FILE [NAME]: signs up where a name is given, and prints who is signed in by the file.
import { fileStorage } from '@latchkey/client/file'
import { createAuthClient } from '@latchkey/client/native'

const [origin, path, name] = process.argv.slice(2)
const client = createAuthClient({ baseUrl: origin, storage: fileStorage({ path }) })
if (name !== undefined)
  await client.register({ email: `${name}@example.com`, password: 'a long enough phrase' })
await client.refresh()
process.stdout.write(client.user?.email ?? 'nobody')
