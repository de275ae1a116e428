#!/usr/bin/env node
// Plain JavaScript that an old Node can read too: it finds a Node that can run the service, then starts it.
import { spawn } from 'node:child_process'
import cluster from 'node:cluster'
import { existsSync } from 'node:fs'
import * as nodeModule from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

const OLDEST_NODE = 24
const SMALL_NEW_SPACE = '--max-semi-space-size=4'
const here = dirname(fileURLToPath(import.meta.url))

if (Number.parseInt(process.versions.node, 10) >= OLDEST_NODE) {
  keepNewSpaceSmall()
  endWithLauncher()
  nodeModule.enableCompileCache?.()
  const source = join(here, '../src/cli/main.ts')
  await import(pathToFileURL(existsSync(source) ? source : join(here, '../dist/cli/main.js')).href)
} else {
  startWith(newerNode())
}

/** The `node` package of the project that has Latchkey installed, where there is one. */
function newerNode() {
  try {
    return join(
      dirname(nodeModule.createRequire(import.meta.url).resolve('node/package.json')),
      'bin',
      'node',
    )
  } catch {
    return undefined
  }
}

function startWith(node) {
  if (node === undefined || !existsSync(node)) {
    process.stderr.write(
      `latchkey needs Node.js ${OLDEST_NODE} or later, and this is ${process.version}.\n` +
        'Install a newer Node.js, or add one to your project: npm install --save-dev node@26\n',
    )
    process.exit(1)
  }
  const child = spawn(node, [SMALL_NEW_SPACE, fileURLToPath(import.meta.url), ...process.argv.slice(2)], {
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
  })
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
  child.on('exit', (code, signal) => process.exit(signal === null ? (code ?? 1) : 1))
}

/**
 * Node lets the space for new objects grow to 32 MB three times over; the service does as well with an eighth of it. That can only be
 * said at the start, so the process starts once more in its own place.
 */
function keepNewSpaceSmall() {
  const said = [...process.execArgv, process.env.NODE_OPTIONS ?? ''].some((text) =>
    text.includes('--max-semi-space-size'),
  )
  if (said || process.argv[2] !== 'serve' || process.connected || process.execve === undefined) return
  if (process.platform === 'win32') return
  const { execPath, execArgv, argv, env } = process
  process.execve(execPath, [execPath, ...execArgv, SMALL_NEW_SPACE, ...argv.slice(1)], env)
}

/**
 * Who kills the launcher means the service, and would not find it: so the service stops when the launcher is gone. A worker ends
 * with its primary by itself.
 */
function endWithLauncher() {
  if (!process.connected || cluster.isWorker) return
  process.once('disconnect', () => process.kill(process.pid, 'SIGTERM'))
  process.channel.unref()
}
