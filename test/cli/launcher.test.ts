import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { closeOf, open, untilRefused } from '../http/raw.ts'
import { temporaryFolder } from '../support/auth.ts'
import { latchkey, serve } from './run.ts'

const BIN = fileURLToPath(new URL('../../packages/server/bin/latchkey.js', import.meta.url))

/** A Node.js too old for the service: the machine's own, or ours where that is new, made to say that it is old. */
const OLD_NODE = isOld('/usr/bin/node')
  ? ['/usr/bin/node', BIN]
  : [
      process.execPath,
      '--import',
      `data:text/javascript,Object.defineProperty(process,'versions',{value:{...process.versions,node:'20.0.0'}})`,
      BIN,
    ]

function isOld(node: string): boolean {
  return (
    existsSync(node) &&
    Number(/^v(\d+)/.exec(execFileSync(node, ['--version'], { encoding: 'utf8' }))?.[1]) < 24
  )
}

function invocation() {
  const workingFolder = temporaryFolder()
  const environment = { LATCHKEY_DATABASE_URL: `sqlite:${join(workingFolder, 'latchkey.db')}` }
  return { workingFolder, environment, program: OLD_NODE }
}

test('an old Node.js starts the newer one that came along, and passes on arguments, output and exit code', async () => {
  const [version, help, wrong] = await Promise.all([
    latchkey(['--version'], { program: OLD_NODE }),
    latchkey(['keys', 'rotate', '--help'], { program: OLD_NODE }),
    latchkey(['serve', '--port', 'none'], { program: OLD_NODE }),
  ])
  expect([version.code, version.stderr]).toEqual([0, ''])
  expect(version.stdout).toMatch(/^\d+\.\d+\.\d+\n$/)
  expect(help.stdout).toContain('--emergency')
  expect([wrong.code, wrong.stdout]).toEqual([1, ''])
  expect(wrong.stderr).toContain('--port: must be a whole number')
})

test('a signal to what was started reaches the service, and its exit code comes back', async () => {
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    const { process, url, ended } = await serve([], invocation())
    expect((await fetch(`${url}/readyz`)).status).toBe(200)
    process.kill(signal)
    expect((await ended).code, signal).toBe(0)
    await untilRefused(url)
  }
})

test('when what was started is killed, the service goes with it: nothing keeps the port', async () => {
  const { process, url } = await serve([], invocation())
  const connection = await open(url)
  const closed = closeOf(connection)
  process.kill('SIGKILL')
  await closed
  await untilRefused(url)
})
