import { generateKeyPairSync, type KeyObject, randomUUID, sign } from 'node:crypto'

export const ISSUER = 'http://auth.example.com'
export const AUDIENCE = 'https://api.example.com'

export interface Mint {
  kid: string
  publicKey: KeyObject
  /** Distinct access tokens as the service makes them, good for an hour. */
  tokens: string[]
}

/** ES256: what the service signs with unless it is told otherwise. */
export function mintTokens(count: number): Mint {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const kid = `k${randomUUID()}`
  const tokens = Array.from({ length: count }, () => {
    const signed = `${encode({ alg: 'ES256', typ: 'at+jwt', kid })}.${encode(claims())}`
    const signature = sign('sha256', Buffer.from(signed), { key: privateKey, dsaEncoding: 'ieee-p1363' })
    return `${signed}.${signature.toString('base64url')}`
  })
  return { kid, publicKey, tokens }
}

function claims() {
  const now = Math.floor(Date.now() / 1000)
  return {
    iss: ISSUER,
    sub: randomUUID(),
    aud: AUDIENCE,
    exp: now + 3600,
    iat: now,
    jti: randomUUID(),
    client_id: 'latchkey-browser',
    sid: randomUUID(),
    roles: ['user'],
    auth_time: now,
    amr: ['pwd'],
  }
}

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}
