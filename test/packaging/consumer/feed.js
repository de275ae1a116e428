// node feed.js ORIGIN CLIENT_ID CLIENT_SECRET: signs up, signs out, and prints the code with which the verifier, which hears the feed, then
// refuses the access token. The open connection keeps the process alive until it is closed, and no longer.
import { createAuthClient, memoryStorage } from '@latchkey/client/native'
import { createVerifier } from '@latchkey/verifier'

const [origin, clientId, clientSecret] = process.argv.slice(2)
const verifier = createVerifier({
  issuer: origin,
  audience: origin,
  revocations: { clientId, clientSecret, onStale: 'deny' },
})
await verifier.ready()

const client = createAuthClient({ baseUrl: origin, storage: memoryStorage() })
await client.register({ email: `${crypto.randomUUID()}@example.com`, password: 'a long enough phrase' })
const token = await client.getAccessToken()
await verifier.verify(token)
await client.logout()

let code
while (code === undefined) {
  await new Promise((resolve) => setTimeout(resolve, 10))
  code = await verifier.verify(token).then(
    () => undefined,
    (error) => error.code,
  )
}
verifier.close()
process.stdout.write(code)

const end = performance.now()
process.on('exit', () => {
  const seconds = (performance.now() - end) / 1000
  if (seconds > 2) throw new Error(`something kept the process alive for ${seconds} s after its end`)
})
