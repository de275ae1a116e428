const MIN_BITS = 2048
/** Nobody needs more, and the time of one check grows with the square. */
const MAX_BITS = 8192

/**
 * Whether an RSA public key, as big-endian bytes, is too weak to trust a signature by: too small, an exponent with which everyone can
 * sign, or a modulus of the ROCA kind. RFC 7518 §3.3, RFC 8725 §3.5
 */
export function isWeakRsaKey(modulus: Uint8Array, exponent: Uint8Array): boolean {
  const n = toBigInt(modulus)
  const e = toBigInt(exponent)
  const bits = n.toString(2).length

  if (modulus[0] === 0 || bits < MIN_BITS || bits > MAX_BITS || n % 2n === 0n) return true
  // With e = 1 a signature is the message itself; an even e has no private key.
  if (e < 3n || e % 2n === 0n || e > 0xffff_ffffn) return true
  return hasRocaStructure(n)
}

const ROCA_PRIMES = [
  3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97, 101, 103, 107,
  109, 113, 127, 131, 137, 139, 149, 151, 157, 163, 167,
]

/**
 * Keys from one flawed maker are a power of 65537 modulo every small prime; a sound modulus is so with a chance of about one in
 * 2^27. Such keys can be factored. CVE-2017-15361
 */
function hasRocaStructure(n: bigint): boolean {
  return ROCA_PRIMES.every((prime) => isPowerOf65537(Number(n % BigInt(prime)), prime))
}

function isPowerOf65537(residue: number, prime: number): boolean {
  let power = 1
  do {
    if (power === residue) return true
    power = (power * 65537) % prime
  } while (power !== 1)
  return false
}

function toBigInt(bytes: Uint8Array): bigint {
  let hex = '0x0'
  for (const byte of bytes) hex += byte.toString(16).padStart(2, '0')
  return BigInt(hex)
}
