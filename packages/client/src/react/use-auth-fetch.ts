import type { AuthClient } from '../index.ts'
import { useAuthSource } from './auth-source.ts'

/**
 * The client's `fetch`: the same function as long as the client is the same, so an effect may depend on it. The
 * component does not render again when the session changes.
 *
 * @throws Error outside of an `AuthProvider`.
 */
export function useAuthFetch(): AuthClient['fetch'] {
  return useAuthSource('useAuthFetch').client.fetch
}
