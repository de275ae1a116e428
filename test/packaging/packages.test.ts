import { globSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  attempt,
  findNode,
  installPackages,
  type Project,
  type RunningService,
  run,
  startService,
  stopService,
  typeCheck,
} from './project.ts'

const NODE_20 = findNode(20)
const ROUND_TRIP = 'round-trip.js'

let project: Project
beforeAll(() => {
  project = installPackages()
})
afterAll(() => project.remove())

test('nothing but what was built is published: no sources, no tests', () => {
  const files = globSync('node_modules/{latchkey,@latchkey/*}/**/*', { cwd: project.folder })
  expect(files.filter((file) => /(?<!\.d)\.tsx?$|\.test\.|\/testing\/|conformance/.test(file))).toEqual([])
})

test('the private protocol package is not asked for', () => {
  expect(globSync('node_modules/@latchkey/*', { cwd: project.folder }).sort()).toEqual([
    'node_modules/@latchkey/client',
    'node_modules/@latchkey/verifier',
  ])
})

test('the types of latchkey and the verifier hold in a strict Node.js project, down to their libraries', () => {
  typeCheck(project.folder, 'tsconfig.node.json')
})

test('the types of the client hold in a strict project for browsers, which knows nothing of Node.js', () => {
  typeCheck(project.folder, 'tsconfig.browser.json')
})

test('npx latchkey serve --help says what can be set', () => {
  expect(run(project.folder, 'npx', ['latchkey', 'serve', '--help'])).toContain('LATCHKEY_URL')
})

test('on Node.js 20, where the service does not run, latchkey says which Node.js it needs', (context) => {
  context.skip(NODE_20 === undefined, 'there is no Node.js 20 on the PATH')
  const bin = join(project.folder, 'node_modules/latchkey/bin/latchkey.js')
  const { status, stderr } = attempt(project.folder, NODE_20!, [bin, 'serve'])

  expect(status).toBe(1)
  expect(stderr).toContain('latchkey needs Node.js 24')
})

describe('with latchkey serve from its package', () => {
  let service: RunningService
  beforeAll(async () => {
    service = await startService(project.folder)
  })

  test('its pages are served', async () => {
    const page = await fetch(`${service.origin}/`)
    expect(page.status).toBe(200)
    expect(page.headers.get('content-type')).toContain('text/html')
  })

  test('the client signs up and refreshes, and the verifier knows the user', () => {
    expect(run(project.folder, process.execPath, [ROUND_TRIP, service.origin, 'ada'])).toBe('ada@example.com')
  })

  test('client and verifier do so under Node.js 20 too', (context) => {
    context.skip(NODE_20 === undefined, 'there is no Node.js 20 on the PATH')
    expect(run(project.folder, NODE_20!, [ROUND_TRIP, service.origin, 'grace'])).toBe('grace@example.com')
  })

  test('SIGTERM stops it, and it calls that a success', async () => {
    expect(await stopService(service)).toBe(0)
  })
})
