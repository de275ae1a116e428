import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import pg from 'pg'
import { freePort } from './free-port.ts'
import { identityOf, newServerFolder, ServerProcess } from './server-process.ts'

const USER = 'latchkey'

export interface PostgresServer {
  port: number
  /** Of one database of it. */
  urlOf(database: string): string
  /** Makes an empty database, or a copy of another that nobody is connected to. Resolves to its URL. */
  createDatabase(name: string, template?: string): Promise<string>
  dropDatabase(name: string): Promise<void>
  process: ServerProcess
}

/** Where Debian, or the PATH, keeps the server's programs; null where they are not installed. */
export function postgresPrograms(): string | null {
  const root = '/usr/lib/postgresql'
  const versions = existsSync(root) ? readdirSync(root).sort((a, b) => Number(b) - Number(a)) : []
  const folders = [
    ...versions.map((version) => join(root, version, 'bin')),
    ...(process.env.PATH ?? '').split(':'),
  ]
  return folders.find((folder) => existsSync(join(folder, 'initdb'))) ?? null
}

/**
 * Starts a PostgreSQL server of its own on a free port, empty. To be removed by who asked for it.
 * @param settings of postgresql.conf; `fsync: 'off'` where nothing is to survive the machine
 */
export async function startPostgres(settings: Record<string, string> = {}): Promise<PostgresServer> {
  const programs = postgresPrograms()
  if (programs === null) throw new Error('PostgreSQL is not installed: apt-get install postgresql')
  const identity = identityOf('postgres')
  const folder = newServerFolder('postgres', identity)
  const data = join(folder, 'data')
  const initialise = ['-D', data, '-U', USER, '-A', 'trust', '-E', 'UTF8', '--locale=C', '--no-sync']
  execFileSync(join(programs, 'initdb'), initialise, { cwd: folder, stdio: 'ignore', ...identity })

  const port = await freePort()
  const urlOf = (database: string) => `postgres://${USER}@127.0.0.1:${port}/${database}`
  const all = {
    listen_addresses: '127.0.0.1',
    unix_socket_directories: folder,
    max_connections: '300',
    ...settings,
  }
  const server = new ServerProcess({
    command: join(programs, 'postgres'),
    arguments: [
      '-D',
      data,
      '-p',
      String(port),
      ...Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
    ],
    folder,
    identity,
    isReady: () => query('select 1'),
    // A fast shutdown: it ends the connections.
    stopSignal: 'SIGINT',
  })
  await server.start()

  async function query(text: string): Promise<void> {
    const client = new pg.Client({ connectionString: urlOf('postgres'), connectionTimeoutMillis: 2_000 })
    client.on('error', () => {})
    try {
      await client.connect()
      await client.query(text)
    } finally {
      await client.end().catch(() => {})
    }
  }

  return {
    port,
    urlOf,
    async createDatabase(name, template = 'template1') {
      await query(`create database "${name}" template "${template}"`)
      return urlOf(name)
    },
    dropDatabase: (name) => query(`drop database if exists "${name}" with (force)`),
    process: server,
  }
}
