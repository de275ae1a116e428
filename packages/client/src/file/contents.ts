import { randomBytes } from 'node:crypto'
import { constants } from 'node:fs'
import { copyFile, type FileHandle, open, readdir, rename, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { errnoOf, FileStorageError, reasonOf } from './errors.ts'
import type { Hold } from './hold.ts'
import { assertPrivate } from './private.ts'

export interface Contents {
  items: Map<string, string>
  /** The file holds something that no file storage wrote, or half of it. It then counts as empty. */
  spoilt: boolean
}

/** One look at the file: what it held before a change, or after, never between. */
export async function readContents(file: string): Promise<Contents> {
  const text = await readPrivate(file)
  if (text === undefined) return { items: new Map(), spoilt: false }
  const items = parseItems(text)
  return { items: items ?? new Map(), spoilt: items === undefined }
}

/**
 * Puts what `edit` makes of the items in the place of the file, in one step that a power cut survives: a draft is
 * written and flushed, takes the file's name, and the folder is flushed. `edit` says whether it changed anything.
 *
 * Resolves to false, with nothing changed, when the pen was lost, because this process stood still for too long. Whoever
 * takes the pen removes the drafts of others first. So a draft that was made before is gone when it should take the
 * file's name, and one that was made after finds the pen lost.
 */
export async function changeContents(
  file: string,
  pen: Hold,
  edit: (items: Map<string, string>) => boolean,
): Promise<boolean> {
  const draft = `${file}.${randomBytes(6).toString('hex')}.tmp`
  try {
    await removeDrafts(file)
    const handle = await open(draft, 'wx', 0o600)
    try {
      if (await pen.isLost()) return false
      const { items, spoilt } = await readContents(file)
      if (!edit(items)) return true
      await handle.writeFile(`${JSON.stringify(Object.fromEntries(items))}\n`)
      await handle.sync()
      // A copy: should the pen be lost after all, then what is moved away here might be somebody's newer work.
      if (spoilt) await copyFile(file, `${file}.spoilt`)
      // Windows renames closed files only. Closing twice does no harm.
      await handle.close()
      if (!(await takesPlace(draft, file))) return false
    } finally {
      await handle.close()
      await rm(draft, { force: true })
    }
    await flushFolder(dirname(file))
    return true
  } catch (cause) {
    if (cause instanceof FileStorageError) throw cause
    throw new FileStorageError('NOT_WRITTEN', `${file} cannot be written (${reasonOf(cause)})`, { cause })
  }
}

async function readPrivate(file: string): Promise<string | undefined> {
  let handle: FileHandle | undefined
  try {
    // A link put here meanwhile is not followed, and a pipe does not make this wait for its writer.
    handle = await open(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
    assertPrivate(await handle.stat(), file, 'file')
    return await handle.readFile('utf8')
  } catch (cause) {
    if (cause instanceof FileStorageError) throw cause
    if (errnoOf(cause) === 'ENOENT') return undefined
    throw new FileStorageError('NOT_READ', `${file} cannot be read (${reasonOf(cause)})`, { cause })
  } finally {
    await handle?.close()
  }
}

function parseItems(text: string): Map<string, string> | undefined {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return undefined
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined
  const entries = Object.entries(value)
  return entries.every(([, item]) => typeof item === 'string') ? new Map(entries) : undefined
}

async function removeDrafts(file: string): Promise<void> {
  const folder = dirname(file)
  const names = await readdir(folder)
  const drafts = names.filter((name) => name.startsWith(`${basename(file)}.`) && name.endsWith('.tmp'))
  await Promise.all(drafts.map((name) => rm(join(folder, name), { force: true })))
}

async function takesPlace(draft: string, file: string): Promise<boolean> {
  try {
    await rename(draft, file)
    return true
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return false
    throw error
  }
}

/** Windows flushes names with the files, and opens no folders. Some file systems have no such flush. */
async function flushFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return
  const handle = await open(folder, constants.O_RDONLY)
  try {
    await handle.sync()
  } catch (error) {
    if (!['EINVAL', 'ENOTSUP', 'EOPNOTSUPP'].includes(errnoOf(error) ?? '')) throw error
  } finally {
    await handle.close()
  }
}
