import { connect, createServer, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { errnoOf } from './errors.ts'

/**
 * A socket that nothing is ever said over. The kernel closes it when its process ends, in whatever way, and tells
 * everybody who is connected: what a lock needs, and what Node.js offers of no other kind of lock.
 */
export interface LocalSocket {
  close(): void
}

/** Resolves when others can connect. Rejects with `EADDRINUSE` when the name is taken. */
export function listenOn(path: string): Promise<LocalSocket> {
  const connected = new Set<Socket>()
  const server = createServer((socket) => {
    connected.add(socket)
    socket.on('error', () => undefined)
    socket.on('close', () => connected.delete(socket))
    socket.unref()
  })
  // A lock keeps no process running that has nothing else to do.
  server.unref()
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    // In a worker of node:cluster the primary would listen instead, and hold the lock for its own lifetime.
    server.listen({ path, exclusive: true }, () => {
      server.on('error', () => undefined)
      resolve({
        // In this order: who hears that it is over must find nobody listening.
        close() {
          server.close()
          for (const socket of connected) socket.destroy()
        },
      })
    })
  })
}

/** Whether nobody listens there. If somebody does, it says no when that ends, or after `waitMs`. */
export function hasNoListener(path: string, waitMs: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path)
    const end = (answer: boolean) => {
      clearTimeout(timer)
      socket.destroy()
      resolve(answer)
    }
    const timer = setTimeout(() => end(false), Math.max(waitMs, LONG_ENOUGH_TO_CONNECT_MS))
    socket.on('error', (error) => meansNobody(error) && end(true))
    socket.on('close', () => end(false))
  })
}

const LONG_ENOUGH_TO_CONNECT_MS = 50

/** Any other error, such as too many open files, says nothing about the other side. */
function meansNobody(error: unknown): boolean {
  return ['ECONNREFUSED', 'ENOENT', 'ENOTSOCK'].includes(errnoOf(error) ?? '')
}

/** A short while that differs from caller to caller. */
export function pause(): Promise<void> {
  return sleep(5 + Math.random() * 20)
}
