export type JsonObject = Readonly<Record<string, unknown>>

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/**
 * The JSON object that the bytes spell in UTF-8, or `undefined`. Refused, because two parsers would read them differently:
 * a byte order mark, malformed UTF-8, half a surrogate pair and a member that is named twice. RFC 7515 §4, RFC 8725 §3.7
 */
export function parseJsonObject(bytes: Uint8Array): JsonObject | undefined {
  try {
    const text = utf8.decode(bytes)
    const value: unknown = JSON.parse(text)
    if (!isJsonObject(value)) return undefined
    if (countMembers(text) !== Object.keys(value).length) return undefined
    if (text.includes('\\u')) JSON.parse(text, refuseLoneSurrogates)
    return value
  } catch {
    return undefined
  }
}

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/**
 * How many members the outermost object of a well-formed JSON text is written with. More than it has once parsed means that a
 * name was repeated, however its characters were escaped.
 */
export function countMembers(json: string): number {
  let depth = 0
  let members = 0
  for (let position = 0; position < json.length; position++) {
    switch (json[position]) {
      case '"':
        position = endOfString(json, position)
        break
      case '{':
      case '[':
        depth++
        break
      case '}':
      case ']':
        depth--
        break
      case ':':
        if (depth === 1) members++
        break
    }
  }
  return members
}

function endOfString(json: string, start: number): number {
  let position = start + 1
  while (json[position] !== '"') position += json[position] === '\\' ? 2 : 1
  return position
}

function refuseLoneSurrogates(name: string, value: unknown): unknown {
  if (!name.isWellFormed()) throw new SyntaxError('a name holds half a surrogate pair')
  if (typeof value === 'string' && !value.isWellFormed())
    throw new SyntaxError('a string holds half a surrogate pair')
  return value
}
