import { cpSync, globSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join, relative, sep } from 'node:path'
import { replaceSpecifiers } from './specifiers.ts'

const PROTOCOL = '@latchkey/protocol'

/** Puts the private protocol package inside `dist` and points every import of it there. */
export function inlineProtocol(dist: string, protocol: string): void {
  cpSync(protocol, join(dist, 'protocol'), { recursive: true })
  for (const file of globSync('**/*.{js,d.ts}', { cwd: dist })) {
    const path = join(dist, file)
    const code = replaceSpecifiers(readFileSync(path, 'utf8'), (specifier) => {
      if (specifier === PROTOCOL) return relativeImport(dirname(file), 'protocol/index.js')
      // The compiler rewrites extensions in JavaScript, and leaves declarations as they are.
      return specifier.startsWith('.') ? specifier.replace(/\.tsx?$/, '.js') : specifier
    })
    writeFileSync(path, code)
  }
}

function relativeImport(from: string, to: string): string {
  const path = relative(from, to).split(sep).join('/')
  return path.startsWith('.') ? path : `./${path}`
}
