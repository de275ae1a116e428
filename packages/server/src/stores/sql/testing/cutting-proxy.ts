import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { onTestFinished } from 'vitest'

export type Cut =
  /** The server never sees it. */
  | 'before it is sent'
  /** The server has it, and may or may not do it. */
  | 'while it is done'
  /** The server has done it, and its answer is lost. */
  | 'before it is answered'

export interface CuttingProxy {
  /** A database of the server behind it. */
  urlOf(url: string): string
  /** Cuts the connections on which the next messages with a text come, so many times. */
  cut(text: string, when: Cut, options?: { times?: number; meanwhile?: () => Promise<unknown> }): void
  /** How often it has cut. */
  readonly cuts: number
  /** Leads to another server from now on, and ends the connections of before. */
  leadTo(port: number): void
  /** Lets nothing through any more, without a word, or goes on. */
  hang(isHanging: boolean): void
}

/** Stands between a client and a PostgreSQL server for the running test, and breaks connections at chosen messages. */
export async function startCuttingProxy(port: number): Promise<CuttingProxy> {
  let plan: { text: string; when: Cut; left: number; meanwhile: () => Promise<unknown> } | undefined
  let target = port
  let cuts = 0
  let hanging = false
  const sockets = new Set<Socket>()

  const server = createServer((client) => {
    const upstream = connect(target, '127.0.0.1')
    for (const socket of [client, upstream]) {
      sockets.add(socket)
      socket.on('error', () => {})
      if (hanging) socket.pause()
    }
    const end = () => {
      client.destroy()
      upstream.destroy()
    }
    client.on('close', end)
    upstream.on('close', end)
    let swallows = false

    client.on('data', (chunk) => {
      const due = plan !== undefined && plan.left > 0 && chunk.includes(plan.text) ? plan : undefined
      if (due === undefined) {
        upstream.write(chunk)
        return
      }
      due.left--
      cuts++
      swallows = true
      if (due.when === 'before it is sent') {
        void due.meanwhile().then(end)
        return
      }
      upstream.write(chunk, () => {
        if (due.when === 'while it is done') void due.meanwhile().then(end)
      })
      // Nothing comes back before the statement is over, and what it did is durable.
      if (due.when === 'before it is answered') upstream.once('data', () => void due.meanwhile().then(end))
    })
    upstream.on('data', (chunk) => {
      if (!swallows) client.write(chunk)
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.close()
    for (const socket of sockets) socket.destroy()
  })
  const own = (server.address() as AddressInfo).port

  return {
    urlOf(url) {
      const through = new URL(url)
      through.port = String(own)
      return through.href
    },
    cut(text, when, { times = 1, meanwhile = async () => {} } = {}) {
      plan = { text, when, left: times, meanwhile }
    },
    get cuts() {
      return cuts
    },
    leadTo(port) {
      target = port
      for (const socket of sockets) socket.destroy()
    },
    hang(isHanging) {
      hanging = isHanging
      for (const socket of sockets) isHanging ? socket.pause() : socket.resume()
    },
  }
}
