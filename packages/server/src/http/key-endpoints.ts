import { SECURITY_HEADERS } from './answers.ts'
import { type Call, type Endpoint, type EndpointDescription, endpoint } from './endpoint.ts'

const JWKS_MAX_AGE_SECONDS = 300

const metadata: Omit<EndpointDescription, 'path'> = {
  method: 'GET',
  summary: "The service's metadata (RFC 8414)",
  group: 'Keys',
  bearer: 'none',
  answers: { status: 200, mediaType: 'application/json' },
  errors: [],
}

export const keyEndpoints: readonly Endpoint[] = [
  endpoint(
    {
      method: 'GET',
      path: '/.well-known/jwks.json',
      summary: 'The public keys that access tokens verify with (RFC 7517)',
      group: 'Keys',
      bearer: 'none',
      answers: { status: 200, mediaType: 'application/jwk-set+json' },
      errors: [],
    },
    async (call) => publicJson(call.services.signingKeys.published(), 'application/jwk-set+json', call),
  ),
  endpoint({ ...metadata, path: '/.well-known/oauth-authorization-server' }, async (call) =>
    publicJson(describe(call), 'application/json', call),
  ),
  endpoint({ ...metadata, path: '/.well-known/openid-configuration' }, async (call) =>
    publicJson(describe(call), 'application/json', call),
  ),
]

/** RFC 8414 §2. Always of the configured origin: no header of the request has a say. */
function describe({ services: { settings, signingKeys } }: Call) {
  return {
    issuer: settings.url,
    jwks_uri: `${settings.url}/.well-known/jwks.json`,
    service_documentation: `${settings.url}/docs`,
    token_endpoint: `${settings.url}/oauth/token`,
    token_endpoint_auth_methods_supported: ['none'],
    revocation_endpoint: `${settings.url}/oauth/revoke`,
    revocation_endpoint_auth_methods_supported: ['none'],
    introspection_endpoint: `${settings.url}/oauth/introspect`,
    introspection_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post'],
    response_types_supported: [],
    grant_types_supported: ['refresh_token'],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: [...new Set(signingKeys.published().keys.map(({ alg }) => alg))],
  }
}

/** For anybody, from anywhere, for as long as a key is published ahead of its use. */
function publicJson(body: unknown, mediaType: string, { answer }: Call): Response {
  return new Response(JSON.stringify(body), {
    headers: {
      ...SECURITY_HEADERS,
      'access-control-allow-origin': '*',
      'cross-origin-resource-policy': 'cross-origin',
      // A listed origin is named instead: `*` and credentials do not go together. Fetch Standard §3.3.5
      ...answer,
      'content-type': mediaType,
      'cache-control': `public, max-age=${JWKS_MAX_AGE_SECONDS}`,
    },
  })
}
