/** One line of a file, without its end. */
export interface Line {
  /** From 1. */
  number: number
  /** As it stands in the file, as far as anybody looks at it. */
  bytes: Buffer
  /** How many bytes of the file have been read with it. */
  readBytes: number
}

const NEWLINE = 0x0a
/** Of a longer one, no more is kept: a file without line ends must not fill the memory. */
const MAX_LINE_BYTES = 256 * 1024

export async function* linesOf(chunks: AsyncIterable<Buffer>): AsyncGenerator<Line> {
  let number = 0
  let readBytes = 0
  let kept: Buffer[] = []
  let keptBytes = 0
  const keep = (part: Buffer) => {
    const room = part.subarray(0, Math.max(0, MAX_LINE_BYTES - keptBytes))
    if (room.length > 0) kept.push(room)
    keptBytes += part.length
  }
  const take = (): Line => {
    const bytes = withoutReturn(kept.length === 1 ? (kept[0] as Buffer) : Buffer.concat(kept))
    kept = []
    keptBytes = 0
    return { number: ++number, bytes, readBytes }
  }
  for await (const chunk of chunks) {
    let from = 0
    for (let at = chunk.indexOf(NEWLINE); at !== -1; at = chunk.indexOf(NEWLINE, from)) {
      keep(chunk.subarray(from, at))
      readBytes += at + 1 - from
      from = at + 1
      yield take()
    }
    keep(chunk.subarray(from))
    readBytes += chunk.length - from
  }
  if (keptBytes > 0) yield take()
}

const decoder = new TextDecoder('utf-8', { fatal: true })

/** Null for bytes that are no UTF-8. A byte order mark at the start is not part of the text. */
export function textOf({ bytes }: Line): string | null {
  try {
    return decoder.decode(bytes).trim()
  } catch {
    return null
  }
}

function withoutReturn(line: Buffer): Buffer {
  return line.at(-1) === 0x0d ? line.subarray(0, -1) : line
}
