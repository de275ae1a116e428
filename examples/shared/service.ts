import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { type Listening, listening } from './listening.ts'

/** The program as this repository has installed it. */
export const LATCHKEY = join(import.meta.dirname, '../../node_modules/.bin/latchkey')

export interface Service extends Listening {
  pid: number
  stop(): Promise<void>
}

/** Runs `latchkey serve` in a folder, where it keeps its data unless the environment says otherwise. */
export async function serve(folder: string, environment: NodeJS.ProcessEnv): Promise<Service> {
  const child = spawn(LATCHKEY, ['serve'], {
    cwd: folder,
    env: environment,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const { url, ended } = await listening('latchkey serve', child)
  return {
    url,
    ended,
    pid: child.pid!,
    async stop() {
      child.kill('SIGTERM')
      await ended
    },
  }
}
