import { expect, onTestFinished, test, vi } from 'vitest'
import { answerStatus, startServer } from '../testing/http-server.ts'
import { createKey, forgeHs256, keySet, mint } from '../testing/issuer.ts'
import { createWorld, expectAllAccepted, expectAllRefused, fromEach } from '../testing/setup.ts'
import { KeyRing } from './key-ring.ts'

test('JV-09 an embedded jwk is not consulted', async () => {
  const { key, verifier } = createWorld()
  const attacker = createKey()
  await expectAllRefused(verifier, {
    "under the issuer's kid": mint({ ...attacker, kid: key.kid }, { header: { jwk: attacker.jwk } }),
    "under the attacker's kid": mint(attacker, { header: { jwk: attacker.jwk } }),
  })
  await expectAllAccepted(verifier, {
    'beside a good signature': mint(key, { header: { jwk: attacker.jwk } }),
  })
})

test('JV-10 jku and x5u are never fetched', async () => {
  await using listener = await startServer(answerStatus(500))
  const { key, verifier } = createWorld()
  const attacker = createKey()
  const links = { jku: `${listener.origin}/keys`, x5u: `${listener.origin}/cert`, x5c: ['MIIB'] }

  await expectAllRefused(verifier, {
    "under the issuer's kid": mint({ ...attacker, kid: key.kid }, { header: links }),
    "under the attacker's kid": mint(attacker, { header: links }),
  })
  expect(listener.requests).toEqual([])
})

test('JV-12 a kid that is a path or a URL is a name like any other', async () => {
  const { verifier } = createWorld()
  const kids = [
    '../../../../dev/null',
    '/dev/null',
    'file:///etc/hostname',
    '__proto__',
    'constructor',
    "' OR 1=1 --",
  ]
  await expectAllRefused(verifier, {
    ...fromEach(kids, (kid) => mint({ ...createKey(), kid })),
    'HS256 under the empty key': forgeHs256('../../../../dev/null', ''),
  })
})

test('JV-14 a kid that is no string, empty or oversized is refused before any key is looked up', async () => {
  const key = createKey()
  let lookups = 0
  const jwks = () => {
    lookups++
    return keySet(key)
  }
  const { verifier } = createWorld({ jwks }, key)
  const kids = [
    'k'.repeat(65_536),
    'k'.repeat(257),
    '',
    1,
    [key.kid],
    { kid: key.kid },
    null,
    true,
    undefined,
  ]

  await expectAllRefused(
    verifier,
    fromEach(kids, (kid) => mint(key, { header: { kid } })),
  )
  expect(lookups).toBe(0)
})

test('JV-14 a kid that names two keys is refused, for the sender would have the choice', async () => {
  const [key, other] = [createKey('ES256', 'same'), createKey('RS256', 'same')]
  const { verifier } = createWorld({ jwks: keySet(key, other) })
  await expectAllRefused(verifier, { first: mint(key), second: mint(other) })
})

test('a key is imported once however many tokens name it, and again only when its material has changed', async () => {
  const imports = vi.spyOn(crypto.subtle, 'importKey')
  onTestFinished(() => imports.mockRestore())
  const [first, second] = [createKey(), createKey()]
  const ring = new KeyRing(keySet(first, second))

  const found = await Promise.all(Array.from({ length: 100 }, () => ring.find(first.kid)))
  await ring.find(second.kid)
  await ring.find(first.kid)
  expect(imports).toHaveBeenCalledTimes(2)

  const renewed = new KeyRing(keySet(createKey(), first), ring)
  expect(await renewed.find(first.kid)).toBe(found[0])
  expect(imports).toHaveBeenCalledTimes(2)
  expect(await renewed.find(second.kid)).toBeUndefined()

  const namesake = createKey('ES256', first.kid)
  expect(await new KeyRing(keySet(namesake), renewed).find(first.kid)).not.toBe(found[0])
  expect(imports).toHaveBeenCalledTimes(3)
})

test('a ring holds only the very key that has the name in it', async () => {
  const key = createKey()
  const ring = new KeyRing(keySet(key))
  const found = await ring.find(key.kid)
  expect(found && ring.holds(key.kid, found)).toBe(true)
  expect(found && ring.holds('another', found)).toBe(false)
  expect(found && new KeyRing(keySet(key)).holds(key.kid, found)).toBe(false)
  expect(found && new KeyRing(keySet(createKey('ES256', key.kid)), ring).holds(key.kid, found)).toBe(false)
})
