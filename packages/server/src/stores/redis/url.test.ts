import { expect, test } from 'vitest'
import { ConfigError } from '../../errors.ts'
import { parseRedisUrl } from './url.ts'

test.each([
  ['redis://cache', { kind: 'single', addresses: [{ host: 'cache', port: 6379 }], db: 0, tls: null }],
  ['redis://10.0.0.1:7000/3', { addresses: [{ host: '10.0.0.1', port: 7000 }], db: 3 }],
  ['redis://[2001:db8::1]:7000', { addresses: [{ host: '2001:db8::1', port: 7000 }] }],
  ['rediss://cache', { tls: { ca: null } }],
  ['redis://ada:s%40crt%3A@cache', { username: 'ada', password: 's@crt:' }],
  ['redis://:secret@cache', { username: null, password: 'secret' }],
  ['redis://secret@cache', { username: null, password: 'secret' }],
  [
    'rediss+cluster://:secret@a:1,b:2,c',
    {
      kind: 'cluster',
      addresses: [
        { host: 'a', port: 1 },
        { host: 'b', port: 2 },
        { host: 'c', port: 6379 },
      ],
      password: 'secret',
      tls: { ca: null },
    },
  ],
  [
    'redis+sentinel://:secret@a,b:26380/main?db=2&sentinel_password=other',
    {
      kind: 'sentinel',
      addresses: [
        { host: 'a', port: 26_379 },
        { host: 'b', port: 26_380 },
      ],
      master: 'main',
      db: 2,
      password: 'secret',
      sentinelPassword: 'other',
    },
  ],
])('%s is understood', (url, meaning) => {
  expect(parseRedisUrl(url)).toMatchObject(meaning)
})

test.each([
  ['redis://:secret@a:1,b:2', 'several hosts'],
  ['redis://:secret@a:99999999', 'HOST:PORT'],
  ['redis://:secret@a/main', 'no number'],
  ['redis+sentinel://:secret@a', 'name of the master'],
  ['redis+cluster://:secret@a/1', 'number 0'],
  ['redis://:secret@a?tls_cert=x', 'tls_cert'],
  ['rediss://:secret@a?tls_ca=/nowhere', 'ENOENT'],
  ['redis://:secret%@a', '%25'],
  ['redis://:secret@', 'is not redis://'],
])('%s is refused with the reason, and without the password', (url, reason) => {
  const refused = () => parseRedisUrl(url)
  expect(refused).toThrow(ConfigError)
  expect(refused).toThrow(reason)
  expect(refused).not.toThrow('secret')
})
