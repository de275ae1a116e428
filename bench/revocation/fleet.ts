import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { cpuOf } from '../lab/process.ts'
import type { Order, Report } from './verifiers.ts'

const VERIFIERS = join(import.meta.dirname, 'verifiers.ts')
const PATIENCE_MS = 60_000

const running = new Set<ChildProcess>()
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})

/** Services that verify, in a few processes. */
export class Fleet {
  readonly #processes: readonly ChildProcess[]

  private constructor(processes: readonly ChildProcess[]) {
    this.#processes = processes
  }

  /** Resolves when each of them hears the feed. */
  static async open(
    verifiers: number,
    processes: number,
    options: Pick<Extract<Order, { kind: 'open' }>, 'issuer' | 'clientId' | 'clientSecret'>,
  ): Promise<Fleet> {
    const fleet = new Fleet(Array.from({ length: processes }, start))
    await fleet.#tell({ kind: 'open', count: verifiers / processes, ...options })
    return fleet
  }

  /** Resolves when every verifier has verified each of the tokens, and once more from memory. */
  async remember(tokens: string[]): Promise<void> {
    await this.#tell({ kind: 'remember', tokens })
  }

  /** Has `revoke` done, and resolves to when the last verifier refused the last of the tokens, in `machineNow()`. */
  async lastRefusal(tokens: string[], revoke: () => Promise<void>): Promise<number> {
    await this.#tell({ kind: 'watch', tokens })
    const refused = Promise.all(this.#processes.map((child) => next(child, 'refused')))
    // It is awaited below, after the request: until then nobody else would hear of a failure.
    refused.catch(() => {})
    await revoke()
    return Math.max(...(await refused).map(({ at }) => at))
  }

  /** CPU seconds that its processes have used so far. */
  cpu(): number {
    return this.#processes.reduce((sum, { pid }) => sum + cpuOf(pid!), 0)
  }

  async close(): Promise<void> {
    await Promise.all(
      this.#processes.map(async (child) => {
        if (child.exitCode !== null || child.signalCode !== null) return
        const ended = once(child, 'exit')
        child.disconnect()
        await ended
      }),
    )
  }

  async #tell(order: Order): Promise<void> {
    await Promise.all(
      this.#processes.map(async (child) => {
        child.send(order)
        await next(child, 'done')
      }),
    )
  }
}

function start(): ChildProcess {
  const child = fork(VERIFIERS)
  running.add(child)
  child.once('exit', () => running.delete(child))
  return child
}

/** The next report of a kind. Rejects when it is another one, or there is none. */
function next<Kind extends Report['kind']>(
  child: ChildProcess,
  kind: Kind,
): Promise<Extract<Report, { kind: Kind }>> {
  return new Promise((resolve, reject) => {
    const late = setTimeout(() => end(() => reject(new Error('verifiers said nothing'))), PATIENCE_MS)
    const onExit = () => end(() => reject(new Error('a process of verifiers has ended')))
    const onMessage = (report: Report) =>
      end(() => {
        if (isOf(report, kind)) resolve(report)
        else reject(new Error(report.kind === 'failed' ? report.why : `unexpected report: ${report.kind}`))
      })
    const end = (settle: () => void) => {
      clearTimeout(late)
      child.off('message', onMessage).off('exit', onExit)
      settle()
    }
    child.on('message', onMessage).on('exit', onExit)
  })
}

function isOf<Kind extends Report['kind']>(
  report: Report,
  kind: Kind,
): report is Extract<Report, { kind: Kind }> {
  return report.kind === kind
}
