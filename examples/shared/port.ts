import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'

/**
 * A port for a program that has to be told one: 0 picks any on which nothing listened a moment ago. Rejects when
 * something does.
 */
export async function unusedPort(wanted: number): Promise<number> {
  const server = createServer().listen(wanted, '127.0.0.1')
  try {
    await once(server, 'listening')
  } catch {
    throw new Error(
      `Port ${wanted} cannot be had: another program listens there. PORT=0 picks one that is free`,
    )
  }
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}
