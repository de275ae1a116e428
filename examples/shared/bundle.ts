import { build } from 'vite'

/** What a site serves, by path. */
export type Files = Map<string, { type: string; text: string }>

/** A page's script with all that it imports, in memory: its entry is at `/NAME.js` for a file NAME.ts. */
export async function bundleScript(file: string): Promise<Files> {
  const result = await build({
    configFile: false,
    logLevel: 'warn',
    build: {
      write: false,
      rolldownOptions: {
        input: file,
        output: { entryFileNames: '[name].js', chunkFileNames: '[name]-[hash].js' },
      },
    },
  })
  const { output } = [result].flat()[0] as { output: { fileName: string; code?: string }[] }
  return new Map(
    output.map(({ fileName, code = '' }) => [`/${fileName}`, { type: 'text/javascript', text: code }]),
  )
}
