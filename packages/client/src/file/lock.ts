import { createHash } from 'node:crypto'
import { mkdir, realpath } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { FileStorageError, reasonOf } from './errors.ts'
import type { Hold } from './hold.ts'
import { takePipeLock } from './pipe-lock.ts'
import { makePrivateFolder } from './private.ts'
import { LONGEST_SOCKET_NAME, takeSocketLock } from './socket-lock.ts'

/** What fits into the address of a socket everywhere, in bytes. */
const LONGEST_ADDRESS = 103
/** A change of the file takes milliseconds: whoever takes this long has been stopped in the midst of it. */
const CHANGE_WITHIN_MS = 3000
const CHANGE_ATTEMPTS = 5

/**
 * For a task of the client, which asks the network. Resolves to `null` where the lock cannot be had, or not within
 * `waitMs`: the task then runs without.
 */
export function takeTurn(file: string, waitMs: number): Promise<Hold | null> {
  return takeLock(file, 'turn', waitMs).catch(() => null)
}

/**
 * Makes one change of the file under the pen, which is never done without. `change` resolves to false when it lost the
 * pen, and is then made anew.
 */
export async function withPen(file: string, change: (pen: Hold) => Promise<boolean>): Promise<void> {
  for (let attempt = 1; attempt <= CHANGE_ATTEMPTS; attempt++) {
    const pen = await takeLock(file, 'write', CHANGE_WITHIN_MS)
    try {
      if (pen !== null && (await change(pen))) return
    } finally {
      pen?.release()
    }
  }
  throw new FileStorageError('BUSY', `other processes were changing ${file} all the time`)
}

async function takeLock(file: string, name: 'turn' | 'write', waitMs: number): Promise<Hold | null> {
  await makePrivateFolder(dirname(file))
  try {
    if (process.platform === 'win32') {
      return await takePipeLock(`\\\\.\\pipe\\latchkey-${await digest(file)}-${name}`, waitMs)
    }
    return await takeSocketLock(await makeLockFolder(file), name, waitMs)
  } catch (cause) {
    const why = `${file} cannot be locked (${reasonOf(cause)})`
    throw new FileStorageError('NOT_LOCKED', `${why}: choose a path on a local disk`, { cause })
  }
}

/** Beside the file, so that whoever reaches the file reaches the lock, containers that share a volume included. */
async function makeLockFolder(file: string): Promise<string> {
  const beside = `${file}.lock`
  if (Buffer.byteLength(join(beside, LONGEST_SOCKET_NAME)) <= LONGEST_ADDRESS) {
    await mkdir(beside, { recursive: true, mode: 0o700 })
    return beside
  }
  const near = `/tmp/latchkey-${process.geteuid?.()}-${await digest(file)}`
  await makePrivateFolder(near)
  return near
}

/** The same whatever links lead to the file. */
async function digest(file: string): Promise<string> {
  const path = join(await realpath(dirname(file)), basename(file))
  return createHash('sha256').update(path).digest('hex').slice(0, 32)
}
