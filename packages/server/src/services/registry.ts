import { hash, randomBytes, timingSafeEqual } from 'node:crypto'
import { AuthError } from '../errors.ts'
import type { EventListener } from '../events.ts'
import type { Clock } from '../time.ts'
import type { Service, StoredService } from './service.ts'
import type { ServiceStore } from './store.ts'

export interface NewService {
  /** For people: 1 to 100 characters, in one line, none of them a control character. */
  name: string
  /** The `aud` of the tokens that it answers for: at introspection it hears of no other's. @default every one */
  audience?: string
}

interface RegistryDependencies {
  store: ServiceStore
  now: Clock
  onEvent: EventListener
}

/** Control characters, halves of characters and the ends of lines and paragraphs are none. */
const NAME = /^[^\p{Cc}\p{Cs}\p{Zl}\p{Zp}]{1,100}$/u
const AUDIENCE = /^[\x21-\x7e]{1,500}$/

/** What a secret is compared with that belongs to nobody. */
const NO_DIGEST = digest(randomBytes(32).toString('base64url'))

/** Registers services and recognises them. Rejects with STORE_UNAVAILABLE where the store is away. */
export class ServiceRegistry {
  readonly #store: ServiceStore
  readonly #now: Clock
  readonly #onEvent: EventListener

  constructor({ store, now, onEvent }: RegistryDependencies) {
    this.#store = store
    this.#now = now
    this.#onEvent = onEvent
  }

  /** Resolves to the service and its secret, which nothing can show again. Rejects with INVALID_REQUEST. */
  async create({ name, audience }: NewService): Promise<{ service: Service; secret: string }> {
    if (!NAME.test(name) || name.trim() === '') {
      throw new AuthError('INVALID_REQUEST', 'name: 1 to 100 characters are needed, no control characters')
    }
    if (audience !== undefined && !AUDIENCE.test(audience)) {
      throw new AuthError('INVALID_REQUEST', 'audience: visible ASCII characters are needed, 500 at most')
    }
    const service: Service = {
      id: `svc_${randomBytes(12).toString('base64url')}`,
      name: name.trim(),
      audience: audience ?? null,
      createdAt: this.#now(),
    }
    // A prefix tells people, and scanners that look for leaked secrets, what it is.
    const secret = `lks_${randomBytes(32).toString('base64url')}`
    await this.#store.add({ ...service, secretDigest: digest(secret) })
    this.#onEvent({ type: 'service.created', serviceId: service.id })
    return { service, secret }
  }

  /** The oldest first. */
  async list(): Promise<Service[]> {
    return (await this.#store.list()).map(withoutDigest)
  }

  /** Its credentials are refused from now on. Rejects with NOT_FOUND. */
  async remove(id: string): Promise<void> {
    if (!(await this.#store.remove(id))) throw new AuthError('NOT_FOUND', 'there is no service of this id')
    this.#onEvent({ type: 'service.removed', serviceId: id })
  }

  /** The service whose credentials these are, or null. An unknown id costs the same as a wrong secret. */
  async authenticate(id: string, secret: string): Promise<Service | null> {
    const stored = await this.#store.find(id)
    const matches = timingSafeEqual(digest(secret), stored?.secretDigest ?? NO_DIGEST)
    return stored !== undefined && matches ? withoutDigest(stored) : null
  }
}

/** A fast hash is right for 256 random bits: there is nothing to guess that a slow one would keep from being guessed. */
function digest(secret: string): Buffer {
  return hash('sha256', secret, 'buffer')
}

function withoutDigest({ id, name, audience, createdAt }: StoredService): Service {
  return { id, name, audience, createdAt }
}
