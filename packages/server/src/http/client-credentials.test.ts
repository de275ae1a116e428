import { expect, test } from 'vitest'
import { clientCredentials } from './client-credentials.ts'

const NOBODY = { via: 'basic', id: '', secret: '' }

function read(authorization: string | null, fields: { client_id?: string; client_secret?: string } = {}) {
  return clientCredentials(new Headers(authorization === null ? {} : { authorization }), fields)
}

const basic = (text: string) => `Basic ${Buffer.from(text).toString('base64')}`

test('HTTP Basic holds an id and a secret, each in form encoding (RFC 6749 §2.3.1)', () => {
  expect(read(basic('svc_a:lks_b'))).toEqual({ via: 'basic', id: 'svc_a', secret: 'lks_b' })
  expect(read(basic('svc%5Fa:l%6B+s%3A%C3%BC'))).toEqual({ via: 'basic', id: 'svc_a', secret: 'lk s:ü' })
  expect(read(basic('a:b:c')), 'only the first colon parts them').toMatchObject({ id: 'a', secret: 'b:c' })
  expect(read(basic('latchkey-native:'))).toEqual({ via: 'basic', id: 'latchkey-native', secret: '' })
  expect(read(basic('a:b').replace('Basic ', 'bAsIc   ')), 'the scheme has no case').toMatchObject({
    id: 'a',
  })
})

test('what is not HTTP Basic to the letter is nobody', () => {
  const malformed = [
    'Basic',
    'Basic ',
    'Basic !!!!',
    'Basic YTpi=',
    'Basic YTpiYw',
    'Basic YTpiYx==',
    'Basic YTpi YTpi',
    'Basic YTpi,YTpi',
    'Basic Y-_i',
    basic('no colon'),
    basic('a%:b'),
    basic('a%FF:b'),
    `Basic ${Buffer.from([0xff, 0x3a, 0x62]).toString('base64')}`,
  ]
  for (const authorization of malformed) expect(read(authorization), authorization).toEqual(NOBODY)
})

test('an access token says nothing of the client; any other scheme is one that is not known here', () => {
  for (const authorization of [null, 'Bearer x', 'bearer', 'BEARER  x']) {
    expect(read(authorization)).toEqual({ via: 'nothing' })
  }
  for (const authorization of ['Basics YTpi', 'BasicYTpi', 'Digest username=a', 'Bearers x', '']) {
    expect(read(authorization), authorization).toEqual(NOBODY)
  }
})

test('the form says it too; half of it names nobody', () => {
  expect(read(null, { client_id: 'svc_a', client_secret: 'lks_b' })).toEqual({
    via: 'form',
    id: 'svc_a',
    secret: 'lks_b',
  })
  expect(read('Bearer x', { client_id: 'svc_a' })).toEqual({ via: 'form', id: 'svc_a', secret: '' })
  expect(read(null, { client_secret: 'lks_b' })).toEqual({ via: 'form', id: '', secret: 'lks_b' })
})

test('both at once are refused, for nobody could tell which one counts', () => {
  const both = [
    { client_id: 'svc_a', client_secret: 'lks_b' },
    { client_secret: '' },
    { client_id: 'svc_other' },
  ]
  for (const fields of both) {
    expect(() => read(basic('svc_a:lks_b'), fields)).toThrow(
      expect.objectContaining({ code: 'INVALID_REQUEST' }),
    )
  }
  expect(read(basic('svc_a:lks_b'), { client_id: 'svc_a' }), 'the same id said twice').toMatchObject({
    via: 'basic',
    id: 'svc_a',
  })
})
