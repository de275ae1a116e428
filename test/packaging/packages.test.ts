import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { attempt, findNode, manifestOf, PROJECT, run } from './project.ts'
import { startService, stopService } from './service.ts'

test('nothing but what was built is published: no sources, no tests', () => {
  const files = globSync('node_modules/{latchkey,@latchkey/*}/**/*', { cwd: PROJECT })
  expect(files.filter((file) => /(?<!\.d)\.tsx?$|\.test\.|\/testing\/|conformance/.test(file))).toEqual([])
})

test('the private protocol package is not asked for', () => {
  expect(globSync('node_modules/@latchkey/*', { cwd: PROJECT }).sort()).toEqual([
    'node_modules/@latchkey/client',
    'node_modules/@latchkey/verifier',
  ])
})

test('the client and the verifier bring nothing along, and what they go with is optional', () => {
  for (const name of ['@latchkey/client', '@latchkey/verifier']) {
    const { dependencies, peerDependencies = {}, peerDependenciesMeta } = manifestOf(name)
    const optional = Object.keys(peerDependencies).map((peer) => [peer, { optional: true }])
    expect([dependencies, peerDependenciesMeta], name).toEqual([{}, Object.fromEntries(optional)])
  }
})

test('the React entry says that it is for the browser side, where React Server Components look for it', () => {
  const { exports } = manifestOf('@latchkey/client')
  const path = join(PROJECT, 'node_modules/@latchkey/client', exports['./react']!.default)
  expect(readFileSync(path, 'utf8')).toMatch(/^'use client'/)
})

test('npx latchkey serve --help says what can be set', () => {
  expect(run(PROJECT, 'npx', ['latchkey', 'serve', '--help'])).toContain('LATCHKEY_URL')
})

test('on Node.js 20, where the service does not run, latchkey says which Node.js it needs', (context) => {
  const node20 = findNode(20)
  context.skip(node20 === undefined, 'there is no Node.js 20 on the PATH')
  const bin = join(PROJECT, 'node_modules/latchkey/bin/latchkey.js')
  const { status, stderr } = attempt(PROJECT, node20!, [bin, 'serve'])

  expect(status).toBe(1)
  expect(stderr).toContain('latchkey needs Node.js 24')
})

test('latchkey serve from its package serves its pages; SIGTERM stops it, and it calls that a success', async () => {
  const service = await startService()
  const page = await fetch(`${service.origin}/`)

  expect(page.status).toBe(200)
  expect(page.headers.get('content-type')).toContain('text/html')
  expect(await stopService(service)).toBe(0)
})
