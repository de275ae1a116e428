import { accountEndpoints } from './account-endpoints.ts'
import { checkEndpoint } from './check-endpoint.ts'
import { developmentEndpoints } from './development-endpoints.ts'
import { keyEndpoints } from './key-endpoints.ts'
import { oauthEndpoints } from './oauth-endpoints.ts'
import { operationEndpoints } from './operation-endpoints.ts'
import { sessionEndpoints } from './session-endpoints.ts'

const ENDPOINTS = [
  ...accountEndpoints,
  ...sessionEndpoints,
  checkEndpoint,
  ...oauthEndpoints,
  ...keyEndpoints,
  ...operationEndpoints,
  ...developmentEndpoints,
]
const OUR_WORDS = new Set([
  ...ENDPOINTS.flatMap(({ path }) => path.split('/')),
  ...['openapi.json', 'docs', 'decoder', 'assets', 'favicon.ico'],
])
const MAX_PARTS = 8

/**
 * A path as a log may hold it: without the query, and with only those of its parts that are ours. Whatever else stands
 * in a URL, somebody else wrote: now and then a token, a password or an address.
 */
export function loggedPath(url: string): string {
  const parts = new URL(url).pathname.split('/', MAX_PARTS)
  return parts.map((part) => (OUR_WORDS.has(part) ? part : '…')).join('/')
}
