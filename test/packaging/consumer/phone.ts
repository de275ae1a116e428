import { type AuthClient, createAuthClient, type TokenStorage } from '@latchkey/client/native'

const kept = new Map<string, string>()
const storage: TokenStorage = {
  getItem: async (key) => kept.get(key) ?? null,
  setItem: async (key, value) => void kept.set(key, value),
  removeItem: async (key) => void kept.delete(key),
}

export const client: AuthClient = createAuthClient({ baseUrl: 'https://auth.example.com', storage })
