import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { build } from 'vite'

/** The page, its script bundled in memory, and its style, by path. */
export async function bundle(): Promise<Map<string, { type: string; text: string }>> {
  const result = await build({
    configFile: false,
    logLevel: 'warn',
    build: {
      write: false,
      rolldownOptions: {
        input: join(import.meta.dirname, 'page.ts'),
        output: { entryFileNames: '[name].js', chunkFileNames: '[name]-[hash].js' },
      },
    },
  })
  const { output } = [result].flat()[0] as { output: { fileName: string; code?: string }[] }
  const scripts = output.map(
    ({ fileName, code = '' }) => [`/${fileName}`, { type: 'text/javascript', text: code }] as const,
  )
  const read = (name: string) => readFile(join(import.meta.dirname, name), 'utf8')
  return new Map([
    ...scripts,
    ['/', { type: 'text/html; charset=utf-8', text: await read('page.html') }],
    ['/page.css', { type: 'text/css', text: await read('page.css') }],
  ])
}
