import { expect, test } from 'vitest'
import {
  AUDIENCE,
  claims,
  createKey,
  headerFor,
  ISSUER,
  keySet,
  mint,
  NOW,
  signToken,
} from '../testing/issuer.ts'
import { createWorld, expectAllAccepted, expectAllRefused, fromEach, outcome } from '../testing/setup.ts'
import { createVerifier } from '../verify.ts'

test('JV-19 a token for another service is refused; one among several audiences is enough', async () => {
  const { key, verifier } = createWorld()
  const wrong = [
    undefined,
    'https://other.example.com',
    [],
    ['https://other.example.com'],
    { [AUDIENCE]: true },
    null,
    '',
  ]
  await expectAllRefused(verifier, {
    ...fromEach(wrong, (aud) => mint(key, { claims: { aud } })),
    'an array that holds more than strings': mint(key, { claims: { aud: [AUDIENCE, 1] } }),
    'an array in an array': mint(key, { claims: { aud: [[AUDIENCE]] } }),
  })
  const good = [AUDIENCE, [AUDIENCE], ['https://other.example.com', AUDIENCE]]
  await expectAllAccepted(
    verifier,
    fromEach(good, (aud) => mint(key, { claims: { aud } })),
  )
})

test('JV-20 an audience that only resembles the configured one is refused', async () => {
  const { key, verifier } = createWorld()
  const alike = [
    AUDIENCE.slice(0, -1),
    `${AUDIENCE}m`,
    `${AUDIENCE}/`,
    AUDIENCE.toUpperCase(),
    ` ${AUDIENCE}`,
  ]
  await expectAllRefused(verifier, {
    ...fromEach(alike, (aud) => mint(key, { claims: { aud } })),
    ...fromEach(
      alike.map((aud) => [aud]),
      (aud) => mint(key, { claims: { aud } }),
    ),
  })
})

test('JV-21 the issuer is one string, compared character by character', async () => {
  const { key, verifier } = createWorld()
  const wrong = [
    'https://evil.example.com',
    undefined,
    `${ISSUER}/`,
    [ISSUER],
    ['https://evil.example.com', ISSUER],
  ]
  const more = [ISSUER.toUpperCase(), ISSUER.slice(0, -1), { 0: ISSUER }, null, '']
  await expectAllRefused(
    verifier,
    fromEach([...wrong, ...more], (iss) => mint(key, { claims: { iss } })),
  )
})

test('JV-23 a token is over once exp and the leeway have passed', async () => {
  const { key, verifier } = createWorld({ clockLeewaySeconds: 5 })
  const expired = { 'when the leeway ends': NOW - 5, 'a second later': NOW - 6, zero: 0, negative: -1 }
  for (const [name, exp] of Object.entries(expired)) {
    expect([name, await outcome(verifier.verify(mint(key, { claims: { exp } })))]).toEqual([
      name,
      'TOKEN_EXPIRED',
    ])
  }
  await expectAllAccepted(verifier, { 'within the leeway': mint(key, { claims: { exp: NOW - 4 } }) })
})

test('JV-23 times that are missing or no finite numbers are refused', async () => {
  const { key, verifier } = createWorld()
  const wrong = (time: number) => [undefined, null, String(time), [time], {}, true]
  const infinite = (name: string, time: string) =>
    signToken(key, headerFor(key), JSON.stringify(claims({ [name]: 'T' })).replace('"T"', time))

  await expectAllRefused(verifier, {
    ...fromEach(wrong(NOW + 900), (exp) => mint(key, { claims: { exp } })),
    'exp infinite': infinite('exp', '1e400'),
  })
  await expectAllRefused(verifier, {
    ...fromEach(wrong(NOW), (iat) => mint(key, { claims: { iat } })),
    'iat infinite': infinite('iat', '-1e400'),
  })
  await expectAllRefused(verifier, {
    ...fromEach(wrong(NOW).slice(1), (nbf) => mint(key, { claims: { nbf } })),
    'nbf infinite': infinite('nbf', '-1e400'),
  })
})

test('JV-23 a token made to live longer than the cap is refused from the start', async () => {
  const { key, verifier } = createWorld({ maxLifetimeSeconds: 3600 })
  await expectAllAccepted(verifier, { 'the longest': mint(key, { claims: { exp: NOW + 3600 } }) })
  await expectAllRefused(verifier, {
    'a second longer': mint(key, { claims: { exp: NOW + 3601 } }),
    'issued long ago': mint(key, { claims: { iat: NOW - 3600, exp: NOW + 1 } }),
  })
})

test('JV-25 a token from the future is refused', async () => {
  const { key, verifier } = createWorld({ clockLeewaySeconds: 5 })
  await expectAllRefused(verifier, {
    'nbf in 5 minutes': mint(key, { claims: { nbf: NOW + 300 } }),
    'nbf a second beyond the leeway': mint(key, { claims: { nbf: NOW + 6 } }),
    'iat in an hour': mint(key, { claims: { iat: NOW + 3600, exp: NOW + 4500 } }),
    'iat a second beyond the leeway': mint(key, { claims: { iat: NOW + 6 } }),
  })
  await expectAllAccepted(verifier, {
    'nbf within the leeway': mint(key, { claims: { nbf: NOW + 5 } }),
    'iat within the leeway': mint(key, { claims: { iat: NOW + 5 } }),
    'nbf in the past': mint(key, { claims: { nbf: NOW - 1 } }),
  })
})

test('JV-36 a token that verified once is refused after exp by the same verifier', async () => {
  const { key, clock, verifier } = createWorld()
  const token = mint(key)
  expect(await outcome(verifier.verify(token))).toBe('accepted')
  clock.now = NOW + 900 + 5
  expect(await outcome(verifier.verify(token))).toBe('TOKEN_EXPIRED')
})

test('JV-37 a pattern for issuer or audience is refused; with a list, ten of ten are accepted', async () => {
  const jwks = keySet(createKey())
  const pattern = /example/g as unknown as string
  expect(() => createVerifier({ issuer: pattern, audience: AUDIENCE, jwks })).toThrow(TypeError)
  expect(() => createVerifier({ issuer: ISSUER, audience: pattern, jwks })).toThrow(TypeError)
  expect(() => createVerifier({ issuer: ISSUER, audience: [pattern], jwks })).toThrow(TypeError)

  const { key, verifier } = createWorld({ audience: ['https://other.example.com', AUDIENCE] })
  const token = mint(key)
  for (let time = 0; time < 10; time++) expect(await outcome(verifier.verify(token))).toBe('accepted')
})

test('the claims that tie a token to a user, a client and a session are compulsory', async () => {
  const { key, verifier } = createWorld()
  for (const name of ['sub', 'jti', 'sid', 'client_id']) {
    await expectAllRefused(
      verifier,
      fromEach([undefined, '', null, 1, ['x'], {}], (value) => mint(key, { claims: { [name]: value } })),
    )
  }
})

test('roles, amr and auth_time may be left out, but not be of another kind', async () => {
  const { key, verifier } = createWorld()
  await expectAllAccepted(verifier, {
    absent: mint(key, { claims: { roles: undefined, amr: undefined, auth_time: undefined } }),
  })
  await expectAllRefused(verifier, {
    ...fromEach(['admin', [1], null, { admin: true }, [['admin']]], (roles) =>
      mint(key, { claims: { roles } }),
    ),
    'amr a string': mint(key, { claims: { amr: 'pwd' } }),
    'auth_time a string': mint(key, { claims: { auth_time: String(NOW) } }),
  })
})

test('CK-01 issuer and verifier may be apart by the leeway, in either direction and no further', async () => {
  const key = createKey()
  for (const [leeway, apart, fate] of [
    [5, 4, 'accepted'],
    [5, 30, 'refused'],
    [5, 300, 'refused'],
    [60, 30, 'accepted'],
    [60, 300, 'refused'],
    [0, 1, 'refused'],
  ] as const) {
    const { verifier } = createWorld({ clockLeewaySeconds: leeway }, key)
    const ahead = mint(key, { claims: { iat: NOW + apart, nbf: NOW + apart, exp: NOW + apart + 900 } })
    const ended = mint(key, { claims: { iat: NOW - 900 - apart, exp: NOW - apart } })

    expect([leeway, apart, await outcome(verifier.verify(ahead))]).toEqual([
      leeway,
      apart,
      fate === 'accepted' ? 'accepted' : 'TOKEN_INVALID',
    ])
    expect([leeway, apart, await outcome(verifier.verify(ended))]).toEqual([
      leeway,
      apart,
      fate === 'accepted' ? 'accepted' : 'TOKEN_EXPIRED',
    ])
  }
})

test('CK-01 a clock that tells no number refuses every token', async () => {
  const { key, verifier } = createWorld({ now: () => Number.NaN })
  expect(await outcome(verifier.verify(mint(key)))).toBe('TOKEN_INVALID')
})

test('CK-04 neither a change to summer time, nor a leap second, nor 2038 or 2106 has an effect', async () => {
  const { key, clock, verifier } = createWorld()
  const instants = [
    '2026-03-29T00:59:59Z',
    '2026-10-25T00:59:59Z',
    '2016-12-31T23:59:59Z',
    '2038-01-19T03:14:07Z',
    '2106-02-07T06:28:15Z',
  ]
  for (const instant of instants) {
    const iat = Date.parse(instant) / 1000
    const token = mint(key, { claims: { iat, nbf: iat, exp: iat + 900, auth_time: iat } })
    for (const [after, fate] of [
      [0, 'accepted'],
      [1, 'accepted'],
      [899, 'accepted'],
      [905, 'TOKEN_EXPIRED'],
    ] as const) {
      clock.now = iat + after
      expect([instant, after, await outcome(verifier.verify(token))]).toEqual([instant, after, fate])
    }
  }
})
