import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { onTestFinished } from 'vitest'
import { serviceEnvironment } from '../support/service.ts'

export const LATCHKEY = fileURLToPath(new URL('../../node_modules/.bin/latchkey', import.meta.url))

export interface Invocation {
  environment?: Record<string, string>
  workingFolder?: string
  /** What comes on its standard input. @default nothing */
  input?: string
  /** The program and its first arguments. @default latchkey */
  program?: readonly string[]
}

export interface Ended {
  code: number | null
  stdout: string
  stderr: string
}

export interface Running {
  process: ChildProcess
  /** The first address on its standard output. */
  url: string
  /** Resolves when it has ended. */
  ended: Promise<Ended>
  stdout(): string
}

/** Runs a command to its end. */
export async function latchkey(args: readonly string[], invocation: Invocation = {}): Promise<Ended> {
  return await start(args, invocation).ended
}

/** Runs `latchkey serve` until it says where it listens. */
export async function serve(args: readonly string[], invocation: Invocation): Promise<Running> {
  const { process, ended, stdout } = start(['serve', ...args], invocation)
  for (;;) {
    const url = /http:\/\/\S+/.exec(stdout())?.[0]
    if (url !== undefined) return { process, url, ended, stdout }
    const progress = process.stdout === null ? [] : [once(process.stdout, 'data')]
    const end = await Promise.race([ended, ...progress])
    if ('stderr' in end) throw new Error(`it ended with ${end.code}:\n${end.stderr}`)
  }
}

/** Starts a command, and waits for nothing. */
export function start(
  args: readonly string[],
  { environment = {}, workingFolder, input, program = [LATCHKEY] }: Invocation,
) {
  const [file = LATCHKEY, ...first] = program
  const child = spawn(file, [...first, ...args], {
    cwd: workingFolder ?? join(import.meta.dirname),
    env: serviceEnvironment(environment),
    stdio: 'pipe',
  })
  // A command may end without having read it all.
  child.stdin.on('error', () => {}).end(input)
  let stdout = ''
  let stderr = ''
  child.stdout.on('data', (chunk: Buffer) => {
    stdout += chunk
  })
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk
  })
  const ended = once(child, 'close').then(([code]) => ({ code: code as number | null, stdout, stderr }))
  onTestFinished(async () => {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL')
    await ended
  })
  return { process: child, ended, stdout: () => stdout }
}
