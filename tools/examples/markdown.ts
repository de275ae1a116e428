// The code examples of the documentation: found in Markdown, and compiled as their readers would compile them.
// It owns no example: those stand in the pages, with comments that say what the text around them assumes.

/** A piece of a page. `at` is the index of its first line. */
export type Part =
  | { kind: 'text'; at: number; text: string }
  | { kind: 'comment'; at: number; lines: string[] }
  | { kind: 'block'; at: number; language: string; lines: string[] }
  /** A comment or a block that goes on to the end of the page. */
  | { kind: 'open'; at: number }

const FENCE = /^\s*(?<fence>`{3,}|~{3,})\s*(?<language>[^\s`{]*)/

/** Line by line, as far as code blocks and HTML comments go. Blank lines are left out. */
export function partsOf(lines: readonly string[]): Part[] {
  const parts: Part[] = []
  for (let at = 0; at < lines.length; ) {
    const part = partAt(lines, at)
    parts.push(part.part)
    at = part.next
  }
  return parts.filter((part) => part.kind !== 'text' || part.text.trim() !== '')
}

function partAt(lines: readonly string[], at: number): { part: Part; next: number } {
  const text = lines[at]!
  const fence = FENCE.exec(text)?.groups
  const isComment = text.trimStart().startsWith('<!--')
  if (fence === undefined && !isComment) return { part: { kind: 'text', at, text }, next: at + 1 }

  const isLast = (line: string, index: number) =>
    fence === undefined ? index >= at && line.includes('-->') : index > at && closes(line, fence.fence!)
  const last = lines.findIndex(isLast)
  if (last === -1) return { part: { kind: 'open', at }, next: lines.length }
  const part: Part =
    fence === undefined
      ? { kind: 'comment', at, lines: lines.slice(at, last + 1) }
      : { kind: 'block', at, language: fence.language!.toLowerCase(), lines: lines.slice(at + 1, last) }
  return { part, next: last + 1 }
}

function closes(line: string, fence: string): boolean {
  const mark = line.trim()
  return mark.length >= fence.length && mark === fence[0]!.repeat(mark.length)
}
