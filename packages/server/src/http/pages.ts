import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { basename, extname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { SECURITY_HEADERS } from './answers.ts'

const MEDIA_TYPES: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.woff2': 'font/woff2',
}

const PAGE_POLICY = policy("'self'")

/** The decoder's reader may have it fetch the key set of any issuer: docs/decisions/the-decoder-may-fetch-keys.md */
const DECODER_POLICY = policy("'self' https: http://localhost:* http://127.0.0.1:*")

const PAGES: Record<string, string> = { '/': 'index.html', '/docs': 'docs.html', '/decoder': 'decoder.html' }

interface Page {
  body: Uint8Array<ArrayBuffer>
  headers: Record<string, string>
}

/** In a clone the pages are built beside the sources; in the published package they lie in `dist/web`. */
const FOLDERS = ['../web', '../../../web/dist'].map((path) => fileURLToPath(new URL(path, import.meta.url)))

/**
 * Reads the built pages, and returns what is served by path. Only these files are: no path of a request ever reaches
 * the file system.
 */
export function loadPages(): Map<string, Page> {
  const folder = FOLDERS.find((candidate) => existsSync(join(candidate, 'index.html')))
  if (folder === undefined) return new Map()
  const files = new Map(
    readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && MEDIA_TYPES[extname(entry.name)] !== undefined)
      .map((entry) => {
        const path = join(entry.parentPath, entry.name)
        return [relative(folder, path).replaceAll('\\', '/'), readPage(path)]
      }),
  )
  const pages = Object.entries(PAGES).flatMap(([path, file]): [string, Page][] => {
    const page = files.get(file)
    return page === undefined ? [] : [[path, page]]
  })
  const assets = [...files]
    .filter(([file]) => !file.endsWith('.html'))
    .map(([file, page]) => [`/${file}`, page] as const)
  return new Map([...pages, ...assets])
}

function readPage(path: string): Page {
  const extension = extname(path)
  return {
    body: new Uint8Array(readFileSync(path)),
    headers: {
      ...SECURITY_HEADERS,
      'content-type': MEDIA_TYPES[extension] as string,
      'content-security-policy': basename(path) === PAGES['/decoder'] ? DECODER_POLICY : PAGE_POLICY,
      // Assets carry a hash of their content in their names.
      'cache-control': extension === '.html' ? 'no-cache' : 'public, max-age=31536000, immutable',
    },
  }
}

/** @param connect where scripts of the page may connect to */
function policy(connect: string): string {
  return [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' data:",
    `connect-src ${connect}`,
    "font-src 'self'",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
  ].join('; ')
}
