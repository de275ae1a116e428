import { isIP } from 'node:net'
import ipaddr from 'ipaddr.js'

type Range = ReturnType<typeof ipaddr.parseCIDR>

/**
 * Makes the function that tells a client's address: the peer's own, unless the peer is a trusted proxy; then the
 * right-most address in `X-Forwarded-For` that is not one. What stands left of that is the client's own claim, and no
 * other header counts. Null where the server around the service did not say who is connected.
 *
 * @param trustedProxies CIDRs, or single addresses
 */
export function clientAddressReader(
  trustedProxies: readonly string[],
): (remoteAddress: string | undefined, forwardedFor: string | null) => string | null {
  const ranges = trustedProxies.map(toRange)

  return (remoteAddress, forwardedFor) => {
    const peer = remoteAddress === undefined ? null : canonical(remoteAddress)
    if (peer === null || forwardedFor === null || !isTrusted(peer, ranges)) return peer
    let client = peer
    for (const hop of forwardedFor.split(',').reverse()) {
      const address = canonical(hop.trim())
      if (address === null) return client
      client = address
      if (!isTrusted(address, ranges)) return client
    }
    return client
  }
}

/**
 * One spelling per address: an IPv4 address in IPv6 clothes is the IPv4 address, and a zone, which anybody may call
 * anything, is left out. The abbreviations of inet_aton are none: proxies do not write them.
 */
function canonical(text: string): string | null {
  return isIP(text) === 0 ? null : ipaddr.process(text.replace(/%.*/, '')).toString()
}

function isTrusted(address: string, ranges: readonly Range[]): boolean {
  const parsed = ipaddr.process(address)
  return ranges.some(([network, bits]) => parsed.kind() === network.kind() && parsed.match(network, bits))
}

function toRange(cidr: string): Range {
  if (cidr.includes('/')) return ipaddr.parseCIDR(cidr)
  const address = ipaddr.parse(cidr)
  return [address, address.kind() === 'ipv4' ? 32 : 128]
}
