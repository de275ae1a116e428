// Installs what package-lock.json asks for, and nothing when that is there already. Plain JavaScript, because
// in a fresh clone it is an older Node that runs it.
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const OLDEST_NODE = 24

const missing = whatIsMissing()
if (missing !== undefined) install(missing)

/** A sentence about the first thing that is not as the lockfile says, or `undefined`. */
function whatIsMissing() {
  // npm writes this file last, so an installation that was interrupted counts as none.
  const installed = packagesIn('node_modules/.package-lock.json')
  if (installed === undefined) return 'Nothing is installed yet'

  for (const [path, wanted] of Object.entries(packagesIn('package-lock.json') ?? {})) {
    const found = installed[path]
    // What npm left out because it is for another platform is optional.
    if (path === '' || (found === undefined && wanted.optional)) continue
    if (found?.version !== wanted.version || found?.integrity !== wanted.integrity) {
      return 'What is installed is not what package-lock.json says'
    }
  }
  if (!hasNewEnoughNode()) return `Node.js ${OLDEST_NODE} or later is missing`
}

/** The project brings its own Node; where that cannot be had, one that is new enough does as well. */
function hasNewEnoughNode() {
  const own = join(root, 'node_modules/node/bin/node')
  return existsSync(own) || Number.parseInt(process.versions.node, 10) >= OLDEST_NODE
}

function packagesIn(file) {
  try {
    return JSON.parse(readFileSync(join(root, file), 'utf8')).packages
  } catch {
    return undefined
  }
}

function install(reason) {
  process.stdout.write(`${reason}: running npm ci\n`)
  // Its warnings are about the older Node, which runs nothing but this. Contributors need the tools, so no mode leaves them out.
  const arguments_ = ['ci', '--include=dev', '--loglevel=error']
  const { status, error } = spawnSync('npm', arguments_, {
    cwd: root,
    stdio: 'inherit',
  })
  if (status !== 0) {
    fail(
      `npm ci failed (${error?.message ?? `exit code ${status}`}); npm says above why. Mostly it is the network:\n` +
        'check that `npm ping` answers, then run the same command again.',
    )
  }
  if (!hasNewEnoughNode()) {
    fail(
      `This is Node.js ${process.version}, and npm did not install a newer one: the \`node\` package needs its\n` +
        `install script. Run \`npm ci --ignore-scripts=false\`, or install Node.js ${OLDEST_NODE} or later yourself.`,
    )
  }
}

function fail(message) {
  process.stderr.write(`\n${message}\n`)
  process.exit(1)
}
