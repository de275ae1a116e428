import ipaddr from 'ipaddr.js'

const FIRST_WAIT_SECONDS = 60
const LONGEST_WAIT_SECONDS = 3_600

/** How long nobody may try after the last free try (1) and each one after that (2, 3, ...), in seconds: twice as long each. */
export function waitAfter(nth: number): number {
  return Math.min(LONGEST_WAIT_SECONDS, FIRST_WAIT_SECONDS * 2 ** Math.max(0, nth - 1))
}

const IPV6_NETWORK_BITS = 64
const IPV6_NETWORK_BYTES = IPV6_NETWORK_BITS / 8

/**
 * What counts as one sender: an IPv4 address, or the /64 of an IPv6 one, in which a single household may have any address.
 * Null where nobody knows the address. RFC 6177
 */
export function addressRange(address: string | null): string | null {
  if (address === null || !ipaddr.isValid(address)) return null
  const parsed = ipaddr.process(address)
  if (parsed.kind() === 'ipv4') return parsed.toString()
  const network = parsed.toByteArray().slice(0, IPV6_NETWORK_BYTES)
  return `${Buffer.from(network).toString('hex')}/${IPV6_NETWORK_BITS}`
}
