// What another process can do to a database file, for tests.
// It asserts nothing.
import { spawn } from 'node:child_process'
import { once } from 'node:events'

const HOLDER = `
  const { DatabaseSync } = await import('node:sqlite')
  const database = new DatabaseSync(process.argv[1], { timeout: 5000 })
  database.exec('begin immediate')
  process.stdout.write('locked')
  process.stdin.on('end', () => {
    database.exec('rollback')
    database.close()
    process.stdout.write('released')
  }).resume()`

/** Locks a database file for writing from a process of its own. Resolves, once it is locked, to what releases it. */
export async function lockFile(path: string): Promise<() => Promise<void>> {
  const holder = spawn(process.execPath, ['--input-type=module', '-e', HOLDER, path], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  await once(holder.stdout, 'data')
  return async () => {
    if (holder.exitCode !== null) return
    const released = once(holder, 'exit')
    holder.stdin.end()
    await released
  }
}
