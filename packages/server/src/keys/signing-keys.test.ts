import { createSecretKey, randomBytes } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createVerifier } from '@latchkey/verifier'
import { describe, expect, onTestFinished, test } from 'vitest'
import { ConfigError } from '../errors.ts'
import type { SecurityEvent } from '../events.ts'
import { createSqlKeyStore } from '../stores/sql/key-store.ts'
import { openSqlite } from '../stores/sql/sqlite.ts'
import { signCompact } from './access-token.ts'
import { SIGNING_ALGORITHMS } from './key.ts'
import type { KeyPolicy } from './rules.ts'
import { createSealer, deriveKey } from './seal.ts'
import { SigningKeys } from './signing-keys.ts'
import { Vault } from './vault.ts'

const SECOND = 1000
const DAY = 86_400 * SECOND
const START = Date.parse('2026-01-01T00:00:00Z')

const POLICY: KeyPolicy = {
  algorithm: 'ES256',
  rotationSeconds: 90 * 86_400,
  publishAheadSeconds: 600,
  tokenSeconds: 900,
  rememberSeconds: 30 * 86_400,
}

const newSecret = () => createSecretKey(randomBytes(32))

interface NodeFacts {
  policy?: Partial<KeyPolicy>
  secrets?: ReturnType<typeof newSecret>[]
}

/** An empty store, and nodes that use it with a clock that is set. */
async function openStore() {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-keys-'))
  const path = join(folder, 'latchkey.db')
  const database = await openSqlite(path)
  onTestFinished(async () => {
    await database.close()
    rmSync(folder, { recursive: true })
  })
  const store = createSqlKeyStore(database)
  const clock = { now: START }
  const events: SecurityEvent[] = []
  const secret = newSecret()
  return {
    clock,
    events,
    path,
    secret,
    store,
    async startNode({ policy, secrets = [secret] }: NodeFacts = {}) {
      const vault = new Vault(store, createSealer(secrets.map((given) => deriveKey(given, 'seal'))))
      const keys = new SigningKeys({
        vault,
        policy: { ...POLICY, ...policy },
        now: () => clock.now,
        onEvent: (event) => void events.push(event),
      })
      await keys.refresh()
      return keys
    },
  }
}

const kids = (keys: SigningKeys) => keys.published().keys.map(({ kid }) => kid)

/** Signs a token with the key that signs now, and resolves when a verifier with the node's key set accepts it. */
async function signAndVerify(keys: SigningKeys, now: number): Promise<string> {
  const iat = Math.floor(now / 1000)
  const claims = {
    iss: 'https://a.example',
    aud: 'api',
    sub: 's',
    jti: 'j',
    sid: 'i',
    client_id: 'c',
    iat,
    exp: iat + 900,
  }
  const token = signCompact(claims, keys.current(), 'at+jwt')
  await accept(token, keys, now)
  return token
}

async function accept(token: string, keys: SigningKeys, now: number): Promise<void> {
  const jwks = keys.published()
  await createVerifier({ issuer: 'https://a.example', audience: 'api', jwks, now: () => now }).verify(token)
}

describe('on an empty store', () => {
  test.each(SIGNING_ALGORITHMS)(
    'an %s key is made that signs at once, and verifiers accept it',
    async (algorithm) => {
      const { startNode, clock } = await openStore()
      const keys = await startNode({ policy: { algorithm } })
      expect(keys.current().algorithm).toBe(algorithm)
      await signAndVerify(keys, clock.now)
    },
  )

  test('the key set shows public members only, each with kid, alg and use (KM-01)', async () => {
    for (const algorithm of SIGNING_ALGORITHMS) {
      const [jwk] = (await (await openStore()).startNode({ policy: { algorithm } })).published().keys
      expect(jwk).toMatchObject({ alg: algorithm, use: 'sig', kid: expect.stringMatching(/^[a-z][\w-]+$/i) })
      const { kid, alg, use, kty, ...rest } = jwk!
      expect(Object.keys(rest).toSorted()).toEqual(
        { ES256: ['crv', 'x', 'y'], EdDSA: ['crv', 'x'], RS256: ['e', 'n'] }[algorithm],
      )
    }
  })

  test('many nodes that start at once end with one key', async () => {
    const { startNode } = await openStore()
    const nodes = await Promise.all(Array.from({ length: 10 }, () => startNode()))
    expect(new Set(nodes.map((keys) => keys.current().kid)).size).toBe(1)
    expect(nodes.every((keys) => kids(keys).length === 1)).toBe(true)
  })

  test('a key that was made is reported once, by who made it, and not again by every start', async () => {
    const { startNode, events } = await openStore()
    const keys = await startNode()
    await startNode()
    await keys.refresh()
    expect(events).toEqual([{ type: 'key.created', kid: keys.current().kid }])
  })
})

describe('the schedule', () => {
  test('publishes the next key before it signs, and the old one until its last token has expired (KM-03, KM-04)', async () => {
    const { startNode, clock } = await openStore()
    const keys = await startNode()
    const first = keys.current().kid
    const changesAt = START + 90 * DAY

    clock.now = changesAt - 601 * SECOND
    await keys.refresh()
    expect(kids(keys)).toEqual([first])

    clock.now = changesAt - 600 * SECOND
    await keys.refresh()
    expect(kids(keys)).toHaveLength(2)
    expect(keys.current().kid).toBe(first)

    clock.now = changesAt - 1
    const lastToken = await signAndVerify(keys, clock.now)
    clock.now = changesAt
    const second = keys.current().kid
    expect(second).not.toBe(first)
    await signAndVerify(keys, clock.now)
    await accept(lastToken, keys, clock.now)

    clock.now = changesAt + 899 * SECOND
    await keys.refresh()
    await accept(lastToken, keys, clock.now)
    clock.now = changesAt + 960 * SECOND
    await keys.refresh()
    expect(kids(keys)).toEqual([second])
  })

  test('drops the private half with the last token, and the public half when no expired token of it can come along', async () => {
    const { startNode, clock, store, events } = await openStore()
    const keys = await startNode()
    const first = keys.current().kid
    clock.now = START + 90 * DAY - 600 * SECOND
    await keys.refresh()
    const storedFirst = async () => (await store.list('signing')).find(({ id }) => id === first)

    clock.now = START + 90 * DAY + 959 * SECOND
    await keys.refresh()
    expect((await storedFirst())?.sealed).not.toBeNull()
    clock.now += SECOND
    await keys.refresh()
    expect((await storedFirst())?.sealed).toBeNull()
    expect(keys.remembered().keys.map(({ kid }) => kid)).toContain(first)

    clock.now += 30 * DAY
    await keys.refresh()
    expect(await storedFirst()).toBeUndefined()
    expect(events).toContainEqual({ type: 'key.removed', kid: first })
  })

  test('changes the algorithm without a gap: the new key is published first', async () => {
    const { startNode, clock } = await openStore()
    const before = await startNode()
    const after = await startNode({ policy: { algorithm: 'EdDSA' } })
    expect(after.current().kid).toBe(before.current().kid)
    expect(
      after
        .published()
        .keys.map(({ alg }) => alg)
        .toSorted(),
    ).toEqual(['ES256', 'EdDSA'])
    await signAndVerify(after, clock.now)
    clock.now += 600 * SECOND
    await after.refresh()
    expect(after.current().algorithm).toBe('EdDSA')
    await signAndVerify(after, clock.now)
  })

  test('is of the algorithm of the node that was started last: nodes that are set otherwise do not contradict it in turn', async () => {
    const { startNode, clock, events } = await openStore()
    const one = await startNode()
    const other = await startNode({ policy: { algorithm: 'EdDSA' } })
    for (let minutes = 0; minutes < 24 * 60; minutes++) {
      clock.now += 60 * SECOND
      await one.refresh()
      await other.refresh()
    }
    expect(events.filter(({ type }) => type === 'key.created')).toHaveLength(2)
    expect(one.current().algorithm).toBe('EdDSA')
    expect(one.current().kid).toBe(other.current().kid)

    const again = await startNode()
    clock.now += 600 * SECOND
    for (const node of [one, other, again]) await node.refresh()
    expect(other.current().algorithm).toBe('ES256')
  })

  test('is learned by every node: the one that did not rotate verifies at once what the other signs', async () => {
    const { startNode, clock } = await openStore()
    const [one, other] = [await startNode(), await startNode()]
    await one.rotate()
    await other.refresh()
    clock.now += 600 * SECOND
    const token = await signAndVerify(one, clock.now)
    await accept(token, other, clock.now)
    expect(other.current().kid).toBe(one.current().kid)
  })
})

describe('by command', () => {
  test('the next key is made now and signs when verifiers know it; a second command changes nothing', async () => {
    const { startNode, clock } = await openStore()
    const keys = await startNode()
    expect(await keys.rotate()).toBe(clock.now + 600 * SECOND)
    clock.now += SECOND
    expect(await keys.rotate()).toBe(clock.now + 599 * SECOND)
    expect(kids(keys)).toHaveLength(2)
  })

  test('all keys are replaced at once after a leak, and every token that they signed is refused (KM-05)', async () => {
    const { startNode, clock, events } = await openStore()
    const [keys, other] = [await startNode(), await startNode()]
    const leaked = keys.current().kid
    const token = await signAndVerify(keys, clock.now)
    await keys.rotate()
    await keys.replaceAll()

    expect(kids(keys)).toHaveLength(1)
    expect(kids(keys)).not.toContain(leaked)
    expect(keys.remembered()).toEqual(keys.published())
    await signAndVerify(keys, clock.now)
    await expect(accept(token, keys, clock.now)).rejects.toMatchObject({ code: 'TOKEN_INVALID' })
    await other.refresh()
    await expect(accept(token, other, clock.now)).rejects.toMatchObject({ code: 'TOKEN_INVALID' })
    expect(events).toContainEqual({ type: 'key.removed', kid: leaked })
  })
})

describe('a clock that jumps (CK-03)', () => {
  test.each([
    ['a second', SECOND],
    ['a year', 365 * DAY],
  ])('back by %s before the first key was made stops nobody: it signs, and verifies', async (_, by) => {
    const { startNode, clock } = await openStore()
    const keys = await startNode()
    clock.now = START - by
    await keys.refresh()
    await signAndVerify(keys, clock.now)
    await signAndVerify(await startNode(), clock.now)
  })

  test('forward by a year and back again leaves a key that signs', async () => {
    const { startNode, clock } = await openStore()
    const keys = await startNode()
    clock.now = START + 365 * DAY
    await keys.refresh()
    clock.now += 3600 * SECOND
    await keys.refresh()
    await signAndVerify(keys, clock.now)
    clock.now = START + SECOND
    await keys.refresh()
    await signAndVerify(keys, clock.now)
    await signAndVerify(await startNode(), clock.now)
  })

  test.each(['2038-01-19T03:14:08Z', '2106-02-07T06:28:16Z'])(
    'into %s changes nothing (CK-04)',
    async (date) => {
      const { startNode, clock } = await openStore()
      clock.now = Date.parse(date) - SECOND
      const keys = await startNode()
      for (let i = 0; i < 3; i++) {
        await signAndVerify(keys, clock.now)
        clock.now += SECOND
      }
    },
  )
})

describe('the secret', () => {
  test('is what the private keys are sealed under: a copy of the database signs nothing (KM-14)', async () => {
    const { startNode, path, store } = await openStore()
    const keys = await startNode()
    const { d } = keys.current().privateKey.export({ format: 'jwk' }) as { d: string }
    const dump = Buffer.concat(['', '-wal'].map((suffix) => readFileSync(path + suffix)))
    expect(dump.includes(keys.current().kid)).toBe(true)
    expect(dump.includes(d)).toBe(false)
    expect(dump.includes(Buffer.from(d, 'base64url'))).toBe(false)
    const [stored] = await store.list('signing')
    expect(stored?.publicJwk).not.toContain('"d"')
  })

  test('that does not fit is refused in words that help, and nothing changes', async () => {
    const { startNode, store } = await openStore()
    await startNode()
    const before = await store.list('signing')
    const start = startNode({ secrets: [newSecret()] })
    await expect(start).rejects.toThrow(ConfigError)
    await expect(start).rejects.toThrow(/LATCHKEY_SECRET: does not open the keys in this database/)
    expect(await store.list('signing')).toEqual(before)
  })

  test('can be changed: listed before the old one it seals everything anew, and then stands alone (KM-11)', async () => {
    const { startNode, secret, clock } = await openStore()
    const before = await startNode()
    const token = await signAndVerify(before, clock.now)
    const newer = newSecret()
    const during = await startNode({ secrets: [newer, secret] })
    expect(during.current().kid).toBe(before.current().kid)
    const after = await startNode({ secrets: [newer] })
    expect(after.current().kid).toBe(before.current().kid)
    await accept(token, after, clock.now)
    await expect(startNode({ secrets: [secret] })).rejects.toThrow(ConfigError)
  })

  test('opens a box only in the row that it was sealed for', async () => {
    const { startNode, store } = await openStore()
    const keys = await startNode()
    await keys.rotate()
    await store.update('signing', ([one, other]) => ({
      replace: [
        { ...one!, sealed: other!.sealed },
        { ...other!, sealed: one!.sealed },
      ],
    }))
    await expect(startNode()).rejects.toThrow(ConfigError)
  })
})

test('a key remembers the longest lifetime of its tokens, whichever node issues them, until the last has ended', async () => {
  const { clock, startNode } = await openStore()
  const node = await startNode({ policy: { tokenSeconds: 900 } })
  await startNode({ policy: { tokenSeconds: 7200 } })
  await node.refresh()
  expect(node.longestTokenSeconds()).toBe(7200)

  const shorter = await startNode({ policy: { tokenSeconds: 60 } })
  expect(shorter.longestTokenSeconds()).toBe(7200)
  await shorter.rotate()
  clock.now += (600 + 7259) * SECOND
  expect(shorter.longestTokenSeconds()).toBe(7200)
  clock.now += SECOND
  expect(shorter.longestTokenSeconds()).toBe(60)
})
