import { spawnSync } from 'node:child_process'
import { globSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { type Example, PAGES, readPage } from '../../tools/examples/page.ts'
import { temporaryFolder } from '../support/auth.ts'

const ROOT = join(import.meta.dirname, '../..')

/** The examples that nothing compiles. A new one needs a reason that convinces a reviewer here too. */
const NOT_COMPILED: readonly string[] = []

test('every example of the documentation is compiled, but for those listed here', () => {
  const files = globSync(PAGES, { cwd: ROOT })
  const pages = files.map((file) => readPage(file, readFileSync(join(ROOT, file), 'utf8')))
  const skipped = pages.flatMap((page) => page.skipped).map(({ file, reason }) => `${file}: ${reason}`)

  expect(pages.flatMap((page) => page.examples).length).toBeGreaterThan(6)
  expect(skipped).toEqual(NOT_COMPILED)
})

test('an example that does not compile is reported by its line in the page', () => {
  const { status, report } = check(`
# Greeting

\`\`\`ts
const greeting: string = 'hello'
greeting.shout()
\`\`\`

\`\`\`tsx
import type { ReactNode } from 'react'
export const Title = ({ text }: { text: ReactNode }) => <h1 className={1}>{text}</h1>
\`\`\`

\`\`\`js
export const twice = (word) => word * 'two'
\`\`\`
`)
  expect(status).toBe(1)
  expect(report).toMatch(/page\.md:6: Property 'shout' does not exist on type 'string'/)
  expect(report).toMatch(/page\.md:11: Type 'number' is not assignable to type 'string'/)
  expect(report).toMatch(/page\.md:15: The right-hand side of an arithmetic operation/)
  expect(report).toContain('3 examples, 3 mistakes')
})

test('an example knows the packages by their public names, and an option that is not theirs is a mistake', () => {
  const { report } = check(`
\`\`\`ts
import { createAuthClient } from '@latchkey/client'
import { createVerifier } from '@latchkey/verifier'
import { createAuth } from 'latchkey'
import { createSession } from '@latchkey/client/src/session.ts'

createAuthClient({ baseURL: 'https://auth.example.com' })
createVerifier({ issuer: 'https://auth.example.com' })
await createAuth({ urls: [] })
\`\`\`
`)
  expect(report).toMatch(/page\.md:6: Cannot find module '@latchkey\/client\/src\/session\.ts'/)
  expect(report).toMatch(/page\.md:8: .*'baseURL' does not exist in type 'AuthClientOptions'/)
  expect(report).toMatch(/page\.md:9: .*Property 'audience' is missing/)
  expect(report).toMatch(/page\.md:10: .*'urls' does not exist in type 'AuthOptions'/)
})

test('a name that no block declares is a mistake, with how to mend it', () => {
  const { status, report } = check(`
\`\`\`ts
const email = 'ada@example.com'
\`\`\`

\`\`\`ts
export const domain = email.split('@')[1]
\`\`\`
`)
  expect(status).toBe(1)
  expect(report).toMatch(/page\.md:7: Cannot find name 'email'/)
  expect(report).toContain('<!-- check: declare const email: TYPE -->')
  expect(report).toContain('<!-- check: continues -->')
})

test('a comment that the reader does not see declares it, or goes on from the example above', () => {
  const { status, report } = check(`
<!-- check: declare const email: string -->
\`\`\`ts
const [name] = email.split('@')
\`\`\`

Then:

<!-- check: continues -->
<!-- check:
declare function greet(name: string): void
-->
\`\`\`ts
greet(name ?? 'stranger')
\`\`\`
`)
  expect(report).toBe('2 examples, 0 mistakes\n')
  expect(status).toBe(0)
})

test('two examples of one page may use the same names', () => {
  const { report } = check(`
\`\`\`ts
const name = 'ada'
\`\`\`

\`\`\`ts
const name = 1815
\`\`\`
`)
  expect(report).toBe('2 examples, 0 mistakes\n')
})

test('what would keep an example from being found is a mistake', () => {
  const pages: Record<string, string> = {
    'an example begins on a line of its own': '> ```ts\n> nonsense\n> ```',
    'what begins here does not end': '```ts\nnonsense',
    'no example follows this comment': '<!-- check: declare const a: string -->\n\nText.\n\n```ts\n```',
    'a colon is missing': '<!-- check declare const a: string -->\n```ts\n```',
    'say why': '<!-- check: skip -->\n```ts\n```',
    'there is no example before it': '<!-- check: continues -->\n```ts\n```',
  }
  for (const [message, markdown] of Object.entries(pages)) {
    expect(readPage('page.md', markdown).mistakes.map((mistake) => mistake.message)).toEqual([
      expect.stringContaining(message),
    ])
  }
})

test('blocks of another language, and fences inside a block or a comment, are no examples', () => {
  const markdown = '```sh\nls\n```\n\n````md\n```ts\nnonsense\n```\n````\n\n<!--\n```ts\nnonsense\n```\n-->'
  expect(readPage('page.md', markdown)).toEqual({ examples: [], skipped: [], mistakes: [] })
})

test('a line and a column of the compiled module are those of the page', () => {
  const markdown = '# One\n\n<!-- check: declare const a: string -->\n  ~~~TypeScript\n  a\n  ~~~'
  const page = readPage('page.md', markdown)
  const [example] = page.examples as [Example]

  expect(example).toMatchObject({ file: 'page.md', line: 4, extension: 'ts' })
  expect(example.code.split('\n')).toEqual(['', '', '            declare const a: string    ', '', '  a', ''])
})

test('a command or a flag that does not exist is a mistake, in a shell block and in the text', () => {
  const { report } = check(`
Run \`npm run bild\`, then \`latchkey sreve --port 1\`, or \`npm run build\` and \`latchkey serve --help\`.

\`\`\`sh
npm test            # everything
npx latchkey keys rotate --emergency
LATCHKEY_URL=https://auth.example.com latchkey sessions revoke --befour 2026-01-31
\`\`\`
`)
  expect(report.split('\n').map((line) => line.replace(/^.*page\.md:/, ''))).toEqual([
    '2: package.json has no script bild',
    '2: latchkey has no command sreve',
    '7: latchkey sessions revoke has no --befour',
    '0 examples, 3 mistakes',
    '',
  ])
})

/** What the check says of a page. */
function check(markdown: string): { status: number | null; report: string } {
  const page = join(temporaryFolder(), 'page.md')
  writeFileSync(page, markdown)
  const { status, stdout } = spawnSync('node', ['tools/check/examples.ts', page], {
    cwd: ROOT,
    encoding: 'utf8',
  })
  return { status, report: stdout }
}
