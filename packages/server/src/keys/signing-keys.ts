import { createPrivateKey, generateKeyPair, type KeyObject, randomBytes } from 'node:crypto'
import { promisify } from 'node:util'
import type { EventListener } from '../events.ts'
import { refuseKeyUntil } from '../revocations/rules.ts'
import type { Clock, Instant } from '../time.ts'
import type { SigningAlgorithm, StoredKey } from './key.ts'
import { type KeyPhase, type KeyPolicy, nextKeyActiveFrom, phases } from './rules.ts'
import type { KeyChange } from './store.ts'
import type { OpenedKey, Vault } from './vault.ts'

/** A public key as the key set shows it. RFC 7517 §4 */
export interface PublicJwk {
  kid: string
  alg: SigningAlgorithm
  use: 'sig'
  kty: string
  [member: string]: unknown
}

export interface KeySet {
  keys: PublicJwk[]
}

export interface SigningKey {
  kid: string
  algorithm: SigningAlgorithm
  privateKey: KeyObject
}

export interface KeyOverview {
  kid: string
  algorithm: SigningAlgorithm
  phase: KeyPhase
  createdAt: Instant
  activeFrom: Instant
}

interface RingKey extends SigningKey {
  activeFrom: Instant
}

interface SigningKeyDependencies {
  vault: Vault
  policy: KeyPolicy
  now: Clock
  onEvent: EventListener
}

/** The phases of the keys whose tokens are good. */
const PUBLISHED: readonly KeyPhase[] = ['next', 'signing', 'retiring']

/** The keys that sign access tokens: kept current, in memory, the same on every node. */
export class SigningKeys {
  readonly #vault: Vault
  readonly #policy: KeyPolicy
  readonly #now: Clock
  readonly #onEvent: EventListener
  #stored: readonly StoredKey[] = []
  /** Those with a private half, the newest first. */
  #ring: readonly RingKey[] = []
  /**
   * Until the newest key is of the algorithm that is set. After that a node whose settings are others has decided since, and to
   * contradict it would make a key in turn every ten minutes.
   */
  #mayChangeAlgorithm = true

  constructor({ vault, policy, now, onEvent }: SigningKeyDependencies) {
    this.#vault = vault
    this.#policy = policy
    this.#now = now
    this.#onEvent = onEvent
  }

  /**
   * Reads the keys, and makes, retires, forgets and seals anew what is due. To be called at start, and again every few
   * seconds: that is how a node learns what another one, or a command, has changed.
   */
  async refresh(): Promise<void> {
    const now = this.#now()
    const stored = await this.#vault.list('signing')
    const keyIsDue = this.#nextKeyActiveFrom(stored, now) !== null
    const { replace, remove } = upkeep(stored, now, this.#policy)
    if (!keyIsDue && replace.length === 0 && remove.length === 0 && stored.every(({ current }) => current)) {
      this.#adopt(stored)
      return
    }
    const candidate = keyIsDue ? await this.#make(now) : null
    await this.#change((current) => {
      const activeFrom = this.#nextKeyActiveFrom(current, now)
      return {
        add: candidate !== null && activeFrom !== null ? [{ ...candidate, activeFrom }] : [],
        ...upkeep(current, now, this.#policy),
      }
    })
  }

  /**
   * Makes the next key now; it signs once verifiers have had the time to learn of it. Where one is waiting already,
   * that one stays the next. Resolves to the instant from which it signs.
   */
  async rotate(): Promise<Instant> {
    const now = this.#now()
    const candidate = await this.#make(now)
    const activeFrom = now + this.#policy.publishAheadSeconds * 1000
    const keys = await this.#change((current) => {
      const waiting = [...phases(current, now, this.#policy).values()].includes('next')
      return waiting ? {} : { add: [{ ...candidate, activeFrom }] }
    })
    return Math.max(...keys.map((key) => key.activeFrom))
  }

  /**
   * For a key that leaked: a new one signs at once and every other one is gone at once, with all tokens that they
   * signed. Services that read the revocation feed follow at once, others when their copy of the key set runs out.
   */
  async replaceAll(): Promise<void> {
    const now = this.#now()
    const candidate = await this.#make(now)
    await this.#change((current) => ({
      add: [candidate],
      remove: current.map(({ id }) => id),
      revocations: current.map(({ id }) => ({
        kind: 'kid',
        subject: id,
        revokedAt: now,
        expiresAt: refuseKeyUntil(now),
      })),
    }))
  }

  /** The key that signs now. Where the clock went back before every key's time, the oldest: the service goes on. */
  current(): SigningKey {
    const now = this.#now()
    const key = this.#ring.find(({ activeFrom }) => activeFrom <= now) ?? this.#ring.at(-1)
    if (key === undefined) throw new Error('no signing key is loaded')
    return key
  }

  /** What verifiers need: the next key, the one that signs, and those whose tokens are still good. */
  published(): KeySet {
    return this.#publicKeys(PUBLISHED)
  }

  /** Also the keys that are only good to recognise an expired token by. */
  remembered(): KeySet {
    return this.#publicKeys([...PUBLISHED, 'retired'])
  }

  /** The longest lifetime, in seconds, of any token that is still good, whichever node has issued it. */
  longestTokenSeconds(): number {
    const byPhase = phases(this.#stored, this.#now(), this.#policy)
    const good = this.#stored.filter(({ id }) => PUBLISHED.includes(byPhase.get(id) as KeyPhase))
    return Math.max(this.#policy.tokenSeconds, ...good.map(({ tokenSeconds }) => tokenSeconds))
  }

  overview(): KeyOverview[] {
    const byPhase = phases(this.#stored, this.#now(), this.#policy)
    return this.#stored.map(({ id, algorithm, createdAt, activeFrom }) => ({
      kid: id,
      algorithm: algorithm as SigningAlgorithm,
      phase: byPhase.get(id) as KeyPhase,
      createdAt,
      activeFrom,
    }))
  }

  #nextKeyActiveFrom(keys: readonly StoredKey[], now: Instant): Instant | null {
    return nextKeyActiveFrom(keys, now, this.#policy, { mayChangeAlgorithm: this.#mayChangeAlgorithm })
  }

  #publicKeys(wanted: readonly KeyPhase[]): KeySet {
    const byPhase = phases(this.#stored, this.#now(), this.#policy)
    return {
      keys: this.#stored
        .filter(({ id }) => wanted.includes(byPhase.get(id) as KeyPhase))
        .map(({ publicJwk }) => JSON.parse(publicJwk as string) as PublicJwk),
    }
  }

  /** Changes the keys in the store, and reports what has changed there: once, whatever the number of nodes. */
  async #change(plan: (current: readonly StoredKey[]) => KeyChange): Promise<OpenedKey[]> {
    let before: string[] = []
    const keys = await this.#vault.update('signing', (current) => {
      before = current.map(({ id }) => id)
      return plan(current)
    })
    const after = keys.map(({ id }) => id)
    for (const kid of after) if (!before.includes(kid)) this.#onEvent({ type: 'key.created', kid })
    for (const kid of before) if (!after.includes(kid)) this.#onEvent({ type: 'key.removed', kid })
    this.#adopt(keys)
    return keys
  }

  #adopt(keys: readonly OpenedKey[]): void {
    this.#stored = keys
    this.#ring = keys
      .flatMap(({ id, algorithm, secret, activeFrom }) => {
        if (algorithm === null || secret === null) return []
        const privateKey = createPrivateKey({ key: secret, format: 'der', type: 'pkcs8' })
        return [{ kid: id, algorithm, privateKey, activeFrom }]
      })
      .sort((a, b) => b.activeFrom - a.activeFrom)
    if (this.#ring[0]?.algorithm === this.#policy.algorithm) this.#mayChangeAlgorithm = false
  }

  async #make(now: Instant): Promise<StoredKey> {
    const { algorithm, tokenSeconds } = this.#policy
    const { privateKey, publicKey } = await generate(algorithm)
    // `kid` begins with a letter, so that it survives command lines and YAML untouched.
    const id = `k${randomBytes(12).toString('base64url')}`
    const jwk = { kid: id, alg: algorithm, use: 'sig', ...publicKey.export({ format: 'jwk' }) }
    return this.#vault.seal(
      {
        id,
        purpose: 'signing',
        algorithm,
        publicJwk: JSON.stringify(jwk),
        createdAt: now,
        activeFrom: now,
        tokenSeconds,
      },
      privateKey.export({ format: 'der', type: 'pkcs8' }),
    )
  }
}

function upkeep(keys: readonly StoredKey[], now: Instant, policy: KeyPolicy) {
  const byPhase = phases(keys, now, policy)
  return {
    replace: keys.flatMap((key) => {
      const phase = byPhase.get(key.id)
      if (phase === 'retired' && key.sealed !== null) return [{ ...key, sealed: null }]
      // Said before this node signs with it: it is never lowered, since the tokens of before live on.
      const maySign = phase === 'next' || phase === 'signing'
      return maySign && key.tokenSeconds < policy.tokenSeconds
        ? [{ ...key, tokenSeconds: policy.tokenSeconds }]
        : []
    }),
    remove: keys.filter(({ id }) => byPhase.get(id) === 'forgotten').map(({ id }) => id),
  }
}

function generate(algorithm: SigningAlgorithm): Promise<{ privateKey: KeyObject; publicKey: KeyObject }> {
  const make = promisify(generateKeyPair)
  switch (algorithm) {
    case 'ES256':
      return make('ec', { namedCurve: 'P-256' })
    case 'EdDSA':
      return make('ed25519', {})
    case 'RS256':
      return make('rsa', { modulusLength: 2048 })
  }
}
