import { expect, test } from 'vitest'
import { metadataUrl, readJwksUri } from './discovery.ts'

test('the well-known path goes between the host of the issuer and its path', () => {
  const wellKnown = '/.well-known/oauth-authorization-server'
  expect(metadataUrl('https://auth.example.com')).toBe(`https://auth.example.com${wellKnown}`)
  expect(metadataUrl('https://auth.example.com/')).toBe(`https://auth.example.com${wellKnown}`)
  expect(metadataUrl('https://example.com/a/b')).toBe(`https://example.com${wellKnown}/a/b`)
  expect(metadataUrl('https://example.com/a/')).toBe(`https://example.com${wellKnown}/a`)
  expect(metadataUrl('http://localhost:3000')).toBe(`http://localhost:3000${wellKnown}`)
})

test('an issuer that is no plain http or https URL has no metadata', () => {
  const issuers = [
    '',
    'auth',
    'urn:auth',
    'file:///auth',
    'https://a?x',
    'https://a#x',
    'https://a?',
    'https://me:secret@a',
  ]
  for (const issuer of issuers) expect([issuer, metadataUrl(issuer)]).toEqual([issuer, undefined])
})

test('the keys of an https issuer are not fetched over plain http', () => {
  const issuer = 'https://auth.example.com'
  expect(readJwksUri({ issuer, jwks_uri: 'https://keys.example.com/k' }, issuer)).toBe(
    'https://keys.example.com/k',
  )
  expect(() => readJwksUri({ issuer, jwks_uri: 'http://auth.example.com/k' }, issuer)).toThrow(/jwks_uri/)
  expect(() => readJwksUri({ issuer, jwks_uri: 'https://me:secret@auth.example.com/k' }, issuer)).toThrow(
    /jwks_uri/,
  )
})
