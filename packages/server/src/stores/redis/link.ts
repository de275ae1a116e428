import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import { Cluster, type Redis } from 'ioredis'
import { type ConfigError, StoreUnavailableError } from '../../errors.ts'
import type { ScriptedClient } from './scripts.ts'
import { wrong } from './url.ts'

/** How long a call whose connection broke waits for the next one. */
const RECONNECT_WAIT_MS = 1_000

/** The ways in which Redis says that it will never serve us as we are. */
const REFUSALS: Readonly<Record<string, string>> = {
  NOAUTH: 'needs a password: Redis asks for one',
  WRONGPASS: 'has a user or a password that Redis does not take',
  'ERR DB index is out of range': 'names a database whose number Redis does not have',
  'ERR This instance has cluster support disabled':
    'names no cluster: write redis:// instead of redis+cluster://',
}

/** The way to Redis: everything that is sent goes through {@link RedisLink.call}. */
export class RedisLink {
  readonly client: ScriptedClient

  constructor(client: ScriptedClient) {
    this.client = client
  }

  /** Where keys lie on several servers, a command may name those of one slot only. */
  get isCluster(): boolean {
    return this.client instanceof Cluster
  }

  /** The servers that take writes, as far as they are known now. Rejects with `StoreUnavailableError` where none is. */
  async masters(): Promise<Redis[]> {
    const masters = this.client instanceof Cluster ? this.client.nodes('master') : [this.client as Redis]
    if (masters.length === 0) throw new StoreUnavailableError(new Error('no server of the cluster is known'))
    return masters
  }

  /** Connects for the first time. Rejects with `ConfigError` where Redis turns us away, or with `StoreUnavailableError`. */
  async connect(timeoutMs: number): Promise<void> {
    let refusal: ConfigError | undefined
    let cause: Error | undefined
    const onError = (error: Error & { lastNodeError?: Error }) => {
      cause = error.lastNodeError ?? error
      refusal ??= refusalOf(cause)
    }
    this.client.on('error', onError)
    const giveUp = new AbortController()
    const tooLong = delay(timeoutMs, undefined, { signal: giveUp.signal }).then(() => {
      throw new Error('Redis did not answer in time')
    })
    try {
      await Promise.race([this.client.connect(), tooLong])
    } catch (error) {
      throw refusal ?? noConnection(cause ?? error)
    } finally {
      giveUp.abort()
      tooLong.catch(() => {})
      this.client.off('error', onError)
    }
    // The driver is content with the database that it is in, and so would be beside another service.
    if (refusal !== undefined) throw refusal
  }

  /**
   * Sends what `work` sends. Where the connection broke before the answer came, it is sent once more over the next one: all
   * of ours may be. Rejects only with `StoreUnavailableError`.
   */
  async call<Result>(work: (client: ScriptedClient) => Promise<Result>): Promise<Result> {
    try {
      return await work(this.client)
    } catch (error) {
      if (!isLostConnection(error) || !(await this.#isBack())) throw toStoreError(error)
    }
    try {
      return await work(this.client)
    } catch (error) {
      throw toStoreError(error)
    }
  }

  close(): void {
    this.client.disconnect()
  }

  async #isBack(): Promise<boolean> {
    if (this.client.status === 'ready') return true
    if (this.client.status === 'end') return false
    try {
      await once(this.client, 'ready', { signal: AbortSignal.timeout(RECONNECT_WAIT_MS) })
      return true
    } catch {
      return false
    }
  }
}

function refusalOf({ message }: Error): ConfigError | undefined {
  const known = Object.keys(REFUSALS).find((beginning) => message.startsWith(beginning))
  return known === undefined ? undefined : wrong(REFUSALS[known] as string)
}

/** What is not sent while there is no connection, in the driver's words. */
function isAway(error: unknown): boolean {
  return error instanceof Error && error.message.startsWith("Stream isn't writeable")
}

/** The driver itself only says that the connection is closed: why, it has said before. */
function noConnection(cause: unknown): StoreUnavailableError {
  const why = cause instanceof Error ? cause.message : String(cause)
  return new StoreUnavailableError(new Error(`no connection to Redis: ${why}`, { cause }))
}

/** Sent, or perhaps sent, but not answered. What was not sent fails at once: Redis is away, and nobody knows for how long. */
function isLostConnection(error: unknown): boolean {
  return (
    error instanceof Error &&
    (error.name === 'MaxRetriesPerRequestError' || error.message === 'Connection is closed.')
  )
}

function toStoreError(error: unknown): unknown {
  if (error instanceof TypeError || error instanceof RangeError || error instanceof StoreUnavailableError) {
    return error
  }
  // It holds what was sent: seeds.
  if (error instanceof Error && 'command' in error) delete error.command
  return isAway(error) ? noConnection(error) : new StoreUnavailableError(error)
}
