import { randomBytes } from 'node:crypto'
import { expect, test } from 'vitest'
import { findSecrets, formsOf } from './search.ts'

/** Among other data, at an odd place. */
function planted(bytes: Buffer | string): Buffer {
  return Buffer.concat([randomBytes(1_001), Buffer.from(bytes), randomBytes(1_001)])
}

test('a planted secret is found in every form that it may take', () => {
  const secrets = ['a quiet harbour at dusk', 'with "quotes" and ünïcödé', randomBytes(32)]
  for (const value of secrets) {
    const bytes = Buffer.from(value)
    const text = bytes.toString('utf8')
    const forms = [
      bytes,
      bytes.toString('hex'),
      bytes.toString('hex').toUpperCase(),
      bytes.toString('base64'),
      bytes.toString('base64url'),
      Buffer.concat([Buffer.from('x'), bytes, Buffer.from('yz')]).toString('base64'),
      Buffer.concat([Buffer.from('xy'), bytes, Buffer.from('z')]).toString('base64url'),
      ...(typeof value === 'string' ? [encodeURIComponent(text), JSON.stringify({ deep: [text] })] : []),
    ]
    for (const form of forms) {
      const found = findSecrets([{ name: 'it', value }], [{ name: 'here', content: planted(form) }])
      expect(found, form.toString().slice(0, 40)).not.toEqual([])
      expect(found[0]).toMatch(/^it as .+ in here$/)
    }
    expect(findSecrets([{ name: 'it', value }], [{ name: 'here', content: randomBytes(100_000) }])).toEqual(
      [],
    )
  }
})

test('what is too short to be found by more than chance is refused', () => {
  expect(() => formsOf(Buffer.from('12345'))).toThrow()
})
