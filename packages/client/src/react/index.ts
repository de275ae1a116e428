'use client'
// The client in React: who is signed in, for every component, on the server too. The line above lets Next.js load it.
// It owns no session: the client that AuthProvider is given does.

export type { AuthProviderProps } from './auth-provider.ts'
export { AuthProvider } from './auth-provider.ts'
export type { Auth } from './use-auth.ts'
export { useAuth } from './use-auth.ts'
export { useAuthFetch } from './use-auth-fetch.ts'
