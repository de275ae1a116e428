// What an operator does to a server by hand, beside the service: one connection for one piece of work.
import { Redis } from 'ioredis'
import pg from 'pg'

const PATIENCE_MS = 10_000

/** Runs SQL on a PostgreSQL database. Numbers of 64 bits come as numbers. */
export async function queryPostgres(
  url: string,
  text: string,
  values: readonly unknown[] = [],
): Promise<Record<string, unknown>[]> {
  const client = await connect(url)
  try {
    const { rows = [] } = await client.query(text, values.length === 0 ? undefined : [...values])
    return rows
  } finally {
    await client.end().catch(() => {})
  }
}

/** Begins a transaction with a statement, and resolves to what rolls it back. */
export async function holdPostgres(url: string, text: string): Promise<() => Promise<void>> {
  const client = await connect(url)
  await client.query('begin')
  await client.query(text)
  return () => client.end()
}

async function connect(url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: PATIENCE_MS })
  client.on('error', () => {})
  client.setTypeParser(pg.types.builtins.INT8, Number)
  await client.connect()
  return client
}

/** Does some work at a Redis server. */
export async function withRedis<Result>(
  url: string,
  work: (redis: Redis) => Promise<Result>,
): Promise<Result> {
  const redis = new Redis(url, { lazyConnect: true, connectTimeout: PATIENCE_MS, retryStrategy: () => null })
  redis.on('error', () => {})
  try {
    await redis.connect()
    return await work(redis)
  } finally {
    redis.disconnect()
  }
}
