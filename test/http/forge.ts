import {
  createHmac,
  createPrivateKey,
  createPublicKey,
  createSecretKey,
  type KeyObject,
  sign,
} from 'node:crypto'
import { createSealer, deriveKey } from '../../packages/server/src/keys/seal.ts'
import type { TestAuth } from '../support/auth.ts'
import { runSql } from '../support/stores/look.ts'
import type { TestStore } from '../support/stores/store.ts'

type Members = Record<string, unknown>

/**
 * Signs as the service itself would, whatever it is given: a token that is wrong in one respect alone shows which
 * rule refused it.
 */
export interface Forge {
  kid: string
  privateKey: KeyObject
  publicKey: KeyObject
  header: Members
  claims: Members
  /** A token of the service but for the changes; a member changed to `undefined` is left out. */
  mint(changes?: { header?: Members; claims?: Members }): string
  /** Signs texts or bytes as they are. */
  sign(header: Members | string | Buffer, claims?: Members | string | Buffer): string
}

/** What the forge takes from a service: one inside the process, or one of its own. */
export interface Spoils {
  store: TestStore
  options: Pick<TestAuth['options'], 'secret'>
}

/** @param accessToken one that the service issued, whose claims the forged ones carry */
export async function openForge({ store, options }: Spoils, accessToken: string): Promise<Forge> {
  const { kid, privateKey } = await signingKeyOf(store, options.secret as string)
  const [headerText = '', claimsText = ''] = accessToken.split('.')
  const header = decode(headerText)
  const claims = decode(claimsText)
  const forge: Forge = {
    kid,
    privateKey,
    publicKey: createPublicKey(privateKey),
    header,
    claims,
    mint: (changes = {}) => forge.sign({ ...header, ...changes.header }, { ...claims, ...changes.claims }),
    sign(signedHeader, signedClaims = claims) {
      const input = `${encode(signedHeader)}.${encode(signedClaims)}`
      return `${input}.${signAs(privateKey, input).toString('base64url')}`
    },
  }
  return forge
}

export function encode(value: Members | string | Buffer): string {
  const bytes = Buffer.isBuffer(value) || typeof value === 'string' ? value : JSON.stringify(value)
  return Buffer.from(bytes).toString('base64url')
}

export function decode(segment: string): Members {
  return JSON.parse(Buffer.from(segment, 'base64url').toString()) as Members
}

/** Signs in the algorithm of its key: ES256, EdDSA or RS256. */
function signAs(privateKey: KeyObject, input: string): Buffer {
  const hash = privateKey.asymmetricKeyType === 'ed25519' ? null : 'sha256'
  return sign(hash, Buffer.from(input), { key: privateKey, dsaEncoding: 'ieee-p1363' })
}

export function signEs256(input: string, privateKey: KeyObject): Buffer {
  return sign('sha256', Buffer.from(input), { key: privateKey, dsaEncoding: 'ieee-p1363' })
}

/** A token authenticated with a shared key: what an attacker makes of whatever they know. */
export function macToken(
  algorithm: 'HS256' | 'HS384' | 'HS512',
  header: Members,
  claims: Members,
  key: string | Buffer,
) {
  const input = `${encode({ ...header, alg: algorithm })}.${encode(claims)}`
  const mac = createHmac(`sha${algorithm.slice(2)}`, key)
    .update(input)
    .digest('base64url')
  return `${input}.${mac}`
}

/** Only who has both the database and the secret gets this far: that is what sealing promises. */
async function signingKeyOf(
  store: TestStore,
  secret: string,
): Promise<{ kid: string; privateKey: KeyObject }> {
  const [row] = (await runSql(store, "select id, sealed from keys where purpose = 'signing'")) as [
    { id: string; sealed: Uint8Array },
  ]
  const sealer = createSealer([deriveKey(createSecretKey(Buffer.from(secret, 'base64url')), 'seal')])
  const opened = sealer.open(row.sealed, `signing/${row.id}`)
  if (opened === null) throw new Error('the signing key does not open with the secret')
  return { kid: row.id, privateKey: createPrivateKey({ key: opened.plain, format: 'der', type: 'pkcs8' }) }
}
