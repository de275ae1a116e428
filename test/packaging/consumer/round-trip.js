// node round-trip.js ORIGIN NAME: signs up, refreshes, calls an endpoint, and prints whose token the verifier sees.
import { createAuthClient, memoryStorage } from '@latchkey/client/native'
import { createVerifier } from '@latchkey/verifier'

const [origin, name] = process.argv.slice(2)
const client = createAuthClient({ baseUrl: origin, storage: memoryStorage() })
await client.register({ email: `${name}@example.com`, password: 'a long enough phrase' })

const first = await client.getAccessToken()
const second = await client.refresh()
const { sub } = await createVerifier({ issuer: origin, audience: origin }).verify(second)
const { user } = await (await client.fetch(`${origin}/auth/me`)).json()
if (first === second || user.id !== sub)
  throw new Error('the refreshed token is not the one that was expected')
await client.logout()
process.stdout.write(user.email)

const end = performance.now()
process.on('exit', () => {
  const seconds = (performance.now() - end) / 1000
  if (seconds > 2) throw new Error(`something kept the process alive for ${seconds} s after its end`)
})
