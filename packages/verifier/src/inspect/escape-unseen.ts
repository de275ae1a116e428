const UNSEEN = /[\p{C}\p{Zl}\p{Zp}]/gu

/**
 * Writes what is not seen, or changes how the rest is seen, as JSON escapes: control characters, with which a terminal can be told
 * to do things, line breaks, marks that turn text around, and half characters. A JSON text means the same afterwards.
 */
export function escapeUnseen(text: string): string {
  return text.replace(UNSEEN, (character) =>
    Array.from(
      { length: character.length },
      (_, i) => `\\u${character.charCodeAt(i).toString(16).padStart(4, '0')}`,
    ).join(''),
  )
}
