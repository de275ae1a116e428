// Compiles every code example of the documentation, and looks up the commands that it names. For all pages:
// `npm run check -- examples`; for some: `node tools/check/examples.ts docs/guide/react.md`.
// CONTRIBUTING.md says how to prepare an example.
import { globSync, readFileSync } from 'node:fs'
import { join, relative, resolve } from 'node:path'
import { wrongCommands } from '../examples/commands.ts'
import { compile } from '../examples/compile.ts'
import { type Mistake, PAGES, readPage } from '../examples/page.ts'

const ROOT = join(import.meta.dirname, '../..')

const named = process.argv.slice(2).map((path) => relative(ROOT, resolve(path)))
const files = named.length > 0 ? named : globSync(PAGES, { cwd: ROOT }).sort()
const texts = new Map(files.map((file) => [file, readFileSync(join(ROOT, file), 'utf8')]))
const pages = [...texts].map(([file, text]) => readPage(file, text))
const examples = pages.flatMap((page) => page.examples)
const mistakes = [
  ...pages.flatMap((page) => page.mistakes),
  ...[...texts].flatMap(([file, text]) => wrongCommands(ROOT, file, text)),
  ...compile(ROOT, examples),
].sort((a, b) => a.file.localeCompare(b.file) || a.line - b.line)

const inPages = mistakes.filter(({ file }) => texts.has(file))
const [elsewhere] = mistakes.filter(({ file }) => !texts.has(file))
for (const mistake of inPages) say(...sentences(mistake))
if (elsewhere !== undefined) {
  say('What the examples import does not compile itself (npm run check -- types), first of all:')
  say(...sentences(elsewhere))
}
for (const { file, line, reason } of pages.flatMap((page) => page.skipped)) {
  say(`${file}:${line}: not compiled: ${reason}`)
}
say(`${examples.length} examples, ${inPages.length} mistakes`)
process.exitCode = mistakes.length === 0 ? 0 : 1

function say(...lines: readonly string[]): void {
  for (const line of lines) process.stdout.write(`${line}\n`)
}

function sentences({ file, line, message }: Mistake): string[] {
  return [`${file}:${line}: ${message}`, ...advice(message).map((text) => `    ${text}`)]
}

/** What usually mends it. */
function advice(message: string): string[] {
  const name = /(?:find name|shorthand property) '(?<name>\w+)'/.exec(message)?.groups?.name
  if (name !== undefined) {
    return [
      `Does the text say what it is? Before the block: <!-- check: declare const ${name}: TYPE -->`,
      'Does the example above? Before the block: <!-- check: continues -->',
    ]
  }
  return /^Cannot find module '[^./]/.test(message)
    ? ['Is it not installed here? Declare what the example uses of it in tools/examples/elsewhere.d.ts']
    : []
}
