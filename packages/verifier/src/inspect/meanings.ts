/** What each member of a header and each claim is for. RFC 7515 §4.1, RFC 7519 §4.1, RFC 9068 §2, OpenID Connect Core §2 */
const MEANINGS: { readonly [name: string]: string } = {
  alg: 'how it is signed',
  typ: 'what kind of token it is',
  kid: 'the key that signed it',
  cty: 'what is inside',
  enc: 'how it is encrypted',
  crit: 'what must be understood',
  jwk: 'a key it brings along',
  jku: 'where it says keys are',
  x5c: 'certificates it brings along',
  x5u: 'where it says certificates are',
  iss: 'who made it',
  aud: 'who may accept it',
  sub: 'the user',
  sid: 'the session behind it',
  client_id: 'how the session was opened',
  azp: 'whom it was made for',
  scope: 'what it may be used for',
  roles: 'what the user may do',
  jti: 'this token alone',
  iat: 'issued',
  nbf: 'good from',
  exp: 'ends',
  auth_time: 'signed in',
  amr: 'by which means',
  acr: 'how surely',
  nonce: 'the request it answers',
  email: 'e-mail address',
  email_verified: 'whether the address was checked',
  name: 'name',
}

/** A few words on what a member of a header or a claim is for, or `undefined` for one that is not registered. */
export function meaningOf(name: string): string | undefined {
  return Object.hasOwn(MEANINGS, name) ? MEANINGS[name] : undefined
}
