import { randomBytes } from 'node:crypto'
import { readdir, rm, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { errnoOf } from './errors.ts'
import type { Hold } from './hold.ts'
import { hasNoListener, type LocalSocket, listenOn, pause } from './local-socket.ts'

/** The longest name of a socket in the folder, for locks with names of up to five letters. */
export const LONGEST_SOCKET_NAME = 'write.123456789.012345'
/** How often within `waitMs` a waiting process looks whether the queue moves. */
const LOOKS = 5
/** How many times `waitMs` a process waits in a queue that moves. */
const LONGEST_QUEUE = 2
/** Who was sent on sooner than this has not waited at all. */
const AT_ONCE_MS = 2

/**
 * Takes the lock `name` of a private folder, which holds a queue: each number is a link to the socket of a process that
 * listens for as long as it waits for the lock or has it. Who comes makes the next number, which only one can, and waits
 * until all before it are silent. Who has the lock removes the numbers below its own. The highest is never removed, so
 * nobody clears away as abandoned what a faster one has just made anew.
 *
 * When the queue has not moved for `waitMs`, the one at its front is taken for frozen, and loses its place. Resolves to
 * `null` after twice that time in a queue that moves. Rejects where the folder cannot hold sockets.
 */
export async function takeSocketLock(folder: string, name: string, waitMs: number): Promise<Hold | null> {
  const queue = { folder, name }
  const endsAt = performance.now() + waitMs * LONGEST_QUEUE
  for (;;) {
    const place = await joinQueue(queue)
    const outcome = place && (await waitAt(queue, place, waitMs, endsAt))
    if (outcome === 'first') return holdOf(queue, place!)
    if (outcome === 'late') return null
    await pause()
  }
}

interface Queue {
  folder: string
  name: string
}

interface Place {
  number: number
  socket: LocalSocket
}

/** Resolves to `null` when somebody else was faster. */
async function joinQueue(queue: Queue): Promise<Place | null> {
  const number = ((await numbersOf(queue)).at(-1) ?? 0) + 1
  const unique = `${queue.name}.${number}.${randomBytes(3).toString('hex')}`
  // It listens before the number leads to it: a number that is found silent has been left, and stays silent.
  const socket = await listenOn(join(queue.folder, unique))
  let isIn = false
  try {
    if (!(await isNew(symlink(unique, pathOf(queue, number))))) return null
    // Since the numbers were read, others may have had this one and gone on, so that it was free again.
    isIn = (await numbersOf(queue)).at(-1) === number
    if (isIn) return { number, socket }
    await rm(pathOf(queue, number), { force: true })
    return null
  } finally {
    if (!isIn) socket.close()
  }
}

/** `out`: others took this process for frozen, and did not wait for it any longer. */
async function waitAt(
  queue: Queue,
  { number, socket }: Place,
  waitMs: number,
  endsAt: number,
): Promise<'first' | 'late' | 'out'> {
  const lookMs = waitMs / LOOKS
  let isFirst = false
  let front: number | undefined
  let unmovedMs = 0
  let lookedAt = 0
  try {
    for (;;) {
      const numbers = await numbersOf(queue)
      if (!numbers.includes(number)) return 'out'
      const now = performance.now()
      // A long sleep of this process, or of the machine, says nothing about the others.
      unmovedMs = numbers[0] === front ? unmovedMs + Math.min(now - lookedAt, lookMs * 2) : 0
      front = numbers[0]
      lookedAt = now
      if (now >= endsAt) return 'late'
      const before = numbers.filter((other) => other < number)
      if (unmovedMs >= waitMs) await removeFront(queue, before)
      if (await areSilent(queue, before, lookMs)) {
        await clearBelow(queue, number)
        isFirst = true
        return 'first'
      }
      if (performance.now() - now < AT_ONCE_MS) await pause()
    }
  } finally {
    if (!isFirst) socket.close()
  }
}

/** Says no once it has waited for the last of them that listens, or for so long. */
async function areSilent(queue: Queue, numbers: readonly number[], waitMs: number): Promise<boolean> {
  for (const number of numbers.toReversed()) {
    if (!(await hasNoListener(pathOf(queue, number), waitMs))) return false
  }
  return true
}

/** Takes away the place of the first that listens, and the numbers of those before it. */
async function removeFront(queue: Queue, numbers: number[]): Promise<void> {
  for (let wasThere = false; !wasThere && numbers.length > 0; ) {
    const front = pathOf(queue, numbers.shift()!)
    wasThere = !(await hasNoListener(front, 0))
    await rm(front, { force: true })
  }
}

function holdOf(queue: Queue, { number, socket }: Place): Hold {
  let isHeld = true
  return {
    isLost: async () => isHeld && !(await numbersOf(queue)).includes(number),
    release() {
      isHeld = false
      socket.close()
    },
  }
}

async function isNew(made: Promise<void>): Promise<boolean> {
  try {
    await made
    return true
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') return false
    throw error
  }
}

/** The queue, from its front. */
async function numbersOf({ folder, name }: Queue): Promise<number[]> {
  const names = await readdir(folder)
  const numbers = names.filter((file) => !isSocket(file)).map((file) => numberIn(file, name))
  return numbers.filter((number) => number > 0).sort((a, b) => a - b)
}

/** Lower numbers, and the sockets of processes that wanted them, some of which were killed. */
async function clearBelow({ folder, name }: Queue, number: number): Promise<void> {
  const names = await readdir(folder)
  const old = names.filter((file) => file.startsWith(`${name}.`) && numberIn(file, name) < number)
  await Promise.all(old.map((file) => rm(join(folder, file), { force: true })))
}

function pathOf({ folder, name }: Queue, number: number): string {
  return join(folder, `${name}.${number}`)
}

/** `turn.7` is a number, and `turn.7.c0ffee` a socket. */
function isSocket(file: string): boolean {
  return file.split('.').length > 2
}

/** 0 for what has none. */
function numberIn(file: string, name: string): number {
  const [lock, digits = ''] = file.split('.')
  return lock === name && /^\d{1,15}$/.test(digits) ? Number(digits) : 0
}
