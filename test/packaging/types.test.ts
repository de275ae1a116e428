import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, expect, test } from 'vitest'
import { attempt, entriesOf, PROJECT, ROOT } from './project.ts'

beforeAll(() => {
  const entries = [...entriesOf('@latchkey/client'), ...entriesOf('@latchkey/verifier')]
  const imports = entries.map((entry, index) => `import * as entry${index} from '${entry}'\n`)
  const uses = entries.map((_, index) => `entry${index},`)
  writeFileSync(join(PROJECT, 'entries.ts'), `${imports.join('')}export default [${uses.join(' ')}]\n`)
})

test('the types of the service and the verifier hold in a strict Node.js project, down to their libraries', () => {
  expect(typeErrors('tsconfig.node.json')).toBe('')
})

test('the types of the client hold in a strict project for browsers, which knows nothing of Node.js', () => {
  expect(typeErrors('tsconfig.browser.json')).toBe('')
})

test('every entry of the client and the verifier has types for a bundler', () => {
  expect(typeErrors('tsconfig.entries.json', '--module', 'esnext', '--moduleResolution', 'bundler')).toBe('')
})

test('every entry of the client and the verifier has types for Node.js', () => {
  expect(typeErrors('tsconfig.entries.json', '--module', 'nodenext')).toBe('')
})

/** Empty when there are none. */
function typeErrors(config: string, ...options: readonly string[]): string {
  const tsc = join(ROOT, 'node_modules/.bin/tsc')
  const { status, stdout, stderr } = attempt(PROJECT, tsc, ['-p', config, ...options])
  return status === 0 ? '' : `${stdout}${stderr}` || `tsc ended with ${status}`
}
