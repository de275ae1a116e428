import { sign } from 'node:crypto'
import { test } from 'vitest'
import { claims, createKey, encode, headerFor, mint, segments } from '../testing/issuer.ts'
import { createWorld, expectAllRefused } from '../testing/setup.ts'

test('JV-33 an ES256 signature is two numbers of 32 bytes within the order of the curve, and never DER', async () => {
  const { key, verifier } = createWorld()
  const [header, payload, signature] = segments(mint(key))
  const order = 'ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551'
  const numbers = {
    0: '00'.repeat(32),
    1: `${'00'.repeat(31)}01`,
    'n-1': order.replace(/1$/, '0'),
    n: order,
  }
  const bytes = Buffer.from(signature, 'base64url')
  const [r, s] = [bytes.subarray(0, 32), bytes.subarray(32)]
  const withSignature = (forged: Buffer) => `${header}.${payload}.${forged.toString('base64url')}`

  const tokens: Record<string, string> = {
    DER: withSignature(sign('sha256', Buffer.from(`${header}.${payload}`), key.privateKey)),
    truncated: withSignature(bytes.subarray(0, 63)),
    'a zero byte appended': withSignature(Buffer.concat([bytes, Buffer.alloc(1)])),
    'r and s with a zero byte in front': withSignature(
      Buffer.concat([Buffer.alloc(1), r, Buffer.alloc(1), s]),
    ),
    'r and s exchanged': withSignature(Buffer.concat([s, r])),
    'as ES512 would have it': withSignature(Buffer.concat([bytes, Buffer.alloc(68)])),
  }
  for (const [nameR, hexR] of Object.entries(numbers)) {
    tokens[`r = ${nameR}, s good`] = withSignature(Buffer.concat([Buffer.from(hexR, 'hex'), s]))
    tokens[`r good, s = ${nameR}`] = withSignature(Buffer.concat([r, Buffer.from(hexR, 'hex')]))
    for (const [nameS, hexS] of Object.entries(numbers)) {
      tokens[`r = ${nameR}, s = ${nameS}`] = withSignature(Buffer.from(hexR + hexS, 'hex'))
    }
  }
  await expectAllRefused(verifier, tokens)
})

test('JV-33 a token with any byte of its header, payload or signature changed is refused', async () => {
  for (const alg of ['ES256', 'EdDSA', 'RS256'] as const) {
    const { key, verifier } = createWorld({}, createKey(alg))
    const [header, payload, signature] = segments(mint(key))
    const changed = Buffer.from(signature, 'base64url')
    changed[5]! ^= 1
    await expectAllRefused(verifier, {
      [`${alg} header`]: `${encode(headerFor(key, { x: 1 }))}.${payload}.${signature}`,
      [`${alg} payload`]: `${header}.${encode(claims({ sub: 'admin' }))}.${signature}`,
      [`${alg} signature`]: `${header}.${payload}.${changed.toString('base64url')}`,
      [`${alg} another token's signature`]: `${header}.${payload}.${segments(mint(key, { claims: { jti: '2' } }))[2]}`,
    })
  }
})
