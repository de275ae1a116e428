/** How much it matters: worth knowing, a weakness, or a reason for which every careful verifier refuses the token. */
export type Severity = 'note' | 'warning' | 'danger'

/** Something about a token that its reader should know. The code never changes; no text holds any part of the token. */
export interface Finding {
  code: FindingCode
  severity: Severity
  text: string
}

const FINDINGS = {
  BEARER_PREFIX: [
    'note',
    'The word "Bearer" stood before the token. It belongs to the header, not to the token.',
  ],
  QUOTES: ['note', 'The token stood in quotes, which are not part of it.'],
  WHITE_SPACE: ['note', 'There was white space around the token, which is not part of it.'],
  LINE_BREAKS: [
    'note',
    'There was white space inside the token, as from a terminal that breaks lines. It was taken out.',
  ],

  EMPTY: ['danger', 'There is no token.'],
  TOO_LONG: ['danger', 'This is longer than any token: at most 65,536 characters are looked at.'],
  REFRESH_TOKEN: [
    'danger',
    'This is a Latchkey refresh token: keep it secret. Whoever holds it is signed in. There is nothing in it to read. If others may have seen it, end its session.',
  ],
  SERVICE_SECRET: [
    'danger',
    'This is the secret of a registered service: keep it secret. There is nothing in it to read. If others may have seen it, register the service anew.',
  ],
  NOT_A_TOKEN: ['danger', 'This is no JWT. An opaque token can only be read by who issued it.'],
  ENCRYPTED: [
    'note',
    'This is an encrypted token (JWE): only who holds the key can read more than its header.',
  ],
  PARTS: [
    'danger',
    'A signed JWT has three parts between two dots, and this has not. It may have been cut off.',
  ],

  HEADER_NOT_BASE64URL: ['danger', 'The header is not base64url.'],
  HEADER_NOT_CANONICAL: [
    'danger',
    'The header is base64url of another spelling than the only one allowed. Strict verifiers refuse it.',
  ],
  HEADER_NOT_UTF8: ['danger', 'The header is not text in UTF-8.'],
  HEADER_NOT_JSON: ['danger', 'The header is not JSON.'],
  HEADER_NOT_AN_OBJECT: ['danger', 'The header is JSON, but not an object.'],
  HEADER_DUPLICATE_MEMBER: [
    'danger',
    'The header names a member twice, so two programs may read two different headers.',
  ],
  HEADER_NOT_WELL_FORMED: ['danger', 'The header holds half of a character (a lone surrogate).'],
  HEADER_NUMBER_ROUNDED: [
    'warning',
    'The header holds a number that is too large to be read exactly. It is shown rounded; the text has it as it was signed.',
  ],
  HEADER_NESTED_DEEPLY: ['danger', 'The header is nested too deeply to be shown.'],
  PAYLOAD_NOT_BASE64URL: ['danger', 'The payload is not base64url.'],
  PAYLOAD_NOT_CANONICAL: [
    'danger',
    'The payload is base64url of another spelling than the only one allowed. Strict verifiers refuse it.',
  ],
  PAYLOAD_NOT_UTF8: ['danger', 'The payload is not text in UTF-8.'],
  PAYLOAD_NOT_JSON: ['danger', 'The payload is not JSON. It may have been cut off.'],
  PAYLOAD_NOT_AN_OBJECT: ['danger', 'The payload is JSON, but not an object: it holds no claims.'],
  PAYLOAD_DUPLICATE_MEMBER: [
    'danger',
    'The payload names a claim twice, so two programs may read two different tokens.',
  ],
  PAYLOAD_NOT_WELL_FORMED: ['danger', 'The payload holds half of a character (a lone surrogate).'],
  PAYLOAD_NUMBER_ROUNDED: [
    'warning',
    'The payload holds a number that is too large to be read exactly. It is shown rounded; the text has it as it was signed.',
  ],
  PAYLOAD_NESTED_DEEPLY: ['danger', 'The payload is nested too deeply to be shown.'],
  SIGNATURE_NOT_BASE64URL: ['danger', 'The signature is not base64url.'],
  SIGNATURE_NOT_CANONICAL: [
    'danger',
    'The signature is base64url of another spelling than the only one allowed. Strict verifiers refuse it.',
  ],
  SIGNATURE_MISSING: ['danger', 'There is no signature.'],
  SIGNATURE_LENGTH: [
    'danger',
    'The signature has not the length that its algorithm makes. It may have been cut off.',
  ],

  ALG_MISSING: ['danger', 'The header does not say how the token is signed (alg).'],
  ALG_NONE: [
    'danger',
    'The token says that it is not signed (alg is none). Anybody can write it, and nobody may accept it.',
  ],
  ALG_SYMMETRIC: [
    'warning',
    'It is signed with a shared secret (HS*): whoever can check such a token can also forge one.',
  ],
  ALG_UNKNOWN: ['warning', 'alg is no algorithm that is looked at here.'],
  EMBEDDED_KEY: [
    'danger',
    'The header brings its own key or says where one is (jwk, jku, x5c, x5u). A token that names its own judge proves nothing: verifiers must not look at it.',
  ],
  UNKNOWN_CRIT: [
    'danger',
    'The header asks for an extension that must be understood (crit). Who does not understand it must refuse the token.',
  ],
  UNENCODED_PAYLOAD: [
    'danger',
    'The header changes how the payload is signed (b64). A JWT must not do that.',
  ],
  KID_MISSING: [
    'note',
    'The header names no key (kid): verifiers have to try all of the keys of the issuer.',
  ],

  EXP_MISSING: ['warning', 'The token never expires (there is no exp).'],
  LIFETIME_OVER_A_DAY: [
    'warning',
    'It lives for more than a day. Who steals it has that long; access tokens live for minutes.',
  ],
  TIME_NOT_A_NUMBER: ['danger', 'A time in it (iat, nbf, exp or auth_time) is not a number.'],
  TIME_IN_MILLISECONDS: [
    'warning',
    'A time in it lies thousands of years ahead: it seems to be in milliseconds, and JWTs count in seconds.',
  ],
  EXP_BEFORE_IAT: ['danger', 'It ends before it was issued (exp is not after iat).'],
  NBF_AFTER_EXP: ['danger', 'It ends before it begins (exp is not after nbf), so it is never good.'],
} as const satisfies Record<string, readonly [Severity, string]>

export type FindingCode = keyof typeof FINDINGS

export function finding(code: FindingCode): Finding {
  const [severity, text] = FINDINGS[code]
  return { code, severity, text }
}

export function when(condition: boolean, code: FindingCode): FindingCode[] {
  return condition ? [code] : []
}
