// The laboratory: services started on files of their own, and what the kernel says about them.
// It owns what it starts, and removes every file that it made.
import { closeSync, fdatasyncSync, mkdtempSync, openSync, rmSync, statfsSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { median } from '../load/latencies.ts'

// linux/magic.h
const FILE_SYSTEMS = new Map([
  [0xef53, 'ext4'],
  [0x58465342, 'xfs'],
  [0x9123683e, 'btrfs'],
  [0x794c7630, 'overlay'],
  [0x01021994, 'tmpfs'],
])
const FLUSHES = 200

export interface Workplace {
  directory: string
  fileSystem: string
  /** The median of an appended 4 KiB page and its fdatasync: what one durable commit waits for at least. */
  flushMicros: number
  remove(): void
}

/** A directory on a real disk where there is one: durability costs nothing in memory, and a rate there means nothing. */
export function makeWorkplace(): Workplace {
  const root = [tmpdir(), '/var/tmp'].find((path) => fileSystemOf(path) !== 'tmpfs') ?? tmpdir()
  const directory = mkdtempSync(join(root, 'latchkey-bench-'))
  // What was killed a moment ago may still be at its files.
  const remove = () => rmSync(directory, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 })
  process.on('exit', remove)
  return {
    directory,
    fileSystem: fileSystemOf(directory),
    flushMicros: flushMicros(join(directory, 'flush')),
    remove,
  }
}

function fileSystemOf(path: string): string {
  const { type } = statfsSync(path)
  return FILE_SYSTEMS.get(type) ?? `file system 0x${type.toString(16)}`
}

function flushMicros(file: string): number {
  const page = new Uint8Array(4096)
  const descriptor = openSync(file, 'w')
  const micros = Array.from({ length: FLUSHES }, () => {
    const started = performance.now()
    writeSync(descriptor, page)
    fdatasyncSync(descriptor)
    return (performance.now() - started) * 1000
  })
  closeSync(descriptor)
  rmSync(file)
  return median(micros)
}
