import { dirname } from 'node:path'
import type { SharedStorage, TokenStorage } from '../storage.ts'
import { bootClock } from './boot-clock.ts'
import { changeContents, readContents } from './contents.ts'
import { takeTurn, withPen } from './lock.ts'
import { type FileStorageOptions, readOptions } from './options.ts'
import { assertPrivateFolder, followLink, makePrivateFolder } from './private.ts'

/**
 * Keeps a native client's session in one file that only its user can read, and that any number of the user's processes
 * may use at a time: one of them renews the access token for all. Node.js, Deno and Bun.
 *
 * Its methods reject with a `FileStorageError`.
 *
 * @throws TypeError naming the option that is out of its range.
 */
export function fileStorage(options: FileStorageOptions): TokenStorage & { shared: SharedStorage } {
  const { path, waitMs } = readOptions(options)
  let lastChange: Promise<unknown> = Promise.resolve()

  async function read(): Promise<Map<string, string>> {
    const file = await followLink(path)
    await assertPrivateFolder(dirname(file))
    return (await readContents(file)).items
  }

  /** In the order of the calls in this process, one at a time among all. */
  function change(key: string, edit: (value: string | null) => string | null): Promise<void> {
    const done = lastChange.then(async () => {
      // Most have only come to look, and need not wait for the pen.
      if (!changeItem(await read(), key, edit)) return
      const file = await followLink(path)
      await makePrivateFolder(dirname(file))
      await withPen(file, (pen) => changeContents(file, pen, (items) => changeItem(items, key, edit)))
    })
    lastChange = done.catch(() => undefined)
    return done
  }

  async function exclusive<T>(task: () => Promise<T>): Promise<T> {
    const file = await followLink(path).catch(() => path)
    const turn = await takeTurn(file, waitMs)
    try {
      return await task()
    } finally {
      turn?.release()
    }
  }

  return {
    getItem: async (key) => (await read()).get(key) ?? null,
    setItem: (key, value) => change(key, () => value),
    removeItem: (key) => change(key, () => null),
    shared: { exclusive, change, now: bootClock() },
  }
}

/** Says whether that changed anything. */
function changeItem(
  items: Map<string, string>,
  key: string,
  edit: (value: string | null) => string | null,
): boolean {
  const before = items.get(key) ?? null
  const after = edit(before)
  if (after === null) items.delete(key)
  else items.set(key, after)
  return after !== before
}
