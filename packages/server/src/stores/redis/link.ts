import { once } from 'node:events'
import { Cluster, type Redis } from 'ioredis'
import { StoreUnavailableError } from '../../errors.ts'
import type { ScriptedClient } from './scripts.ts'

/** How long a call whose connection broke waits for the next one. */
const RECONNECT_WAIT_MS = 1_000

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

  /** All servers that take writes. */
  masters(): Redis[] {
    return this.client instanceof Cluster ? this.client.nodes('master') : [this.client as Redis]
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

  async #isBack(): Promise<boolean> {
    if (this.client.status === 'ready') return true
    try {
      await once(this.client, 'ready', { signal: AbortSignal.timeout(RECONNECT_WAIT_MS) })
      return true
    } catch {
      return false
    }
  }

  close(): void {
    this.client.disconnect()
  }
}

/** Sent, or perhaps sent, but not answered. What was not sent fails at once: Redis is away, and nobody knows for how long. */
function isLostConnection(error: unknown): boolean {
  return (
    error instanceof Error &&
    (error.name === 'MaxRetriesPerRequestError' || error.message === 'Connection is closed.')
  )
}

function toStoreError(error: unknown): unknown {
  if (error instanceof TypeError || error instanceof RangeError || error instanceof StoreUnavailableError)
    return error
  // It holds what was sent: seeds.
  if (error instanceof Error && 'command' in error) delete error.command
  return new StoreUnavailableError(error)
}
