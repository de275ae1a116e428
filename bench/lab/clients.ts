import { Connection } from '../load/connection.ts'
import type { Client } from '../load/loops.ts'
import { type ClientSession, type Delivery, register } from '../load/session.ts'
import type { Service } from './service.ts'

/** One connection each, with `sessions / connections` accounts registered over it, each with its session. */
export async function registerClients(
  service: Service,
  delivery: Delivery,
  connections: number,
  sessions = connections,
): Promise<Client[]> {
  return Promise.all(
    Array.from({ length: connections }, async (_, index) => {
      const connection = await Connection.open(service.origin)
      const own: ClientSession[] = []
      for (let number = index; number < sessions; number += connections) {
        own.push(await register(connection, service.publicOrigin, delivery, `bench-${number}@example.com`))
      }
      return { connection, sessions: own }
    }),
  )
}

export function disconnect(clients: readonly Client[]): void {
  for (const { connection } of clients) connection.close()
}
