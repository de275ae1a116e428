import type { Readable, Writable } from 'node:stream'

/** Hands on what is written as whole lines, so that several who write to the same place don't cut each other's in two. */
export function forwardLines(from: Readable, to: Writable): void {
  let rest = ''
  from.setEncoding('utf8')
  from.on('data', (text: string) => {
    const end = text.lastIndexOf('\n') + 1
    if (end > 0) to.write(rest + text.slice(0, end))
    rest = end > 0 ? text.slice(end) : rest + text
  })
  // Who was killed in the middle of a line.
  from.on('end', () => {
    if (rest !== '') to.write(`${rest}\n`)
  })
}
