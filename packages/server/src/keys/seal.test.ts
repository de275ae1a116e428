import { createSecretKey, randomBytes } from 'node:crypto'
import { expect, test } from 'vitest'
import { createSealer, deriveKey } from './seal.ts'

const newKey = () => createSecretKey(randomBytes(32))
const PLAIN = Buffer.from('a private key, as bytes')

test('what was sealed is opened with the same key and in the same place', () => {
  const sealer = createSealer([newKey()])
  expect(sealer.open(sealer.seal(PLAIN, 'signing/k1'), 'signing/k1')).toEqual({
    plain: PLAIN,
    byFirstSecret: true,
  })
})

test('a box shows nothing of what is in it, and no two boxes are the same', () => {
  const sealer = createSealer([newKey()])
  const [one, another] = [sealer.seal(PLAIN, 'c'), sealer.seal(PLAIN, 'c')]
  expect(Buffer.from(one).includes(PLAIN.subarray(0, 8))).toBe(false)
  expect(Buffer.from(one).equals(another)).toBe(false)
})

test('a box does not open in another place: moved to another row or another purpose it is worth nothing', () => {
  const sealer = createSealer([newKey()])
  const box = sealer.seal(PLAIN, 'signing/k1')
  expect(sealer.open(box, 'signing/k2')).toBeNull()
  expect(sealer.open(box, 'pepper/k1')).toBeNull()
  expect(sealer.open(box, '')).toBeNull()
})

test('a box does not open once any bit of it was changed, or any part is missing', () => {
  const sealer = createSealer([newKey()])
  const box = Buffer.from(sealer.seal(PLAIN, 'c'))
  for (let at = 0; at < box.length; at++) {
    const changed = Buffer.from(box)
    changed[at]! ^= 1
    expect(sealer.open(changed, 'c'), `byte ${at}`).toBeNull()
    expect(sealer.open(box.subarray(0, at), 'c'), `${at} bytes`).toBeNull()
  }
})

test('a box opens with an older key too, and says so; with a foreign one never', () => {
  const [older, newer] = [newKey(), newKey()]
  const box = createSealer([older]).seal(PLAIN, 'c')
  expect(createSealer([newer, older]).open(box, 'c')).toEqual({ plain: PLAIN, byFirstSecret: false })
  expect(createSealer([newer]).open(box, 'c')).toBeNull()
})

test('an empty content is sealed like any other', () => {
  const sealer = createSealer([newKey()])
  expect(sealer.open(sealer.seal(Buffer.alloc(0), 'c'), 'c')?.plain).toHaveLength(0)
})

test('a sealer needs a key', () => {
  expect(() => createSealer([])).toThrow(TypeError)
})

test('a secret yields one key per purpose: the same every time, and no key tells another one', () => {
  const secret = newKey()
  const bytes = (purpose: 'seal' | 'refresh-token') => deriveKey(secret, purpose).export().toString('hex')
  expect(bytes('seal')).toBe(bytes('seal'))
  expect(bytes('seal')).not.toBe(bytes('refresh-token'))
  expect(bytes('seal')).not.toBe(secret.export().toString('hex'))
  expect(bytes('seal')).toHaveLength(64)
})
