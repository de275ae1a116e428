import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { bundleScript, type Files } from '../../shared/bundle.ts'

/** The page, its script and its style. */
export async function bundle(): Promise<Files> {
  const read = (name: string) => readFile(join(import.meta.dirname, name), 'utf8')
  return new Map([
    ...(await bundleScript(join(import.meta.dirname, 'page.ts'))),
    ['/', { type: 'text/html; charset=utf-8', text: await read('page.html') }],
    ['/page.css', { type: 'text/css', text: await read('page.css') }],
  ])
}
