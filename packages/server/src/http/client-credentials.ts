import type { Limits } from '../abuse/limits.ts'
import { AuthError } from '../errors.ts'
import type { ServiceRegistry } from '../services/registry.ts'
import type { Service } from '../services/service.ts'

/** How a client says who it is: by HTTP Basic, in the form that it posts, or not at all. RFC 6749 §2.3.1 */
export type ClientCredentials =
  | { via: 'nothing' }
  /** Credentials that cannot be read name the client `''`, which is nobody. */
  | { via: 'basic'; id: string; secret: string }
  | { via: 'form'; id: string; secret: string }

/** The members of a form that say who posts it. */
export interface ClientFields {
  client_id?: string | undefined
  client_secret?: string | undefined
}

/** Recognises registered services by what their requests say. */
export interface ServiceAuthenticator {
  /**
   * The service that sends a request; null where it is none that is registered. Rejects with INVALID_REQUEST where
   * credentials come both ways, with RATE_LIMITED where wrong ones came too often from the address, and with STORE_UNAVAILABLE.
   */
  authenticate(headers: Headers, ip: string | null, fields?: ClientFields): Promise<Service | null>
}

/** The challenge that goes with a 401 for a client. RFC 7617 §2 */
export const BASIC_CHALLENGE = 'Basic realm="latchkey"'

const BASIC = /^basic(?: +(.*))?$/i
const BASE64 = /^[A-Za-z0-9+/]+={0,2}$/
const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
const NOBODY: ClientCredentials = { via: 'basic', id: '', secret: '' }

/** Right credentials always pass, so that nobody can shut a service out: 256 random bits cannot be guessed. */
export function serviceAuthenticator(
  registry: Pick<ServiceRegistry, 'authenticate'>,
  limits: Pick<Limits, 'wrongService'>,
): ServiceAuthenticator {
  return {
    async authenticate(headers, ip, fields = {}) {
      const given = clientCredentials(headers, fields)
      if (given.via === 'nothing') return null
      const service = await registry.authenticate(given.id, given.secret)
      if (service === null) limits.wrongService(ip)
      return service
    },
  }
}

/**
 * What a request says of its client. A `client_id` in the form beside the same one in HTTP Basic is said twice and no
 * second way to prove it; a second secret, or another id, is INVALID_REQUEST: nobody could tell which one counts.
 */
export function clientCredentials(headers: Headers, fields: ClientFields): ClientCredentials {
  const basic = basicCredentials(headers)
  const { client_id: id, client_secret: secret } = fields
  if (basic.via === 'basic') {
    if (secret !== undefined || (id !== undefined && id !== basic.id)) {
      throw new AuthError('INVALID_REQUEST', 'client credentials came both as HTTP Basic and in the body')
    }
    return basic
  }
  if (id === undefined && secret === undefined) return basic
  return { via: 'form', id: id ?? '', secret: secret ?? '' }
}

/** RFC 7617 §2, with the id and the secret in form encoding as RFC 6749 §2.3.1 and its appendix B have it. */
function basicCredentials(headers: Headers): ClientCredentials {
  const authorization = headers.get('authorization')
  // An access token may come along with a refresh: it says nothing of the client.
  if (authorization === null || /^bearer(?: |$)/i.test(authorization)) return { via: 'nothing' }
  const text = decodeBase64(BASIC.exec(authorization)?.[1] ?? '')
  const colon = text?.indexOf(':') ?? -1
  if (text === null || colon === -1) return NOBODY
  const id = decodeForm(text.slice(0, colon))
  const secret = decodeForm(text.slice(colon + 1))
  return id === null || secret === null ? NOBODY : { via: 'basic', id, secret }
}

/** Strictly: one text has one spelling. */
function decodeBase64(encoded: string): string | null {
  if (!BASE64.test(encoded)) return null
  const bytes = Buffer.from(encoded, 'base64')
  if (bytes.toString('base64') !== encoded) return null
  try {
    return UTF8.decode(bytes)
  } catch {
    return null
  }
}

function decodeForm(encoded: string): string | null {
  try {
    return decodeURIComponent(encoded.replaceAll('+', ' '))
  } catch {
    return null
  }
}
