import { generateKeyPairSync } from 'node:crypto'
import { expect, test } from 'vitest'
import { isWeakRsaKey } from './rsa.ts'

const F4 = Buffer.from('010001', 'hex')

function modulus(bits: number): Buffer {
  const { publicKey } = generateKeyPairSync('rsa', { modulusLength: bits })
  return Buffer.from(publicKey.export({ format: 'jwk' }).n ?? '', 'base64url')
}

test('an RSA key is sound from 2048 bits on', () => {
  expect(isWeakRsaKey(modulus(2048), F4)).toBe(false)
  expect(isWeakRsaKey(modulus(3072), F4)).toBe(false)
  expect(isWeakRsaKey(modulus(2047), F4)).toBe(true)
  expect(isWeakRsaKey(modulus(1024), F4)).toBe(true)
  expect(isWeakRsaKey(Buffer.alloc(1025, 0xff), F4)).toBe(true)
  expect(isWeakRsaKey(Buffer.alloc(0), F4)).toBe(true)
  expect(isWeakRsaKey(Buffer.alloc(256, 0xfe), F4)).toBe(true)
})

test('a zero byte in front does not make a modulus longer', () => {
  const n = modulus(2048)
  expect(isWeakRsaKey(Buffer.concat([Buffer.alloc(1), n]), F4)).toBe(true)
  expect(isWeakRsaKey(Buffer.concat([Buffer.alloc(128), modulus(1024)]), F4)).toBe(true)
})

test('an exponent must be odd, more than 1, and no longer than 32 bits', () => {
  const n = modulus(2048)
  const weak = (hex: string) => isWeakRsaKey(n, Buffer.from(hex, 'hex'))
  expect([weak('03'), weak('11'), weak('010001')]).toEqual([false, false, false])
  expect([weak(''), weak('00'), weak('01'), weak('02'), weak('010000'), weak('0100000001')]).toEqual(
    Array(6).fill(true),
  )
})
