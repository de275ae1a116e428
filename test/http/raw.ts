import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

/** An answer as it came over the wire. */
export interface RawAnswer {
  status: number
  /** By lower-cased name. */
  headers: Map<string, string>
  body: string
}

/** What a server said to bytes that no HTTP client would send, up to its first whole answer. */
export async function sendRaw(url: string, bytes: string | Buffer): Promise<RawAnswer> {
  const socket = await open(url)
  try {
    socket.write(bytes)
    return await answerOf(socket, isHead(bytes))
  } finally {
    socket.destroy()
  }
}

/** The same, and the wait until the server itself closes the connection. */
export async function sendRawUntilClosed(url: string, bytes: string | Buffer): Promise<RawAnswer> {
  const socket = await open(url)
  const closed = closeOf(socket)
  socket.write(bytes)
  const answer = await answerOf(socket, isHead(bytes))
  await closed
  return answer
}

export function closeOf(socket: Socket): Promise<void> {
  return new Promise((resolve) => socket.once('close', () => resolve()))
}

function isHead(bytes: string | Buffer): boolean {
  return bytes.slice(0, 5).toString() === 'HEAD '
}

export async function open(url: string): Promise<Socket> {
  const { hostname, port } = new URL(url)
  const socket = connect(Number(port), hostname === 'localhost' ? '127.0.0.1' : hostname)
  // A server that has heard enough may close while we still write.
  socket.on('error', () => {})
  await once(socket, 'connect')
  return socket
}

/** Sends the head of a sign-up, and resolves when the service has it: its interim answer says so. */
export async function beginSignUp(url: string, bodyLength: number): Promise<Socket> {
  const socket = await open(url)
  socket.write(
    'POST /auth/register HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n' +
      `Content-Length: ${bodyLength}\r\nExpect: 100-continue\r\n\r\n`,
  )
  await once(socket, 'data')
  return socket
}

/** Resolves when nobody listens any more. Idle connections are closed an instant before; who comes in between is reset. */
export async function untilRefused(url: string): Promise<void> {
  for (;;) {
    const socket = await open(url).catch((error: NodeJS.ErrnoException) => error)
    if (!(socket instanceof Error)) socket.destroy()
    else if (socket.code === 'ECONNREFUSED') return
    else if (socket.code !== 'ECONNRESET') throw socket
  }
}

/** Resolves to the first final answer on a connection; rejects when it closes without one. */
export function answerOf(socket: Socket, withoutBody = false): Promise<RawAnswer> {
  return new Promise((resolve, reject) => {
    let received = ''
    socket.on('data', (chunk: Buffer) => {
      received += chunk.toString('latin1')
      const answer = parse(received, withoutBody)
      if (answer !== null) resolve(answer)
    })
    socket.once('close', () => reject(new Error(`closed after ${JSON.stringify(received)}`)))
  })
}

function parse(received: string, withoutBody: boolean): RawAnswer | null {
  const end = received.indexOf('\r\n\r\n')
  if (end === -1) return null
  const [statusLine = '', ...lines] = received.slice(0, end).split('\r\n')
  const status = Number(statusLine.split(' ')[1])
  const rest = received.slice(end + 4)
  if (status < 200) return parse(rest, withoutBody)
  const headers = new Map(
    lines.map((line) => {
      const colon = line.indexOf(':')
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()]
    }),
  )
  const length = withoutBody ? 0 : Number(headers.get('content-length') ?? 0)
  return rest.length < length ? null : { status, headers, body: rest.slice(0, length) }
}
