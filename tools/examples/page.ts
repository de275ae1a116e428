import { partsOf } from './markdown.ts'

/** Every page of the documentation. */
export const PAGES = ['*.md', 'packages/*/README.md', 'docs/**/*.md', 'examples/*/*.md']

/** What a fence may say, and the file that the block is then compiled as. */
const EXTENSIONS = new Map<string, Extension>([
  ['ts', 'ts'],
  ['typescript', 'ts'],
  ['mts', 'ts'],
  ['tsx', 'tsx'],
  ['js', 'js'],
  ['javascript', 'js'],
  ['mjs', 'js'],
  ['jsx', 'jsx'],
])
/** An example that Markdown shows and `partsOf` does not see, as in a quotation. */
const HIDDEN_FENCE = new RegExp(`(?:\`{3}|~{3})\\s*(?:${[...EXTENSIONS.keys()].join('|')})\\b`, 'i')

type Extension = 'ts' | 'tsx' | 'js' | 'jsx'

interface Place {
  /** As the reader of the report knows it, such as `docs/guide/react.md`. */
  file: string
  /** Counted from 1. */
  line: number
}

/** A block to compile. */
export interface Example extends Place {
  extension: Extension
  /**
   * The page, blank but for this block, the comments that prepare it and what it continues: so a line of the module is
   * a line of the page.
   */
  code: string
}

export interface SkippedExample extends Place {
  reason: string
}

/** What keeps an example from being found or understood. */
export interface Mistake extends Place {
  message: string
}

export interface Page {
  examples: Example[]
  skipped: SkippedExample[]
  mistakes: Mistake[]
}

/** What the comments right before a block say about it. */
interface Preparation {
  /** Goes on from the block before it. */
  continues: boolean
  skip?: string
  /** Code that the reader does not see. */
  hidden: { at: number; lines: string[] }[]
}

/**
 * The examples of one page. Right before a block, and not shown to the reader, there may stand
 * `<!-- check: CODE -->` with what the text assumes, `<!-- check: continues -->`, or `<!-- check: skip: REASON -->`.
 */
export function readPage(file: string, markdown: string): Page {
  const lines = markdown.split(/\r?\n/)
  const page: Page = { examples: [], skipped: [], mistakes: [] }
  let comments: { at: number; lines: string[] }[] = []
  let previous: Example | undefined

  const report = (at: number, message: string) => page.mistakes.push({ file, line: at + 1, message })
  const reportStray = () => {
    for (const { at } of comments) report(at, 'no example follows this comment: put it right before one')
    comments = []
  }

  for (const part of partsOf(lines)) {
    if (part.kind === 'open') report(part.at, 'what begins here does not end')
    if (part.kind === 'comment') {
      if (/<!--\s*check\b/.test(part.lines[0]!)) comments.push(part)
      continue
    }
    const extension = part.kind === 'block' ? EXTENSIONS.get(part.language) : undefined
    if (part.kind !== 'block' || extension === undefined) {
      reportStray()
      if (part.kind === 'text' && HIDDEN_FENCE.test(part.text)) {
        report(part.at, 'an example begins on a line of its own, or it would not be compiled')
      }
      continue
    }
    const { continues, skip, hidden } = prepare(comments, report)
    comments = []
    const place = { file, line: part.at + 1 }
    if (skip !== undefined) {
      page.skipped.push({ ...place, reason: skip })
      continue
    }
    if (continues && previous === undefined) report(part.at, 'there is no example before it to continue')

    const continued = continues ? previous : undefined
    const code = continued?.code.split('\n') ?? lines.map(() => '')
    for (const { at, lines } of [...hidden, { at: part.at + 1, lines: part.lines }]) {
      code.splice(at, lines.length, ...lines)
    }
    previous = { ...place, extension: joined(continued?.extension, extension), code: code.join('\n') }
    page.examples.push(previous)
  }
  reportStray()
  return page
}

function prepare(
  comments: readonly { at: number; lines: string[] }[],
  report: (at: number, message: string) => void,
): Preparation {
  const preparation: Preparation = { continues: false, hidden: [] }
  for (const { at, lines } of comments) {
    // Blanks for the marks, so that a column of the module is a column of the page.
    const blank = (mark: string) => ' '.repeat(mark.length)
    const code = lines.map((line) => line.replace(/^\s*<!--\s*check:/, blank).replace(/-->.*$/, blank))
    const text = code.join('\n').trim()
    const skip = /^skip\b:?\s*(?<reason>.*)$/s.exec(text)?.groups?.reason
    if (!/<!--\s*check:/.test(lines[0]!)) report(at, 'a colon is missing: <!-- check: … -->')
    else if (skip === '') report(at, 'say why: <!-- check: skip: the reason -->')
    else if (skip !== undefined) preparation.skip = skip
    else if (text === 'continues') preparation.continues = true
    else preparation.hidden.push({ at, lines: code })
  }
  return preparation
}

/** Markup and types may each stand in another block of those that continue each other. */
function joined(first: Extension | undefined, second: Extension): Extension {
  const both = [first ?? second, second]
  const language = both.some((extension) => extension.startsWith('ts')) ? 'ts' : 'js'
  return both.some((extension) => extension.endsWith('x')) ? `${language}x` : language
}
