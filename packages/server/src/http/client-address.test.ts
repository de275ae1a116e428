import { expect, test } from 'vitest'
import { clientAddressReader } from './client-address.ts'

const PEER = '10.0.0.5'
const behindProxy = clientAddressReader(['10.0.0.0/8', '2001:db8:1::/48', '192.0.2.7'])
const onItsOwn = clientAddressReader([])

test('without a trusted proxy the client is who is connected, whatever a header says', () => {
  for (const forwarded of [null, '', '203.0.113.9', '127.0.0.1', '10.0.0.1, 203.0.113.9', 'unknown']) {
    expect(onItsOwn('198.51.100.4', forwarded), String(forwarded)).toBe('198.51.100.4')
    expect(behindProxy('198.51.100.4', forwarded), `untrusted peer: ${forwarded}`).toBe('198.51.100.4')
  }
})

test('behind trusted proxies the client is the right-most address that is not one of them', () => {
  const cases: [forwarded: string | null, client: string][] = [
    ['203.0.113.9', '203.0.113.9'],
    ['1.1.1.1, 203.0.113.9', '203.0.113.9'],
    ['1.1.1.1, 203.0.113.9, 10.0.0.1', '203.0.113.9'],
    ['1.1.1.1,203.0.113.9,10.0.0.1,192.0.2.7', '203.0.113.9'],
    ['1.1.1.1 ,\t203.0.113.9 , 10.255.255.255', '203.0.113.9'],
    ['2001:db8:2::1, 2001:db8:1::7', '2001:db8:2::1'],
    ['10.0.0.9, 10.0.0.8', '10.0.0.9'],
    ['10.0.0.8', '10.0.0.8'],
    [null, PEER],
  ]
  for (const [forwarded, client] of cases)
    expect(behindProxy(PEER, forwarded), String(forwarded)).toBe(client)
})

test('RL-06: what is no address is believed by nobody: the hop before it is the client', () => {
  const garbage = [
    '',
    ' ',
    'unknown',
    '_hidden',
    'localhost',
    '203.0.113.9:4711',
    '[2001:db8:2::1]',
    '[2001:db8:2::1]:80',
  ]
  garbage.push(
    '203.0.113.999',
    '203.0.113',
    '1',
    '0x7f.1',
    '010.0.0.1',
    'fe80::1%eth0;x',
    'é',
    '<script>',
    "' or 1=1",
    'null',
    '203.0.113.9 1.1.1.1',
  )
  for (const text of garbage) {
    expect(behindProxy(PEER, text), text).toBe(PEER)
    expect(behindProxy(PEER, `203.0.113.9, ${text}`), `behind an address: ${text}`).toBe(PEER)
    expect(behindProxy(PEER, `${text}, 203.0.113.9`), `before an address: ${text}`).toBe('203.0.113.9')
    expect(behindProxy(PEER, `203.0.113.9, ${text}, 10.0.0.1`), `in the middle: ${text}`).toBe('10.0.0.1')
  }
})

test('RL-06: thousands of hops are walked in no time, and say nothing that counts', () => {
  const start = performance.now()
  expect(behindProxy(PEER, Array(3_000).fill('203.0.113.9').join(', '))).toBe('203.0.113.9')
  expect(behindProxy(PEER, Array(3_000).fill('10.0.0.1').join(', '))).toBe('10.0.0.1')
  expect(behindProxy(PEER, ','.repeat(16_000))).toBe(PEER)
  expect(behindProxy(PEER, 'a'.repeat(65_536))).toBe(PEER)
  expect(performance.now() - start).toBeLessThan(500)
})

test('an address has one spelling', () => {
  expect(onItsOwn('::ffff:203.0.113.9', null)).toBe('203.0.113.9')
  expect(behindProxy('::ffff:10.0.0.5', '::ffff:203.0.113.9')).toBe('203.0.113.9')
  expect(behindProxy(PEER, '2001:0DB8:0002:0000:0000:0000:0000:0001')).toBe('2001:db8:2::1')
  expect(behindProxy('2001:db8:1::1', '203.0.113.9')).toBe('203.0.113.9')
  expect(onItsOwn('fe80::1%eth0', null), 'whatever its zone is called').toBe('fe80::1')
})

test('where nobody knows who is connected there is no address, and none is made up', () => {
  expect(onItsOwn(undefined, '203.0.113.9')).toBeNull()
  expect(behindProxy(undefined, '203.0.113.9')).toBeNull()
  expect(behindProxy('not an address', '203.0.113.9')).toBeNull()
})
