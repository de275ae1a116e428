// Others' ways to rotate refresh tokens, each as its own documentation or the tutorials have it, and each as durable as ours: on
// node:sqlite, WAL, synchronous=FULL. Plain JavaScript with dependencies of its own, so that nothing else needs them installed.
// POST /bench/session opens a session without a password, which is no part of what is measured.
import { createServer } from 'node:http'
import { DatabaseSync } from 'node:sqlite'

export const ORIGIN = process.env.PEER_URL
export const ACCESS_SECONDS = 900
export const REFRESH_SECONDS = 604_800

export function openDatabase(schema = '') {
  const database = new DatabaseSync(process.env.PEER_DATABASE)
  database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;')
  database.exec(schema)
  return database
}

/** @param {() => Promise<string>} openSession resolves to the session's first refresh token */
export function listen(name, handler, openSession) {
  const server = createServer(async (request, response) => {
    if (request.url !== '/bench/session') return handler(request, response)
    const body = JSON.stringify({ refresh_token: await openSession() })
    response.writeHead(201, { 'Content-Type': 'application/json', 'Content-Length': body.length }).end(body)
  })
  server.listen(Number(process.env.PORT), '127.0.0.1', () => {
    process.stdout.write(`${name} on http://127.0.0.1:${server.address().port}\n`)
  })
  process.on('SIGTERM', () => process.exit(0))
}
