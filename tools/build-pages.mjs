// Builds the hosted pages into packages/web/dist when one of their sources is newer. Plain JavaScript, because
// npm runs it after every installation, also one without the development tools and their newer Node.
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const page = 'packages/web/dist/index.html'
const sources = [
  'package-lock.json',
  'packages/client/src',
  'packages/protocol/src',
  'packages/verifier/src',
  ...readdirSync(join(root, 'packages/web'))
    .filter((name) => name !== 'dist')
    .map((name) => `packages/web/${name}`),
]

if (sources.some((path) => lastChange(path) > lastChange(page))) build()

function build() {
  const vite = join(root, 'node_modules/vite/bin/vite.js')
  if (!existsSync(vite)) {
    process.stdout.write('The pages are not built: the development dependencies are not installed.\n')
    return
  }
  process.stdout.write('Building the pages\n')
  // By name, not as the Node that runs this: in an npm script the project's own comes first on the PATH.
  const { status } = spawnSync('node', [vite, 'build', 'packages/web', '--logLevel', 'warn'], {
    cwd: root,
    stdio: 'inherit',
  })
  if (status !== 0) process.exit(status ?? 1)
}

/** Milliseconds, the latest of a folder's tree; 0 when there is no such path. A folder changes when a file in it goes. */
function lastChange(path) {
  const at = join(root, path)
  const found = statSync(at, { throwIfNoEntry: false })
  if (!found?.isDirectory()) return found?.mtimeMs ?? 0
  return Math.max(found.mtimeMs, ...readdirSync(at).map((name) => lastChange(join(path, name))))
}
