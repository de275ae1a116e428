import { AuthClientError, createAuthClient } from '@latchkey/client'

const client = createAuthClient({ baseUrl: 'https://auth.example.com' })

export async function nameOfUser(): Promise<string | undefined> {
  try {
    const { email } = await client.login({ email: 'ada@example.com', password: 'a long enough phrase' })
    return email
  } catch (error) {
    if (error instanceof AuthClientError && error.code === 'INVALID_CREDENTIALS') return undefined
    throw error
  }
}
