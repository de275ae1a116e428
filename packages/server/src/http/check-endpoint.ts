import { noContent } from './answers.ts'
import { type Endpoint, endpointForCaller } from './endpoint.ts'

/** For gateways that ask before they pass a request on, such as nginx by `auth_request`. */
export const checkEndpoint: Endpoint = endpointForCaller(
  {
    method: 'GET',
    path: '/auth/check',
    summary: 'Whether the access token is good now, and whose it is in headers: for gateways',
    group: 'Sessions',
    bearer: 'required',
    answers: {
      status: 204,
      headers: {
        'X-Latchkey-User': "The user's id",
        'X-Latchkey-Session': "The session's id",
        'X-Latchkey-Roles':
          "The access token's roles, with commas between them. In each, every character but letters, digits and `-._~:/@` is percent-encoded (UTF-8)",
      },
    },
    errors: [],
  },
  async (call, { account, session, claims }) =>
    noContent({
      ...call.answer,
      'x-latchkey-user': account.id,
      'x-latchkey-session': session.id,
      'x-latchkey-roles': claims.roles.map(toHeaderText).join(','),
    }),
)

/** A role may be any text, and a comma or a line break in it must not become two roles or two headers. */
function toHeaderText(role: string): string {
  return role.replaceAll(/[^\w.~:/@-]+/gu, percentEncode)
}

/** Every byte of it, also of the signs that `encodeURIComponent` leaves as they are. RFC 3986 §2.1 */
function percentEncode(text: string): string {
  return Buffer.from(text).toString('hex').toUpperCase().replaceAll(/../g, '%$&')
}
