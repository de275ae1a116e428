// A program of this machine, in the foreground, with as few rights as it can do with.

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, chownSync, existsSync, mkdtempSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { endOf } from '../shared/listening.ts'

/** Where Debian keeps the programs of a server, which the PATH of a user may not name. */
const FOLDERS = [...(process.env.PATH?.split(delimiter) ?? []), '/usr/sbin', '/usr/local/sbin']

/** Debian's `nobody`. Whoever starts an example as root, as CI does, runs the gateway as this user. */
const NOBODY = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {}

const POLL_MS = 20

export interface Program {
  process: ChildProcess
  /** Says how, once it has ended. */
  ended: Promise<string>
  stop(): Promise<void>
}

/** The path of a program, or `undefined` where it is not installed. */
export function findProgram(name: string): string | undefined {
  return FOLDERS.map((folder) => join(folder, name)).find((path) => existsSync(path))
}

/**
 * An empty folder that the gateway can look into and no other user of this machine; in memory where the machine has such
 * folders, since what a gateway remembers of tokens has no place on a disk.
 */
export function privateFolder(name: string): string {
  const parent = existsSync('/dev/shm') ? '/dev/shm' : tmpdir()
  const folder = mkdtempSync(join(parent, `latchkey-${name}-`))
  giveToGateway(folder)
  chmodSync(folder, 0o700)
  return folder
}

/** Lets the gateway read a file, or write to a folder, that this process made. */
export function giveToGateway(path: string): void {
  if (NOBODY.uid !== undefined) chownSync(path, NOBODY.uid, NOBODY.gid)
}

/** Runs it and resolves when its port is open. Rejects when it ends before, as it does for a wrong configuration. */
export async function startProgram(path: string, args: readonly string[], port: number): Promise<Program> {
  // Of the environment it gets nothing: a gateway has no use for the service's secret.
  const child = spawn(path, args, { ...NOBODY, cwd: '/', env: {}, stdio: 'inherit' })
  const ended = endOf(child)
  let endedWith: string | undefined
  void ended.then((how) => {
    endedWith = how
  })
  while (!(await isOpen(port))) {
    if (endedWith !== undefined) throw new Error(`${path} ended before it listened: ${endedWith}`)
    await wait(POLL_MS)
  }
  return {
    process: child,
    ended,
    async stop() {
      child.kill('SIGTERM')
      await ended
    },
  }
}

async function isOpen(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1')
  try {
    await once(socket, 'connect')
    return true
  } catch {
    return false
  } finally {
    socket.destroy()
  }
}
