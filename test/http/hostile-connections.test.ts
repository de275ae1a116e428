import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { expect, test } from 'vitest'
import { startAuth } from '../support/auth.ts'
import { startService } from '../support/service.ts'

async function open(url: string): Promise<Socket> {
  const { hostname, port } = new URL(url)
  const socket = connect(Number(port), hostname === 'localhost' ? '127.0.0.1' : hostname)
  await once(socket, 'connect')
  return socket
}

test('a tunnel that is asked for and reset at once does not end the service', async () => {
  const service = await startService()
  for (let i = 0; i < 20; i++) {
    const socket = await open(service.url)
    socket.on('error', () => {})
    socket.write('CONNECT example.com:443 HTTP/1.1\r\nHost: example.com\r\n\r\n')
    if (i % 2 === 0) await once(socket, 'data')
    socket.resetAndDestroy()
  }
  expect((await fetch(`${service.url}/healthz`)).status).toBe(200)
})

test('who comes before the store is open is answered when it is', async () => {
  const free = createServer().listen(0, '127.0.0.1')
  await once(free, 'listening')
  const { port } = free.address() as { port: number }
  free.close()
  await once(free, 'close')

  const starting = startService({ PORT: String(port) })
  let answer: Response | null = null
  while (answer === null) answer = await fetch(`http://127.0.0.1:${port}/healthz`).catch(() => null)
  expect(answer.status).toBe(200)
  await starting
})

test('a body that is longer than it says is read no further than a body may go', async () => {
  const { auth, url } = await startAuth()
  let sent = 0
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      sent += 65_536
      if (sent > 100 * 65_536) controller.close()
      else controller.enqueue(new Uint8Array(65_536).fill(0x20))
    },
  })
  const headers = { 'content-type': 'application/json', 'content-length': '5' }
  const request = new Request(`${url}/auth/login`, {
    method: 'POST',
    headers,
    body,
    duplex: 'half',
  } as RequestInit)
  expect((await auth.fetch(request)).status).toBe(413)
  expect(sent).toBeLessThan(5 * 65_536)
})

test('a request whose body was read before is refused in words', async () => {
  const { auth, url, errors } = await startAuth()
  const headers = { 'content-type': 'application/json' }
  const request = new Request(`${url}/auth/login`, { method: 'POST', headers, body: '{}' })
  await request.text()
  const answer = await auth.fetch(request)
  expect([answer.status, errors.length]).toEqual([400, 0])
})
