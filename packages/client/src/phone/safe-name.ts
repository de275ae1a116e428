/**
 * Letters, digits, `.`, `-` and `_` stand for the key, which holds a URL, and no two keys for the same: each other
 * character, and `_` itself, becomes `_` with its bytes in hexadecimal.
 */
export function safeName(key: string): string {
  return encodeURIComponent(key)
    .replace(/[_!~*'()]/g, (character) => `%${character.charCodeAt(0).toString(16)}`)
    .replaceAll('%', '_')
}
