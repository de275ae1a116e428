import { createVerifier, VerifyError } from '@latchkey/verifier'

const verifier = createVerifier({ issuer: 'https://auth.example.com', audience: 'https://api.example.com' })

export async function userOf(token: string): Promise<string | undefined> {
  try {
    const { sub } = await verifier.verify(token)
    return sub
  } catch (error) {
    if (error instanceof VerifyError && error.code === 'TOKEN_EXPIRED') return undefined
    throw error
  }
}
