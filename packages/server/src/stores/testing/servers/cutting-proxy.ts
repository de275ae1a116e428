import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

/** A way to a server that breaks when it is told to. */
export interface CuttingProxy {
  port: number
  /**
   * Lets a request through that holds a text, and cuts the connection as soon as the server has answered: the answer is lost.
   * Resolves when that has happened.
   */
  loseAnswerTo(text: string): Promise<void>
  /** From now on the connections that are open swallow everything, as a network does that has lost its way. */
  swallow(): void
  close(): Promise<void>
}

/** Stands between a client and a server on 127.0.0.1. */
export async function startCuttingProxy(serverPort: number): Promise<CuttingProxy> {
  const open = new Set<Socket>()
  let text: string | undefined
  let onLost = (): void => {}
  const server = createServer((client) => {
    const upstream = connect(serverPort, '127.0.0.1')
    for (const socket of [client, upstream]) {
      open.add(socket)
      socket.on('error', () => {})
      socket.on('close', () => {
        open.delete(socket)
        client.destroy()
        upstream.destroy()
      })
    }
    let isAsked = false
    client.on('data', (bytes) => {
      isAsked ||= text !== undefined && bytes.includes(text)
      upstream.write(bytes)
    })
    upstream.on('data', (bytes) => {
      if (!isAsked) return void client.write(bytes)
      text = undefined
      client.destroy()
      onLost()
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    loseAnswerTo(wanted) {
      text = wanted
      return new Promise((resolve) => {
        onLost = resolve
      })
    },
    swallow() {
      for (const socket of open) socket.removeAllListeners('data').pause()
    },
    async close() {
      server.close()
      for (const socket of open) socket.destroy()
    },
  }
}
