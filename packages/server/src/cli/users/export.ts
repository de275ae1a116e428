import { once } from 'node:events'
import { closeSync, fchmodSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import type { Auth } from '../../auth.ts'
import { ConfigError } from '../../errors.ts'
import { createProgress, formatCount } from '../progress.ts'
import type { Settings } from '../settings.ts'
import { withService } from '../with-service.ts'

export interface ExportFlags {
  /** Null writes to standard output. */
  output: string | null
  withPasswordHashes: boolean
}

/** As a shell says of a command that Ctrl-C ended. */
const INTERRUPTED = 130
const SIGNALS = ['SIGINT', 'SIGTERM'] as const

/** `latchkey users export` */
export async function exportUsers(
  settings: Settings,
  { output, withPasswordHashes }: ExportFlags,
): Promise<void> {
  await withService(settings, async ({ users }) => {
    const batches = withProgress(users, withPasswordHashes)
    if (output === null) return await writeOut(batches)
    const count = await writeFile(output, batches)
    process.stderr.write(`${formatCount(count)} ${count === 1 ? 'user' : 'users'} written to ${output}.\n`)
  })
}

async function* withProgress(users: Auth['users'], withPasswordHash: boolean): AsyncGenerator<string[]> {
  const total = await users.count()
  const progress = createProgress('users')
  let count = 0
  try {
    for await (const lines of users.exportLines({ withPasswordHash })) {
      yield lines
      count += lines.length
      progress.update(count, total === 0 ? null : count / total)
    }
  } finally {
    progress.end()
  }
}

async function writeOut(batches: AsyncIterable<string[]>): Promise<void> {
  // Who reads it, such as `head`, has enough.
  process.stdout.once('error', () => process.exit(1))
  for await (const lines of batches) {
    if (!process.stdout.write(toText(lines))) await once(process.stdout, 'drain')
  }
}

/** The file is there when it is whole, or not at all, and for its user's eyes only. */
async function writeFile(path: string, batches: AsyncIterable<string[]>): Promise<number> {
  const draft = `${path}.part`
  const giveUp = () => {
    rmSync(draft, { force: true })
    process.exit(INTERRUPTED)
  }
  for (const signal of SIGNALS) process.once(signal, giveUp)
  const file = create(draft)
  let count = 0
  try {
    for await (const lines of batches) {
      writeSync(file, toText(lines))
      count += lines.length
      // SQLite answers without a turn of the event loop, and Ctrl-C is heard in one.
      await setImmediate()
    }
    fsyncSync(file)
  } catch (error) {
    rmSync(draft, { force: true })
    throw error
  } finally {
    closeSync(file)
  }
  renameSync(draft, path)
  for (const signal of SIGNALS) process.off(signal, giveUp)
  const folder = openSync(dirname(path), 'r')
  fsyncSync(folder)
  closeSync(folder)
  return count
}

function create(path: string): number {
  try {
    const file = openSync(path, 'w', 0o600)
    // One that was left behind may have another mode.
    fchmodSync(file, 0o600)
    return file
  } catch (error) {
    throw new ConfigError([{ setting: path, problem: `cannot be written: ${(error as Error).message}` }])
  }
}

function toText(lines: readonly string[]): string {
  return `${lines.join('\n')}\n`
}
