import { randomBytes } from 'node:crypto'
import { expect, test } from 'vitest'
import { decodeBase64url } from './base64url.ts'

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'

test('what base64url writes is read back, whatever its length', () => {
  for (let length = 0; length < 100; length++) {
    const bytes = randomBytes(length)
    expect(decodeBase64url(bytes.toString('base64url'))).toEqual(new Uint8Array(bytes))
  }
})

test('of all texts of one to three characters, only the canonical ones are read', () => {
  const texts = [...ALPHABET].flatMap((first) => [
    first,
    ...[...ALPHABET].flatMap((second) => [first + second, `${first}${second}A`, `${first}A${second}`]),
  ])
  for (const text of texts) {
    const canonical = Buffer.from(text, 'base64url').toString('base64url') === text
    if (canonical !== (decodeBase64url(text) !== undefined)) expect.fail(`${text} is misjudged`)
  }
})

test('no character outside the alphabet is read, wherever it stands', () => {
  for (let code = 0; code < 0x300; code++) {
    const character = String.fromCharCode(code)
    if (ALPHABET.includes(character)) continue
    for (const text of [`${character}AAA`, `AA${character}A`, `AAA${character}`, `AAAA${character}`]) {
      if (decodeBase64url(text) !== undefined) expect.fail(`character ${code} was read`)
    }
  }
})
