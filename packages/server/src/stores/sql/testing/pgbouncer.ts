import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { queryPostgres } from '../../testing/servers/by-hand.ts'
import { freePort } from '../../testing/servers/free-port.ts'
import { identityOf, newServerFolder, ServerProcess } from '../../testing/servers/server-process.ts'

const PROGRAM = '/usr/sbin/pgbouncer'
/** Fewer than the clients have: they take turns. */
const SERVER_CONNECTIONS = 3

export interface PgBouncer {
  port: number
  process: ServerProcess
}

export function hasPgBouncer(): boolean {
  return existsSync(PROGRAM)
}

/** Starts PgBouncer before every database of a server, in transaction mode and with no other setting of ours. */
export async function startPgBouncer(serverPort: number): Promise<PgBouncer> {
  const identity = identityOf('postgres')
  const folder = newServerFolder('pgbouncer', identity)
  const port = await freePort()
  writeFileSync(join(folder, 'users.txt'), '"latchkey" ""\n')
  const file = join(folder, 'pgbouncer.ini')
  writeFileSync(
    file,
    `[databases]
* = host=127.0.0.1 port=${serverPort}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = trust
auth_file = ${join(folder, 'users.txt')}
pool_mode = transaction
default_pool_size = ${SERVER_CONNECTIONS}
max_client_conn = 500
`,
  )
  const server = new ServerProcess({
    command: PROGRAM,
    arguments: [file],
    folder,
    identity,
    isReady: () => queryPostgres(`postgres://latchkey@127.0.0.1:${port}/postgres`, 'select 1'),
    stopSignal: 'SIGINT',
  })
  await server.start()
  return { port, process: server }
}
