import { accountEndpoints } from './account-endpoints.ts'
import { checkEndpoint } from './check-endpoint.ts'
import type { Endpoint } from './endpoint.ts'
import { keyEndpoints } from './key-endpoints.ts'
import { oauthEndpoints } from './oauth-endpoints.ts'
import { operationEndpoints } from './operation-endpoints.ts'
import { revocationEndpoints } from './revocation-endpoints.ts'
import { sessionEndpoints } from './session-endpoints.ts'

/** Everything that the OpenAPI document describes. */
export const DOCUMENTED_ENDPOINTS: readonly Endpoint[] = [
  ...accountEndpoints,
  ...sessionEndpoints,
  checkEndpoint,
  ...oauthEndpoints,
  ...revocationEndpoints,
  ...keyEndpoints,
  ...operationEndpoints,
]
