import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { bundleScript, type Files } from '../shared/bundle.ts'

/** The page's script and its style. */
export async function bundle(): Promise<Files> {
  const script = await bundleScript(join(import.meta.dirname, 'page.ts'))
  const style = await readFile(join(import.meta.dirname, 'page.css'), 'utf8')
  return new Map([...script, ['/page.css', { type: 'text/css', text: style }]])
}
