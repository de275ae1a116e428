#!/usr/bin/env node
// Plain JavaScript that an old Node can read too: it finds a Node that can run the service, then starts it.
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import * as nodeModule from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

const OLDEST_NODE = 24
const here = dirname(fileURLToPath(import.meta.url))

if (Number.parseInt(process.versions.node, 10) >= OLDEST_NODE) {
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
  const child = spawn(node, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], {
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
  })
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
  child.on('exit', (code, signal) => process.exit(signal === null ? (code ?? 1) : 1))
}

/** Who kills the launcher means the service, and would not find it: so the service stops when the launcher is gone. */
function endWithLauncher() {
  if (!process.connected) return
  process.once('disconnect', () => process.kill(process.pid, 'SIGTERM'))
  process.channel.unref()
}
