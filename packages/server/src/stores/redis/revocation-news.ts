import type { RevocationStore } from '../../revocations/store.ts'
import type { ScriptedClient } from './scripts.ts'

/**
 * Wakes those who read the log of revocations on other nodes. Nothing depends on it but the time until they hear: a
 * message that is lost is made up for by the database's own word, and by a look when the connection is back.
 */
export class RevocationNews {
  readonly #publisher: ScriptedClient
  readonly #subscriber: ScriptedClient
  readonly #channel: string
  readonly #listeners = new Set<() => void>()

  /** @param subscriber a connection of its own, not connected yet */
  constructor(publisher: ScriptedClient, subscriber: ScriptedClient, channel: string) {
    this.#publisher = publisher
    this.#subscriber = subscriber
    this.#channel = channel
    subscriber.on('message', () => this.#announce())
    // Also after a lost connection: what was said meanwhile was not heard.
    subscriber.on('ready', () => {
      subscriber.subscribe(channel).then(
        () => this.#announce(),
        () => {},
      )
    })
  }

  async start(): Promise<void> {
    await this.#subscriber.connect()
  }

  /** Tells the others that the log has grown. */
  publish(): void {
    this.#publisher.publish(this.#channel, '').catch(() => {})
  }

  /** The log, whose readers are woken by Redis too. */
  wake(log: RevocationStore): RevocationStore {
    return {
      ...log,
      append: async (entry) => {
        await log.append(entry)
        this.publish()
      },
      watch: (onChange) => {
        const stop = log.watch(onChange)
        const heard = () => onChange()
        this.#listeners.add(heard)
        return () => {
          this.#listeners.delete(heard)
          stop()
        }
      },
    }
  }

  close(): void {
    this.#subscriber.disconnect()
  }

  #announce(): void {
    for (const onChange of this.#listeners) onChange()
  }
}
