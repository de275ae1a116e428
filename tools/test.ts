// Runs every test that this machine can run, says which it could not and why, and ends with one line of totals.
// What follows `npm test --` is for vitest: names of files, `-t 'part of a name'`, and so on.
import { relative } from 'node:path'
import { parseCLI, startVitest, type TestCase } from 'vitest/node'

const { filter, options } = parseCLI(['vitest', 'run', ...process.argv.slice(2)])
const vitest = await startVitest(filter, options)
const modules = vitest.state.getTestModules()
const tests = modules.flatMap((module) => [...module.children.allTests()])
const suites = [...modules, ...modules.flatMap((module) => [...module.children.allSuites()])]

const passed = tests.filter((test) => test.result().state === 'passed')
const notRun = tests.filter((test) => test.result().state === 'skipped')
// What `-t` did not choose counts as skipped too, but nobody is surprised by it.
const skipped = vitest.config.testNamePattern ? [] : notRun
// A file that does not load, a set-up that throws and an error outside every test make no test fail.
const broken = suites.filter((suite) => suite.errors().length > 0)
const failed =
  tests.length - passed.length - notRun.length + broken.length + vitest.state.getUnhandledErrors().length

if (skipped.length > 0) {
  process.stdout.write(`\nSKIPPED, so nothing is known about:\n${skipped.map(skippedLine).join('')}`)
}
const totals = [`${passed.length} passed`, `${failed} failed`]
if (skipped.length > 0) totals.push(`${skipped.length} skipped`)
process.stdout.write(`\n${totals.join(', ')}\n`)
// Explicitly, because a test that left a timer or a socket open would keep the caller waiting.
process.exit(failed === 0 && passed.length > 0 ? process.exitCode : 1)

function skippedLine(test: TestCase): string {
  const file = relative(process.cwd(), test.module.moduleId)
  return `  ${test.project.name}, ${file}: ${test.fullName}\n      ${reason(test)}\n`
}

function reason(test: TestCase): string {
  const result = test.result()
  if (result.state === 'skipped' && result.note !== undefined) return result.note
  const brokenSetUp = broken.some((suite) => [...suite.children.allTests()].includes(test))
  return brokenSetUp ? 'its set-up failed' : 'it does not say why'
}
