/*
 * An issuer that can also sign what no honest one would: any header, any payload, any key. It shares no code with the verifier.
 */

import { createHmac, generateKeyPairSync, type KeyObject, randomUUID, sign } from 'node:crypto'
import type { JsonWebKeySet } from '../keys/jwk.ts'
import type { Algorithm } from '../token/algorithm.ts'

export const ISSUER = 'https://auth.example.com'
export const AUDIENCE = 'https://api.example.com'

/** 2026-01-01T00:00:00Z, in seconds. */
export const NOW = 1_767_225_600

export interface SigningKey {
  kid: string
  alg: Algorithm
  privateKey: KeyObject
  publicKey: KeyObject
  /** As an issuer publishes it. */
  jwk: { kid: string; alg: string; use: string; kty?: string; x?: string; n?: string; e?: string }
}

export function createKey(alg: Algorithm = 'ES256', kid = `k${randomUUID()}`): SigningKey {
  const { privateKey, publicKey } = generateKeys(alg)
  return {
    kid,
    alg,
    privateKey,
    publicKey,
    jwk: { ...publicKey.export({ format: 'jwk' }), kid, alg, use: 'sig' },
  }
}

function generateKeys(alg: Algorithm): { privateKey: KeyObject; publicKey: KeyObject } {
  if (alg === 'ES256') return generateKeyPairSync('ec', { namedCurve: 'P-256' })
  if (alg === 'EdDSA') return generateKeyPairSync('ed25519')
  return generateKeyPairSync('rsa', { modulusLength: 2048 })
}

export function keySet(...keys: SigningKey[]): JsonWebKeySet {
  return { keys: keys.map(({ jwk }) => jwk) }
}

type Members = Record<string, unknown>

export function headerFor(key: SigningKey, changes: Members = {}): Members {
  return { alg: key.alg, typ: 'at+jwt', kid: key.kid, ...changes }
}

/** The claims of an access token that was issued at NOW. A change to `undefined` leaves the claim out. */
export function claims(changes: Members = {}): Members {
  return {
    iss: ISSUER,
    sub: 'user-1',
    aud: AUDIENCE,
    exp: NOW + 900,
    iat: NOW,
    jti: 'token-1',
    client_id: 'latchkey-browser',
    sid: 'session-1',
    roles: ['user'],
    auth_time: NOW,
    amr: ['pwd'],
    ...changes,
  }
}

/** A token that is valid but for the changes, signed by the key. */
export function mint(key: SigningKey, changes: { header?: Members; claims?: Members } = {}): string {
  return signToken(key, headerFor(key, changes.header), claims(changes.claims))
}

/** Signs a header and a payload as they are; text and bytes go in unchanged. */
export function signToken(
  key: SigningKey,
  header: Members | string | Buffer,
  payload: Members | string | Buffer,
): string {
  const signed = `${encode(header)}.${encode(payload)}`
  return `${signed}.${signatureOf(key, signed).toString('base64url')}`
}

export function signatureOf({ alg, privateKey }: SigningKey, signed: string): Buffer {
  const hash = alg === 'EdDSA' ? null : 'sha256'
  return sign(hash, Buffer.from(signed), { key: privateKey, dsaEncoding: 'ieee-p1363' })
}

export function encode(value: Members | string | Buffer): string {
  const bytes = Buffer.isBuffer(value) || typeof value === 'string' ? value : JSON.stringify(value)
  return Buffer.from(bytes).toString('base64url')
}

/** A token's three segments. */
export function segments(token: string): [header: string, payload: string, signature: string] {
  const [header = '', payload = '', signature = ''] = token.split('.')
  return [header, payload, signature]
}

/** Signed as HS256 with whatever key the attacker hopes that the verifier will use. */
export function forgeHs256(kid: string, macKey: string | Buffer): string {
  const signed = `${encode({ alg: 'HS256', typ: 'at+jwt', kid })}.${encode(claims())}`
  return `${signed}.${createHmac('sha256', macKey).update(signed).digest('base64url')}`
}
