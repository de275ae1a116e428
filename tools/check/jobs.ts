// Runs commands side by side and keeps what they say.
// It owns no list of checks: that is in tools/check.ts.

import { spawn } from 'node:child_process'
import { availableParallelism } from 'node:os'
import { delimiter, join } from 'node:path'

const root = join(import.meta.dirname, '../..')

export interface Job {
  name: string
  command: readonly string[]
  /** The name of the job that must have passed before this one starts. */
  after?: string
}

export interface Outcome {
  job: Job
  /** `not run` when the job that it comes after did not pass. */
  result: 'passed' | 'failed' | 'not run'
  output: string
  seconds: number
  /** How many tests the job says it skipped. */
  skipped: number
  /** What it could not try on this machine and need not: lines that begin with NOT AVAILABLE HERE. */
  notes: string[]
}

/** As many at a time as the machine has cores, in the order given. Calls `finished` as each one ends. */
export async function runJobs(
  jobs: readonly Job[],
  finished: (outcome: Outcome) => void,
): Promise<Outcome[]> {
  const outcomes: Outcome[] = []
  const waiting = [...jobs]
  const running = new Set<Promise<void>>()

  while (waiting.length > 0 || running.size > 0) {
    const next = waiting.findIndex((job) => isReady(job, outcomes))
    if (next === -1 || running.size >= availableParallelism()) {
      await Promise.race(running)
      continue
    }
    const [job] = waiting.splice(next, 1)
    const task = run(job!, outcomes).then((outcome) => {
      outcomes.push(outcome)
      running.delete(task)
      finished(outcome)
    })
    running.add(task)
  }
  return outcomes
}

function isReady(job: Job, outcomes: readonly Outcome[]): boolean {
  return job.after === undefined || outcomes.some((outcome) => outcome.job.name === job.after)
}

async function run(job: Job, outcomes: readonly Outcome[]): Promise<Outcome> {
  const earlier = outcomes.find((outcome) => outcome.job.name === job.after)
  if (earlier !== undefined && earlier.result !== 'passed') {
    return { job, result: 'not run', output: '', seconds: 0, skipped: 0, notes: [] }
  }
  const start = performance.now()
  const { code, output } = await execute(job.command)
  return {
    job,
    result: code === 0 ? 'passed' : 'failed',
    output,
    seconds: (performance.now() - start) / 1000,
    skipped: Number(/(\d+) skipped\s*$/.exec(output)?.[1] ?? 0),
    notes: output.match(/^NOT AVAILABLE HERE: .+$/gm) ?? [],
  }
}

function execute([program, ...arguments_]: readonly string[]): Promise<{
  code: number | null
  output: string
}> {
  const bin = join(root, 'node_modules/.bin')
  const child = spawn(program!, arguments_, {
    cwd: root,
    env: { ...process.env, PATH: `${bin}${delimiter}${process.env.PATH}` },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text
    })
  }
  return new Promise((resolve) => {
    child.on('error', (error) => resolve({ code: null, output: error.message }))
    child.on('close', (code) => resolve({ code, output }))
  })
}
