import { Connection } from '../load/connection.ts'
import type { Client } from '../load/loops.ts'
import { type Delivery, register } from '../load/session.ts'
import type { Service } from './service.ts'

/** Registers `sessions` accounts, each with its session, and deals them out to `count` clients. */
export async function registerClients(
  service: Service,
  delivery: Delivery,
  count: number,
  sessions = count,
): Promise<Client[]> {
  const connection = await Connection.open(service.origin)
  const clients: Client[] = Array.from({ length: count }, () => [])
  for (let number = 0; number < sessions; number++) {
    const email = `bench-${number}@example.com`
    clients[number % count]!.push(await register(connection, service.publicOrigin, delivery, email))
  }
  connection.close()
  return clients
}
