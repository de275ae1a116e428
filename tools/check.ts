// Everything that must hold before a change is shared, apart from the tests: `npm run check`, or only the checks whose
// names begin with a word, such as `npm run check -- types`. Shows the output of what failed, and what could not be tried.
import { type Job, type Outcome, runJobs } from './check/jobs.ts'

const PACKAGES = ['protocol', 'verifier', 'client', 'server', 'web']
const PUBLISHED = ['server', 'client', 'verifier']

const jobs: Job[] = [
  { name: 'build', command: ['node', 'tools/build.ts'] },
  { name: 'knip', command: ['knip'] },
  { name: 'biome', command: ['biome', 'check', '--error-on-warnings'] },
  { name: 'examples', command: ['node', 'tools/check/examples.ts'] },
  { name: 'architecture', command: ['node', 'tools/test.ts', 'test/architecture'] },
  { name: 'types', command: ['tsc', '-p', '.'] },
  ...PACKAGES.map((name) => ({ name: `types ${name}`, command: ['tsc', '-p', `packages/${name}`] })),
  {
    name: 'packaging',
    command: ['node', 'tools/test.ts', '--config', 'test/packaging/vitest.config.ts'],
    after: 'build',
  },
  { name: 'size', command: ['node', 'tools/check/size.ts'], after: 'build' },
  ...PUBLISHED.flatMap((name) => [
    { name: `publint ${name}`, command: ['publint', 'run', `build/${name}`, '--strict'], after: 'build' },
    {
      name: `attw ${name}`,
      command: ['attw', '--pack', `build/${name}`, '--profile', 'esm-only', '--no-definitely-typed'],
      after: 'build',
    },
  ]),
]

const words = process.argv.slice(2)
const chosen = jobs.filter(({ name }) => words.length === 0 || words.some((word) => name.startsWith(word)))
const needed = jobs.filter((job) => chosen.includes(job) || chosen.some(({ after }) => after === job.name))
if (needed.length === 0) {
  process.stderr.write(`No check begins with ${words.join(' or ')}. There are:\n${names(jobs)}\n`)
  process.exit(1)
}

const outcomes = await runJobs(needed, (outcome) => process.stdout.write(`${row(outcome)}\n`))
for (const { job, output, result, skipped, notes } of outcomes) {
  const text = result === 'failed' || skipped > 0 ? output.trim() : notes.join('\n')
  if (text !== '') process.stdout.write(`\n── ${job.name}\n${text}\n`)
}
process.stdout.write(`\n${totals(outcomes)}\n`)
process.exitCode = outcomes.every(({ result }) => result === 'passed') ? 0 : 1

function row({ job, result, seconds }: Outcome): string {
  const length = Math.max(...needed.map(({ name }) => name.length))
  return `${result.padEnd('not run'.length)}  ${job.name.padEnd(length)}  ${seconds.toFixed(1).padStart(5)} s`
}

function totals(outcomes: readonly Outcome[]): string {
  const count = (wanted: Outcome['result']) => outcomes.filter(({ result }) => result === wanted).length
  const skipped = outcomes.reduce((sum, outcome) => sum + outcome.skipped, count('not run'))
  const line = `${count('passed')} passed, ${count('failed')} failed`
  return skipped > 0 ? `${line}, ${skipped} skipped` : line
}

function names(jobs: readonly Job[]): string {
  return jobs.map(({ name }) => `  ${name}`).join('\n')
}
