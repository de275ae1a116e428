import { spawnSync } from 'node:child_process'
import { expect, test } from 'vitest'

const RUN = new URL('../../examples/shared/run.ts', import.meta.url)

test('a part that Ctrl-C ended before it listened is no failure, and what runs already is stopped', () => {
  expect(
    runs(`async (closing, stopAsked) => {
      closing.push(() => console.log('closed'))
      process.emit('SIGINT')
      await stopAsked
      throw new Error('it ended before it listened')
    }`),
  ).toEqual({ status: 0, stdout: 'closed\n', stderr: '' })
})

test('a part that could not start is said in a line, and what runs already is stopped', () => {
  expect(
    runs(`async (closing) => {
      closing.push(() => console.log('closed'))
      throw new Error('it ended before it listened')
    }`),
  ).toEqual({ status: 1, stdout: 'closed\n', stderr: 'it ended before it listened\n' })
})

/** What becomes of an example that starts like this, in a process of its own. */
function runs(start: string) {
  const program = `import { run } from '${RUN}'; await run(${start})`
  const { status, stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '--eval', program], {
    encoding: 'utf8',
  })
  return { status, stdout, stderr }
}
