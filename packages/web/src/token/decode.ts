// An access token taken apart, on this device. It owns reading one; it never verifies one, and says so.

export interface DecodedToken {
  header: { [name: string]: unknown }
  claims: { [name: string]: unknown }
}

/** Reads a JWT's two readable parts without checking its signature. `null` when it is not one. RFC 7519 §3 */
export function decodeToken(token: string): DecodedToken | null {
  const [header, claims, signature] = token.split('.').slice(0, 3)
  if (header === undefined || claims === undefined || signature === undefined) return null
  try {
    return { header: readPart(header), claims: readPart(claims) }
  } catch {
    return null
  }
}

function readPart(part: string): { [name: string]: unknown } {
  const bytes = Uint8Array.from(atob(part.replaceAll('-', '+').replaceAll('_', '/')), (char) =>
    char.charCodeAt(0),
  )
  return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
}
