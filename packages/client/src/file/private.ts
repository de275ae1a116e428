import type { Stats } from 'node:fs'
import { lstat, mkdir, realpath, stat } from 'node:fs/promises'
import { errnoOf, FileStorageError, reasonOf } from './errors.ts'

/**
 * The file that the path stands for: links are followed if this user or root made them. Somebody else's link would
 * choose where the tokens go.
 */
export async function followLink(path: string): Promise<string> {
  const found = await ifThere(lstat(path), path)
  if (!found?.isSymbolicLink()) return path
  assertOwnLink(found, path)
  try {
    return await realpath(path)
  } catch (cause) {
    throw new FileStorageError('NOT_A_FILE', `${path} is a link that leads nowhere: remove it`, { cause })
  }
}

/** Makes the folder, and those above it, where they are missing. */
export async function makePrivateFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 })
  } catch (cause) {
    throw new FileStorageError('NOT_WRITTEN', `${folder} cannot be made (${reasonOf(cause)})`, { cause })
  }
  await assertPrivateFolder(folder)
}

/** A folder that is missing is as private as can be. */
export async function assertPrivateFolder(folder: string): Promise<void> {
  const found = await ifThere(lstat(folder), folder)
  if (found?.isSymbolicLink()) assertOwnLink(found, folder)
  const target = await ifThere(stat(folder), folder)
  if (target !== undefined) assertPrivate(target, folder, 'folder')
}

/** Windows keeps other users out of a user's profile by itself, and its modes and owners say nothing here. */
export function assertPrivate(stats: Stats, path: string, kind: 'file' | 'folder'): void {
  if (kind === 'file' ? !stats.isFile() : !stats.isDirectory()) {
    const is = stats.isDirectory() ? 'is a folder' : `is not a ${kind}`
    throw new FileStorageError('NOT_A_FILE', `${path} ${is}: choose another path`)
  }
  const user = process.geteuid?.()
  if (user === undefined) return
  if (stats.uid !== user) {
    const owner = `belongs to user ${stats.uid}, and this process runs as user ${user}`
    throw new FileStorageError('NOT_PRIVATE', `${path} ${owner}: chown it, or run as its owner`)
  }
  if ((stats.mode & 0o077) !== 0) {
    const mode = (stats.mode & 0o777).toString(8)
    const fix = `chmod ${kind === 'file' ? 600 : 700} '${path}', or choose a path in a folder of its own`
    throw new FileStorageError('NOT_PRIVATE', `${path} is open to other users (mode ${mode}): ${fix}`)
  }
}

function assertOwnLink(link: Stats, path: string): void {
  const user = process.geteuid?.()
  if (user === undefined || link.uid === user || link.uid === 0) return
  throw new FileStorageError('NOT_PRIVATE', `${path} is a link that user ${link.uid} made: remove it`)
}

async function ifThere(stats: Promise<Stats>, path: string): Promise<Stats | undefined> {
  try {
    return await stats
  } catch (cause) {
    if (errnoOf(cause) === 'ENOENT') return undefined
    throw new FileStorageError('NOT_READ', `${path} cannot be reached (${reasonOf(cause)})`, { cause })
  }
}
