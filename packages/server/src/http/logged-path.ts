import { developmentEndpoints } from './development-endpoints.ts'
import { DOCUMENTED_ENDPOINTS } from './endpoints.ts'

const OUR_WORDS = new Set([
  ...[...DOCUMENTED_ENDPOINTS, ...developmentEndpoints].flatMap(({ path }) => path.split('/')),
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
