// An example as its reader starts it: by its one command, in a process of its own.
// It owns no scene; the tests say what must be seen.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { delimiter, join } from 'node:path'
import { expect, onTestFinished } from 'vitest'
import { temporaryFolder } from '../support/auth.ts'
import { serviceEnvironment } from '../support/service.ts'

const ROOT = join(import.meta.dirname, '../..')

export interface Example {
  /** The address that it asks to open. */
  url: string
  /** Where the Latchkey service behind it listens. */
  serviceUrl: string
  output(): string
  /** Its exit code, or the signal that ended it. */
  ended: Promise<number | NodeJS.Signals>
  /** Ctrl-C in a terminal, which every process of it hears. Resolves when all of them are gone. */
  interrupt(): Promise<void>
}

/** `npm start --prefix examples/NAME`, with data of its own, on free ports. */
export async function startExample(name: string, settings: Record<string, string> = {}): Promise<Example> {
  const { ended, output, interrupt } = spawnExample(name, settings)
  const early = ended.then((how) => Promise.reject(new Error(`the example ended with ${how}:\n${output()}`)))
  const opened = () => /Open (http:\S+) .* the service on (http:[^\s,]+)/.exec(output())
  await Promise.race([early, expect.poll(opened, { timeout: 30_000, interval: 20 }).not.toBeNull()])
  early.catch(() => {})
  const [, url = '', serviceUrl = ''] = opened() ?? []
  return { url, serviceUrl, output, ended, interrupt }
}

/** The same, and whoever calls it need not wait until it is there. */
export function spawnExample(name: string, settings: Record<string, string> = {}) {
  const child = spawn('npm', ['start', '--silent', '--prefix', `examples/${name}`], {
    cwd: ROOT,
    env: {
      ...serviceEnvironment({ LATCHKEY_DATABASE_URL: `sqlite:${join(temporaryFolder(), 'latchkey.db')}` }),
      // As after a fresh clone: what a bare `node` is, npm has to know.
      PATH:
        process.env.PATH?.split(delimiter)
          .filter((folder) => !folder.includes('node_modules'))
          .join(delimiter) ?? '',
      ...settings,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
    // A group of its own, as a terminal makes one.
    detached: true,
  })
  const ended = once(child, 'exit').then(([code, signal]): number | NodeJS.Signals => code ?? signal)
  let output = ''
  const read = (chunk: Buffer) => {
    output += chunk
  }
  child.stdout.on('data', read)
  child.stderr.on('data', read)
  /** Whether there was a process left to hear it. */
  const signalAll = (signal: NodeJS.Signals | 0): boolean => {
    try {
      return process.kill(-child.pid!, signal)
    } catch {
      return false
    }
  }
  onTestFinished(() => void signalAll('SIGKILL'))
  return {
    ended,
    output: () => output,
    async interrupt() {
      signalAll('SIGINT')
      await ended
      await expect.poll(() => signalAll(0), { timeout: 10_000 }).toBe(false)
    },
  }
}

/** How many refreshes the service has answered with this outcome, and how many it took for a theft. */
export async function refreshesOf({ serviceUrl }: Example): Promise<{ ok: number; refused: number }> {
  const metrics = await (await fetch(`${serviceUrl}/metrics`)).text()
  const counts = [...metrics.matchAll(/^latchkey_refreshes_total\{outcome="(\w+)"\} (\d+)$/gm)]
  const sum = (isCounted: (outcome: string) => boolean) =>
    counts.reduce((total, [, outcome = '', count]) => total + (isCounted(outcome) ? Number(count) : 0), 0)
  return { ok: sum((outcome) => outcome === 'ok'), refused: sum((outcome) => outcome !== 'ok') }
}
