/** An unguessable name, 128 random bits in visible ASCII. `crypto.randomUUID` is missing on pages without https. */
export function newKey(): string {
  return crypto.getRandomValues(new Uint32Array(4)).join('-')
}
