// The client behind axios. It owns no rule: what is signed, renewed and repeated is decided by the client's `fetch`.

import type { AuthClient } from '../index.ts'

/** The part of an axios instance that is used, so that nobody needs axios, or its types, for anything else. */
export interface AxiosLike {
  defaults: {
    adapter?: unknown
    env?: object
  }
}

/**
 * Sends every request of an axios instance through the client's `fetch`. Returns the same instance.
 *
 * Needs axios 1.12 or later: before, its fetch adapter takes no `fetch` and would send requests without a token.
 *
 * @throws TypeError when `instance` is not what `axios.create()` returns.
 */
export function withAuth<Instance extends AxiosLike>(
  instance: Instance,
  client: Pick<AuthClient, 'fetch'>,
): Instance {
  const defaults: AxiosLike['defaults'] | undefined = instance?.defaults
  if (defaults === undefined) throw new TypeError('instance must be an axios instance')
  defaults.adapter = 'fetch'
  defaults.env = { ...defaults.env, fetch: anonymous(client.fetch) }
  return instance
}

/** The adapter puts axios's name into a header that a browser would need the API's leave (CORS) to send. */
function anonymous(fetch: AuthClient['fetch']): AuthClient['fetch'] {
  return (input, init) => {
    if (input instanceof Request && input.headers.get('user-agent')?.startsWith('axios/')) {
      input.headers.delete('user-agent')
    }
    return fetch(input, init)
  }
}
