import { AuthClientError, createAuthClient, type TokenStorage } from '@latchkey/client'

const kept = new Map<string, string>()
const storage: TokenStorage = {
  getItem: (key) => kept.get(key) ?? null,
  setItem: (key, value) => void kept.set(key, value),
  removeItem: (key) => void kept.delete(key),
}
const client = createAuthClient({ baseUrl: 'https://auth.example.com', client: 'native', storage })

export async function nameOfUser(): Promise<string | undefined> {
  try {
    const { email } = await client.login({ email: 'ada@example.com', password: 'a long enough phrase' })
    return email
  } catch (error) {
    if (error instanceof AuthClientError && error.code === 'INVALID_CREDENTIALS') return undefined
    throw error
  }
}
