import { spawnSync } from 'node:child_process'
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, relative, resolve } from 'node:path'
import type { Example, Mistake } from './page.ts'

/** Declares the packages that examples import and that are not installed here. */
const ELSEWHERE = join(import.meta.dirname, 'elsewhere.d.ts')

/**
 * What TypeScript has against the examples, each compiled as a module of its own in a project outside the repository,
 * which has the repository's packages installed: so a name means what `exports` in its package.json says.
 */
export function compile(root: string, examples: readonly Example[]): Mistake[] {
  const project = mkdtempSync(join(tmpdir(), 'latchkey-examples-'))
  try {
    symlinkSync(join(root, 'node_modules'), join(project, 'node_modules'))
    writeFileSync(join(project, 'package.json'), '{ "type": "module" }')
    copyFileSync(ELSEWHERE, join(project, 'elsewhere.d.ts'))
    const typed = examples.filter(({ extension }) => extension.startsWith('ts'))
    // Plain JavaScript has nowhere to write a parameter's type.
    const plain = examples.filter(({ extension }) => extension.startsWith('js'))
    return unique([
      ...typeCheck(root, project, typed, {}),
      ...typeCheck(root, project, plain, { allowJs: true, checkJs: true, noImplicitAny: false }),
    ])
  } finally {
    rmSync(project, { recursive: true })
  }
}

function typeCheck(root: string, project: string, examples: readonly Example[], options: object): Mistake[] {
  if (examples.length === 0) return []
  const modules = new Map(examples.map((example) => [moduleOf(example), example]))
  for (const [module, { code }] of modules) {
    mkdirSync(dirname(join(project, module)), { recursive: true })
    writeFileSync(join(project, module), code)
  }
  const config = {
    extends: join(root, 'tsconfig.base.json'),
    compilerOptions: {
      module: 'preserve',
      moduleResolution: 'bundler',
      moduleDetection: 'force',
      lib: ['es2024', 'dom', 'dom.iterable', 'dom.asynciterable'],
      jsx: 'react-jsx',
      types: ['node'],
      ...options,
    },
    files: ['elsewhere.d.ts', ...modules.keys()],
  }
  writeFileSync(join(project, 'tsconfig.json'), JSON.stringify(config))
  const tsc = join(root, 'node_modules/.bin/tsc')
  const { status, stdout, stderr, error } = spawnSync(tsc, ['-p', '.', '--pretty', 'false'], {
    cwd: project,
    encoding: 'utf8',
  })
  if (error !== undefined) throw error
  const mistakes = readErrors(stdout).map(({ path, line, message }) => {
    const example = modules.get(path)
    return example === undefined
      ? { file: relative(root, resolve(project, path)), line, message }
      : { file: example.file, line, message }
  })
  if (status !== 0 && mistakes.length === 0) throw new Error(`tsc failed:\n${stdout}${stderr}`)
  return mistakes
}

/** Beside the other examples of its page, in a folder named for the page. */
function moduleOf({ file, line, extension }: Example): string {
  return join('examples', file.replaceAll('..', '_'), `line-${line}.${extension}`)
}

/** The form that tsc writes: `path(line,column): error TS1234: message`, and more of the message on indented lines. */
function readErrors(output: string): { path: string; line: number; message: string }[] {
  const form = /^(?<path>\S.*?)\((?<line>\d+),\d+\): error (?<code>TS\d+): (?<text>.*(?:\n[ \t]+.*)*)$/gm
  return [...output.matchAll(form)].map(({ groups }) => ({
    path: groups!.path!,
    line: Number(groups!.line),
    message: `${groups!.text} (${groups!.code})`,
  }))
}

/** A block that another one continues is part of both. */
function unique(mistakes: readonly Mistake[]): Mistake[] {
  return [...new Map(mistakes.map((mistake) => [JSON.stringify(mistake), mistake])).values()]
}
