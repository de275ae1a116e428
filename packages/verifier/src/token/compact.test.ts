import { expect, test } from 'vitest'
import { mint, segments } from '../testing/issuer.ts'
import { createWorld, expectAllAccepted, expectAllRefused, fromEach } from '../testing/setup.ts'
import { splitCompact } from './compact.ts'

test('JV-30 a valid token written in any other way is refused', async () => {
  const { key, verifier } = createWorld()
  let token = mint(key)
  while (!/\.[^.]*[-_][^.]*$/.test(token)) token = mint(key)
  const [header, payload, signature] = segments(token)

  await expectAllAccepted(verifier, { 'as it was issued': token })
  await expectAllRefused(verifier, {
    padding: `${token}==`,
    'one padding character': `${token}=`,
    'space appended': `${token} `,
    'space inserted': `${header}.${payload}.${signature.slice(0, 9)} ${signature.slice(9)}`,
    'line end appended': `${token}\n`,
    'tab in front': `\t${token}`,
    'standard alphabet': `${header}.${payload}.${signature.replaceAll('-', '+').replaceAll('_', '/')}`,
    'a character of no alphabet': `${header}.${payload}.${signature.slice(0, 9)}é${signature.slice(10)}`,
    'a character above every table': `${header}.${payload}.${signature.slice(0, 9)}\u{1f511}${signature.slice(10)}`,
    'a zero character': `${token}\u0000`,
    'a fourth segment': `${token}.`,
    'a segment in front': `.${token}`,
    'a second token': `${token},${token}`,
    'the scheme in front': `Bearer ${token}`,
  })
})

test('JV-30 bits that are left over at the end must be zero', async () => {
  const { key, verifier } = createWorld()
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
  const token = mint(key)
  const last = alphabet.indexOf(token.at(-1)!)
  // 64 bytes leave four spare bits in the last of 86 characters.
  const spellings = Array.from(
    { length: 16 },
    (_, spare) => token.slice(0, -1) + alphabet[(last & 0x30) | spare],
  )

  const bytesOf = (text: string) => Buffer.from(segments(text)[2], 'base64url').toString('hex')
  expect(new Set(spellings.map(bytesOf)).size).toBe(1)
  expect(spellings).toContain(token)
  await expectAllRefused(
    verifier,
    fromEach(
      spellings.filter((spelling) => spelling !== token),
      String,
    ),
  )
})

test('JV-30 a token longer than 16 KiB is refused however valid it is', async () => {
  const { key, verifier } = createWorld()
  const room = 16_384 - mint(key, { claims: { pad: '' } }).length
  const fits = mint(key, { claims: { pad: 'x'.repeat(Math.floor((room * 3) / 4) - 2) } })
  const exceeds = mint(key, { claims: { pad: 'x'.repeat(Math.ceil((room * 3) / 4) + 2) } })

  expect(fits.length).toBeGreaterThan(16_370)
  expect(fits.length).toBeLessThanOrEqual(16_384)
  expect(exceeds.length).toBeGreaterThan(16_384)
  await expectAllAccepted(verifier, { fits })
  await expectAllRefused(verifier, { exceeds })
})

test('a compact form has three segments, no more and no fewer', () => {
  expect(splitCompact('QQ.Qg.Qw')).toEqual({
    header: new Uint8Array([0x41]),
    payload: new Uint8Array([0x42]),
    signature: new Uint8Array([0x43]),
    signedBytes: new TextEncoder().encode('QQ.Qg'),
  })
  for (const text of ['', 'QQ', 'QQ.Qg', 'QQ.Qg.Qw.', 'QQ.Qg.Qw.RA', '.QQ.Qg.Qw']) {
    expect(() => splitCompact(text), text).toThrow(expect.objectContaining({ code: 'TOKEN_INVALID' }))
  }
})
