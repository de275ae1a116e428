// One of the commands that share a session: it wants a token every second, and says how the service took it.
import { setTimeout as delay } from 'node:timers/promises'
import { fileStorage } from '@latchkey/client/file'
import { createAuthClient } from '@latchkey/client/native'

const [url = '', path = ''] = process.argv.slice(2)
const auth = createAuthClient({ baseUrl: url, storage: fileStorage({ path }) })

for (;;) {
  const next = delay(1000)
  process.stdout.write(
    `${await useToken().catch((error: { code?: string }) => error.code ?? String(error))}\n`,
  )
  await next
}

async function useToken(): Promise<string> {
  const token = await auth.getAccessToken()
  if (token === null) return `signed out: ${auth.state.ended?.code}`
  const response = await fetch(`${url}/auth/me`, { headers: { authorization: `Bearer ${token}` } })
  return response.ok ? 'accepted' : `refused: ${await response.text()}`
}
