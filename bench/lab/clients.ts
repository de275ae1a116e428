import { Connection } from '../load/connection.ts'
import type { Client } from '../load/loops.ts'
import { ClientSession, type Delivery, register } from '../load/session.ts'
import { tokenIssuer } from './population.ts'
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

/**
 * The sessions of `seed.ts` in a service with this secret, dealt out to `count` clients in no order of the store. Of a great many
 * only some take part.
 * @param most sessions that take part @default all
 */
export function clientsOfPopulation(
  service: Pick<Service, 'publicOrigin'>,
  secret: string,
  sessions: number,
  count: number,
  most = sessions,
): Client[] {
  const issue = tokenIssuer(secret)
  const clients: Client[] = Array.from({ length: count }, () => [])
  const taking = Math.min(sessions, most)
  for (let place = 0; place < taking; place++) {
    const token = issue(Math.floor((place * sessions) / taking))
    const session = new ClientSession('browser', service.publicOrigin, `__Host-latchkey=${token}`)
    clients[place % count]!.push(session)
  }
  return clients
}
