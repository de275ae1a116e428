// HAProxy reads public keys from PEM files, at its start and at a reload. This keeps such files in step with the key set
// that the service publishes.

import { createPublicKey } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** The one algorithm that haproxy.cfg lets in. */
const ALGORITHM = 'ES256'
const TIMEOUT_MS = 5000

interface PublicKey extends JsonWebKey {
  kid: string
  alg: string
}

/**
 * Fetches the key set and writes what HAProxy needs of it into a folder: `KID.pem` for each key, `by-kid.map`, which names
 * the file of each, and `keys.cfg`, which makes HAProxy load them. Resolves to whether the set is another one than
 * before: then HAProxy has to be reloaded. Rejects, and leaves the files as they are, when there is no good set to be had.
 */
export async function writeKeys(jwksUrl: string, folder: string): Promise<boolean> {
  const response = await fetch(jwksUrl, { signal: AbortSignal.timeout(TIMEOUT_MS), redirect: 'error' })
  if (!response.ok) throw new Error(`the key set was answered with ${response.status}`)
  const keys = usable(await response.json())
  if (keys.length === 0) throw new Error(`the key set holds no key for ${ALGORITHM}`)

  const pathOf = (kid: string) => join(folder, `${kid}.pem`)
  const map = keys.map(({ kid }) => `${kid} ${pathOf(kid)}\n`).join('')
  const mapPath = join(folder, 'by-kid.map')
  if (existsSync(mapPath) && readFileSync(mapPath, 'utf8') === map) return false

  const files = keys.map((key) => [pathOf(key.kid), toPem(key)] as const)
  for (const [path, pem] of files) replaceFile(path, pem)
  replaceFile(join(folder, 'keys.cfg'), loading(keys.map(({ kid }) => pathOf(kid))))
  replaceFile(mapPath, map)
  for (const name of readdirSync(folder)) {
    const isOld = name.endsWith('.pem') && keys.every(({ kid }) => name !== `${kid}.pem`)
    if (isOld) rmSync(join(folder, name))
  }
  return true
}

function toPem(key: JsonWebKey): string {
  return createPublicKey({ key, format: 'jwk' }).export({ type: 'spki', format: 'pem' }) as string
}

/** HAProxy loads the files that its configuration names. No request ever comes here. */
function loading(paths: readonly string[]): string {
  const rules = paths.map(
    (path) => `  http-request set-var(txn.loaded) str(),jwt_verify(${ALGORITHM},${path})\n`,
  )
  return `# Written by keys.ts, together with by-kid.map.\nbackend latchkey-keys\n${rules.join('')}`
}

/** A `kid` becomes part of a path and of two configuration files, so it holds nothing that means anything there. */
function usable(body: unknown): PublicKey[] {
  const { keys } = body as { keys: PublicKey[] }
  return keys
    .filter(({ kid, alg }) => /^[\w-]+$/.test(kid) && alg === ALGORITHM)
    .toSorted((a, b) => (a.kid < b.kid ? -1 : 1))
}

/** In one step: HAProxy never reads half a file. */
function replaceFile(path: string, content: string): void {
  writeFileSync(`${path}.new`, content)
  renameSync(`${path}.new`, path)
}
