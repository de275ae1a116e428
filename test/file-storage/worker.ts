// One of the processes that share a file. What it does is its first argument; it reports a line at a time.
import { createServer } from 'node:net'
import { createInterface } from 'node:readline'
import { setTimeout as delay } from 'node:timers/promises'
import { FileStorageError, fileStorage } from '@latchkey/client/file'

const [verb = '', path = '', ...rest] = process.argv.slice(2)
const storage = fileStorage({ path })
const { exclusive, change } = storage.shared

const verbs: { [verb: string]: () => Promise<void> } = {
  /** Adds so many to a number, one at a time. */
  async count() {
    for (let left = Number(rest[0]); left > 0; left--) {
      await exclusive(async () => {
        const number = Number((await storage.getItem('number')) ?? 0)
        await storage.setItem('number', String(number + 1))
      })
    }
  },

  /** Takes its turn and keeps it until it is told to go on. Then it writes, if nobody has. */
  async hold() {
    await exclusive(async () => {
      say('in')
      for await (const _ of createInterface(process.stdin)) break
      await change('writer', (writer) => writer ?? 'the one that held')
    })
    say('done')
  },

  /** Adds so many to a number without ever having a turn. */
  async change() {
    for (let left = Number(rest[0]); left > 0; left--) {
      await change('number', (number) => String(Number(number) + 1))
    }
  },

  /** Writes a long item, over and over, and says of each that it stands. */
  async write() {
    for (let number = Number(rest[0]); ; number++) {
      await storage.setItem('number', `${number} ${'.'.repeat(100_000)}`)
      say(String(number))
    }
  },

  /** Writes an item of so many bytes once. */
  async fill() {
    await storage.setItem('long', '.'.repeat(Number(rest[0])))
    say('written')
  },

  /** Takes turn after turn; whoever has one has the port, so two at a time would collide. */
  async visit() {
    for (;;) {
      await exclusive(async () => {
        const leave = await enter(Number(rest[0]))
        say('in')
        await delay(5)
        leave()
      })
    }
  },
}

async function enter(port: number): Promise<() => void> {
  const startedAt = performance.now()
  for (;;) {
    const server = createServer()
    const isIn = await new Promise((resolve) => {
      server.once('error', () => resolve(false))
      server.listen(port, '127.0.0.1', () => resolve(true))
    })
    if (isIn) return () => server.close()
    // A process that is being killed loses its sockets one after the other.
    if (performance.now() - startedAt > 50) {
      say('collision')
      return () => undefined
    }
  }
}

function say(line: string): void {
  process.stdout.write(`${line}\n`)
}

await verbs[verb]!().catch((error: unknown) => {
  say(error instanceof FileStorageError ? error.code : String(error))
  process.exitCode = 1
})
// What reads its input would keep it alive.
process.stdin.destroy()
