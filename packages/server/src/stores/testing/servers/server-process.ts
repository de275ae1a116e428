// A database server of a test's own: a process that can be stopped, killed and started again on what it has kept.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chownSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'

const PATIENCE_MS = 30_000
const LOOK_EVERY_MS = 20

/** Who a server runs as. PostgreSQL refuses to be root, so that root becomes the named user. */
export type Identity = { uid: number; gid: number } | undefined

export function identityOf(user: string): Identity {
  if (process.getuid?.() !== 0) return undefined
  const idOf = (flag: string) => Number(execFileSync('id', [flag, user], { encoding: 'utf8' }))
  return { uid: idOf('-u'), gid: idOf('-g') }
}

export function newServerFolder(name: string, identity?: Identity): string {
  const folder = mkdtempSync(join(tmpdir(), `latchkey-${name}-`))
  if (identity !== undefined) chownSync(folder, identity.uid, identity.gid)
  return folder
}

interface ServerProcessOptions {
  command: string
  arguments: readonly string[]
  folder: string
  identity?: Identity
  /** Resolves when it answers, rejects when it does not. */
  isReady: () => Promise<unknown>
  /** The signal at which it stops in good order. */
  stopSignal: NodeJS.Signals
}

export class ServerProcess {
  readonly #options: ServerProcessOptions
  #child: ChildProcess | undefined
  #output = ''

  constructor(options: ServerProcessOptions) {
    this.#options = options
  }

  get pid(): number | undefined {
    return this.#child?.pid
  }

  /** Starts it, and resolves when it answers. What is left of a killed one may have to end first. */
  async start(): Promise<void> {
    const deadline = performance.now() + PATIENCE_MS
    for (;;) {
      const child = this.#spawn()
      while (child.exitCode === null && child.signalCode === null) {
        try {
          await this.#options.isReady()
          return
        } catch (error) {
          if (performance.now() > deadline) throw new Error(`${this.#name} does not answer`, { cause: error })
          await delay(LOOK_EVERY_MS)
        }
      }
      if (performance.now() > deadline) throw new Error(`${this.#name} does not start:\n${this.#output}`)
      await delay(LOOK_EVERY_MS)
    }
  }

  /** Stops it in good order, and resolves when it is gone. */
  async stop(): Promise<void> {
    await this.#end(this.#options.stopSignal)
  }

  /** As a power cut would. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL')
  }

  /** Stands still with the processes that it has started, or goes on: its connections stay open meanwhile. */
  signal(signal: 'SIGSTOP' | 'SIGCONT'): void {
    const pid = this.#child?.pid
    if (pid === undefined) return
    // Before its children, so that it starts no more of them.
    this.#child?.kill(signal)
    for (const child of childrenOf(pid)) send(child, signal)
  }

  /** Ends it and removes what it has kept. */
  async remove(): Promise<void> {
    await this.kill()
    rmSync(this.#options.folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 })
  }

  get #name(): string {
    return this.#options.command
  }

  #spawn(): ChildProcess {
    const { command, arguments: args, folder, identity } = this.#options
    const child = spawn(command, args, { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'], ...identity })
    this.#output = ''
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on('data', (chunk: Buffer) => {
        this.#output = `${this.#output}${chunk}`.slice(-4_000)
      })
    }
    this.#child = child
    return child
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
    const exited = once(child, 'exit')
    child.kill(signal)
    await exited
  }
}

/** PostgreSQL has one for each connection. Where the system does not tell, none. */
function childrenOf(pid: number): number[] {
  const list = `/proc/${pid}/task/${pid}/children`
  if (!existsSync(list)) return []
  return readFileSync(list, 'utf8').trim().split(' ').filter(Boolean).map(Number)
}

/** To a process that may have ended meanwhile. */
function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}
