import { createSecretKey, randomBytes } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { createRefreshTokens, digestAttempt, parseRefreshToken, type RefreshTokens } from './refresh-token.ts'
import { aSession } from './testing/sessions.ts'

const newKey = () => createSecretKey(randomBytes(32))

/** Whether the text proves something for a session, whichever session it names. */
function proves(tokens: RefreshTokens, text: string, session: { id: string; seed: Uint8Array }): boolean {
  const claimed = parseRefreshToken(text)
  return claimed !== null && tokens.proves(claimed, session)
}

/** Whether the text is good for a session: names it and proves it. */
function isGoodFor(tokens: RefreshTokens, text: string, session: { id: string; seed: Uint8Array }): boolean {
  return parseRefreshToken(text)?.sessionId === session.id && proves(tokens, text, session)
}

describe('a refresh token', () => {
  test('says whose it is and of which generation, and its MAC holds', () => {
    const tokens = createRefreshTokens([newKey()])
    const session = aSession()
    for (const generation of [0, 1, 255, 256, 2 ** 32, 2 ** 48 - 1]) {
      const text = tokens.issue(session, generation)
      expect(parseRefreshToken(text)).toMatchObject({ sessionId: session.id, generation })
      expect(proves(tokens, text, session)).toBe(true)
    }
  })

  test('of a generation is the same text on every node and at every retry', () => {
    const key = newKey()
    const session = aSession()
    const texts = Array.from({ length: 10 }, () => createRefreshTokens([key]).issue(session, 7))
    expect(new Set(texts).size).toBe(1)
  })

  test('proves nothing for another session, another seed, another generation or under another secret', () => {
    const tokens = createRefreshTokens([newKey()])
    const session = aSession()
    const text = tokens.issue(session, 7)
    expect(proves(tokens, text, { ...session, id: aSession().id })).toBe(false)
    expect(proves(tokens, text, { ...session, seed: randomBytes(16) })).toBe(false)
    expect(proves(createRefreshTokens([newKey()]), text, session)).toBe(false)

    const next = Buffer.from(tokens.issue(session, 8).slice(4), 'base64url')
    const mac = Buffer.from(text.slice(4), 'base64url').subarray(22)
    const forged = `lk1_${Buffer.concat([next.subarray(0, 22), mac]).toString('base64url')}`
    expect(parseRefreshToken(forged)?.generation).toBe(8)
    expect(proves(tokens, forged, session)).toBe(false)
  })

  test('made under an older secret is still accepted, and the newest secret makes the next one', () => {
    const [older, newer] = [newKey(), newKey()]
    const session = aSession()
    const before = createRefreshTokens([older])
    const after = createRefreshTokens([newer, older])
    expect(proves(after, before.issue(session, 3), session)).toBe(true)
    expect(after.issue(session, 4)).toBe(createRefreshTokens([newer]).issue(session, 4))
    expect(proves(createRefreshTokens([newer]), before.issue(session, 3), session)).toBe(false)
  })

  test('cannot be made or checked without a key', () => {
    expect(() => createRefreshTokens([])).toThrow(TypeError)
  })

  test('has exactly one spelling: no character can be changed, none added, none left out (RR-15)', () => {
    const tokens = createRefreshTokens([newKey()])
    const session = aSession()
    const text = tokens.issue(session, 7)
    expect(isGoodFor(tokens, text, session)).toBe(true)
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
    for (let at = 4; at < text.length; at++) {
      for (const letter of alphabet) {
        if (letter === text[at]) continue
        const changed = `${text.slice(0, at)}${letter}${text.slice(at + 1)}`
        expect(isGoodFor(tokens, changed, session), changed).toBe(false)
      }
    }
  })

  test.each([
    ['an empty text', () => ''],
    ['one character less', (text: string) => text.slice(0, -1)],
    ['one character more', (text: string) => `${text}A`],
    ['garbage behind it', (text: string) => `${text}.${text}`],
    ['a space before it', (text: string) => ` ${text}`],
    ['a line break behind it', (text: string) => `${text}\n`],
    ['another prefix', (text: string) => text.replace('lk1_', 'lk2_')],
    ['an upper-case prefix', (text: string) => text.replace('lk1_', 'LK1_')],
    ['no prefix', (text: string) => text.slice(4)],
    ['all in upper case', (text: string) => text.toUpperCase()],
    ['percent-encoded', (text: string) => encodeURIComponent(text.replace('_', '%5F'))],
    ['in the plain base64 alphabet', (text: string) => `${text.slice(0, 10)}+/${text.slice(12)}`],
    ['padded', (text: string) => `${text.slice(0, -1)}=`],
    ['with a letter that looks the same', (text: string) => text.replace('k', 'к')],
    ['a JWT', () => 'eyJhbGciOiJub25lIn0.eyJzdWIiOiJhIn0.'],
  ])('with %s is none (RR-15)', (_, spoil) => {
    const text = createRefreshTokens([newKey()]).issue(aSession(), 7)
    expect(parseRefreshToken(spoil(text))).toBeNull()
  })
})

describe('100,000 refresh tokens (RR-28)', () => {
  const tokens = createRefreshTokens([newKey()])
  const sessions = Array.from({ length: 1000 }, () => aSession())
  const macs = sessions.flatMap((session) =>
    Array.from({ length: 100 }, (_, generation) => {
      const text = tokens.issue(session, generation)
      return parseRefreshToken(text)?.mac as Buffer
    }),
  )

  test('are all different, also by any 128 of their unpredictable bits', () => {
    expect(macs).toHaveLength(100_000)
    expect(new Set(macs.map((mac) => mac.toString('hex', 0, 16))).size).toBe(macs.length)
    expect(new Set(macs.map((mac) => mac.toString('hex', 16, 32))).size).toBe(macs.length)
  })

  test('leave nothing to guess from: every one of the 256 bits is set in half of them', () => {
    const set = new Uint32Array(256)
    for (const mac of macs) {
      for (let bit = 0; bit < 256; bit++) set[bit]! += ((mac[bit >> 3] as number) >> (bit & 7)) & 1
    }
    // Six standard deviations: chance fails this once in two million runs.
    const tolerance = (6 * Math.sqrt(macs.length)) / 2
    for (const count of set) expect(Math.abs(count - macs.length / 2)).toBeLessThan(tolerance)
  })

  test('tell no order: neither those of one session nor those of sessions in a row grow', () => {
    const ascending = (list: Buffer[]) =>
      list.filter((mac, i) => i > 0 && mac.compare(list[i - 1] as Buffer) > 0).length
    const ofOneGeneration = macs.filter((_, i) => i % 100 === 0)
    expect(ascending(macs) / macs.length).toBeCloseTo(0.5, 1)
    expect(ascending(ofOneGeneration) / ofOneGeneration.length).toBeCloseTo(0.5, 1)
    const ids = sessions.map(({ id }) => Buffer.from(id))
    expect(ascending(ids) / ids.length).toBeCloseTo(0.5, 1)
  })
})

test('of an Idempotency-Key only a digest is kept: 128 bits, the same for the same key', () => {
  const key = 'a-key-that-only-the-client-has'
  const digest = digestAttempt(key)
  expect(Buffer.from(digest, 'base64url')).toHaveLength(16)
  expect(digestAttempt(key)).toBe(digest)
  expect(digestAttempt(`${key}.`)).not.toBe(digest)
  expect(digest).not.toContain(key.slice(0, 8))
})
