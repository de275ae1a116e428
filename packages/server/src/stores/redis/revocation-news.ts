import type { RevocationStore } from '../../revocations/store.ts'
import type { RedisLink } from './link.ts'

/**
 * Wakes those who read the log of revocations on other nodes. Nothing depends on it but the time until they hear: a
 * message that is lost is made up for by the database's own word, and by a look when the connection is back.
 */
export class RevocationNews {
  readonly #link: RedisLink
  readonly #channel: string
  readonly #listeners = new Set<() => void>()

  /** @param listener a connection of its own, not connected yet */
  constructor(link: RedisLink, { client: listener }: RedisLink, channel: string) {
    this.#link = link
    this.#channel = channel
    listener.on('message', () => this.#announce())
    // Also after a lost connection: what was said meanwhile was not heard.
    listener.on('ready', () => {
      listener.subscribe(channel).then(
        () => this.#announce(),
        () => {},
      )
    })
  }

  /** Tells the others that the log has grown. */
  publish(): void {
    this.#link.client.publish(this.#channel, '').catch(() => {})
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

  #announce(): void {
    for (const onChange of this.#listeners) onChange()
  }
}
