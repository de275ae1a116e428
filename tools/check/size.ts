// Measures what a page downloads for each entry of the built client, and holds it to its limit:
// `npm run check -- size`, or after `npm run build`: `node tools/check/size.ts`.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { measure, type Size } from '../size/bundle.ts'

/** Bytes, minified and gzipped. */
const LIMITS: { [entry: string]: number | undefined } = { '@latchkey/client': 4096 }
const FOLDER = join(import.meta.dirname, '../../build/client')

const { name, exports } = JSON.parse(readFileSync(join(FOLDER, 'package.json'), 'utf8')) as {
  name: string
  exports: Record<string, unknown>
}
for (const path of Object.keys(exports)) {
  if (path === './package.json') continue
  const entry = join(name, path)
  report(entry, await measure(FOLDER, name, entry), LIMITS[entry])
}

function report(entry: string, { entry: bytes, lazy, modules }: Size, limit: number | undefined): void {
  say(`${entry}: ${bytes} bytes minified and gzipped${limit === undefined ? '' : `, ${limit} at most`}`)
  for (const chunk of lazy) say(`  and ${chunk.bytes} in ${chunk.name}, when it is needed`)
  if (limit === undefined || bytes <= limit) return
  say(`  ${bytes - limit} too many. Its biggest modules, minified:`)
  for (const module of modules.slice(0, 8)) say(`  ${String(module.bytes).padStart(6)}  ${module.name}`)
  process.exitCode = 1
}

function say(line: string): void {
  process.stdout.write(`${line}\n`)
}
