// Load, from a process that has little CPU to spare for it: connections, sessions that refresh, loops, latencies.
// It knows the wire contract alone, and nothing of the service behind it.
import { connect, type Socket } from 'node:net'

const CONTENT_LENGTH = /\r\ncontent-length: *(\d+)/i
const CHUNKED = /\r\ntransfer-encoding: *chunked/i
const LAST_CHUNK = '0\r\n\r\n'

export interface Answer {
  status: number
  /** The status line and the headers, as they came. */
  head: string
  body: string
}

interface Waiting {
  resolve: (answer: Answer) => void
  reject: (error: Error) => void
}

/**
 * One keep-alive HTTP/1.1 connection, one request at a time. Bytes on a socket instead of an HTTP client, because the
 * load shares its machine with the service that it measures. The body of a chunked answer is left as it came.
 */
export class Connection {
  readonly #socket: Socket
  #received = ''
  #waiting: Waiting | undefined

  private constructor(socket: Socket) {
    this.#socket = socket
    socket.setEncoding('latin1')
    socket.setNoDelay(true)
    socket.on('data', (chunk) => this.#receive(chunk as unknown as string))
    socket.on('error', (error) => this.#fail(error))
    socket.on('close', () => this.#fail(new Error('the service closed the connection')))
  }

  /** @param origin such as `http://127.0.0.1:3000` */
  static open(origin: string): Promise<Connection> {
    const { hostname, port } = new URL(origin)
    return new Promise((resolve, reject) => {
      const socket = connect({ host: hostname, port: Number(port) })
      socket.once('error', reject)
      socket.once('connect', () => {
        socket.off('error', reject)
        resolve(new Connection(socket))
      })
    })
  }

  /** Sends a whole request, head and body, and resolves to its answer. */
  send(request: string): Promise<Answer> {
    return new Promise((resolve, reject) => {
      if (this.#waiting !== undefined) return reject(new Error('a connection carries one request at a time'))
      if (this.#socket.destroyed) return reject(new Error('the service closed the connection'))
      this.#waiting = { resolve, reject }
      this.#socket.write(request, 'latin1')
    })
  }

  close(): void {
    this.#socket.destroy()
  }

  #receive(chunk: string): void {
    this.#received = this.#received === '' ? chunk : this.#received + chunk
    const headEnd = this.#received.indexOf('\r\n\r\n')
    if (headEnd === -1) return
    const head = this.#received.slice(0, headEnd)
    const bodyStart = headEnd + 4
    const bodyEnd = this.#bodyEnd(head, bodyStart)
    if (this.#received.length < bodyEnd) return
    const body = this.#received.slice(bodyStart, bodyEnd)
    this.#received = this.#received.slice(bodyEnd)
    const waiting = this.#waiting
    this.#waiting = undefined
    waiting?.resolve({ status: Number(head.slice(9, 12)), head, body })
  }

  #bodyEnd(head: string, bodyStart: number): number {
    if (!CHUNKED.test(head)) return bodyStart + Number(CONTENT_LENGTH.exec(head)?.[1] ?? 0)
    // One answer at a time: nothing follows the last chunk.
    return this.#received.endsWith(LAST_CHUNK) ? this.#received.length : Number.POSITIVE_INFINITY
  }

  #fail(error: Error): void {
    const waiting = this.#waiting
    this.#waiting = undefined
    waiting?.reject(error)
  }
}
