import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { partsOf } from './markdown.ts'
import type { Mistake } from './page.ts'

const SHELLS = ['sh', 'bash', 'shell', 'console']
/** Npm's own short forms, and what is not a script of package.json. */
const NPM = /^npm (?:run (?<script>[\w:-]+)|(?<short>start|test)\b)/
const LATCHKEY = /^(?:npx )?latchkey (?<rest>\S.*)$/

/** The npm scripts, the subcommands of latchkey and their flags that a page names as code and that do not exist. */
export function wrongCommands(root: string, file: string, markdown: string): Mistake[] {
  return commandsIn(markdown).flatMap(({ line, command }) => {
    const message = wrongNpmScript(root, command) ?? wrongLatchkeyCommand(root, command)
    return message === undefined ? [] : [{ file, line, message }]
  })
}

function commandsIn(markdown: string): { line: number; command: string }[] {
  return partsOf(markdown.split(/\r?\n/)).flatMap((part) => {
    if (part.kind === 'text') {
      const spans = [...part.text.matchAll(/`(?<code>[^`]+)`/g)].map(({ groups }) => groups!.code!)
      return spans.map((span) => ({ line: part.at + 1, command: bare(span) }))
    }
    if (part.kind !== 'block' || !SHELLS.includes(part.language)) return []
    return part.lines.map((line, index) => ({ line: part.at + 2 + index, command: bare(line) }))
  })
}

/** Without the prompt, the variables before it and the comment behind it. */
function bare(line: string): string {
  return line
    .trim()
    .replace(/^\$ /, '')
    .replace(/^(?:\w+=\S* )+/, '')
    .replace(/\s+#.*$/, '')
}

function wrongNpmScript(root: string, command: string): string | undefined {
  const { script, short } = NPM.exec(command)?.groups ?? {}
  const name = script ?? short
  if (name === undefined) return undefined
  const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  return name in scripts ? undefined : `package.json has no script ${name}`
}

function wrongLatchkeyCommand(root: string, command: string): string | undefined {
  const match = LATCHKEY.exec(command)
  if (match === null) return undefined
  const names: string[] = []
  for (const word of match.groups!.rest!.split(/\s+/)) {
    const { subcommands, flags } = helpOf(root, names)
    if (word.startsWith('--')) {
      const flag = word.replace(/=.*$/, '')
      if (!flags.includes(flag)) return `${['latchkey', ...names].join(' ')} has no ${flag}`
    } else if (subcommands.length > 0) {
      if (!subcommands.includes(word)) return `${['latchkey', ...names].join(' ')} has no command ${word}`
      names.push(word)
    }
  }
  return undefined
}

const helps = new Map<string, { subcommands: string[]; flags: string[] }>()

function helpOf(root: string, names: readonly string[]) {
  const name = names.join(' ')
  const known = helps.get(name)
  if (known !== undefined) return known
  const latchkey = join(root, 'node_modules/.bin/latchkey')
  const { stdout, stderr, status } = spawnSync(latchkey, [...names, '--help'], { encoding: 'utf8' })
  if (status !== 0) throw new Error(`latchkey ${name} --help failed:\n${stderr}`)
  const [, list = ''] = stdout.split(/^Commands:$/m)
  const help = {
    subcommands: [...list.matchAll(/^ {2}(?<name>[a-z]\S*)/gm)].map(({ groups }) => groups!.name!),
    flags: [...stdout.matchAll(/^ {2}(?:-\w, )?(?<flag>--[\w-]+)/gm)].map(({ groups }) => groups!.flag!),
  }
  helps.set(name, help)
  return help
}
