import type { User } from '@latchkey/protocol'
import type { Limits } from '../abuse/limits.ts'
import type { KnownDevice } from '../abuse/password-tries.ts'
import { addressRange } from '../abuse/rules.ts'
import { AuthError } from '../errors.ts'
import type { EventListener } from '../events.ts'
import { newId } from '../ids.ts'
import type { Refreshed } from '../sessions/refresh.ts'
import type { DeviceFacts, SessionService } from '../sessions/service.ts'
import type { Session } from '../sessions/session.ts'
import { type Clock, toTimestamp } from '../time.ts'
import type { Account, AccountWithPassword, PasswordHash } from './account.ts'
import { canonicalEmail } from './email.ts'
import { readImportedHash, UNREADABLE_HASH, withoutFramework } from './imported-hash.ts'
import type { PasswordHasher } from './password-hasher.ts'
import {
  findPasswordFault,
  MAX_PASSWORD_LENGTH,
  MIN_PASSWORD_LENGTH,
  normalizePassword,
  type PasswordFault,
} from './password-rules.ts'
import type { Peppers } from './pepper.ts'
import type { AccountStore } from './store.ts'

export interface NewUser {
  email: string
  /** What the user types; or `passwordHash`; or neither for an account that cannot sign in with a password. */
  password?: string
  /** From another system: argon2, bcrypt, scrypt or PBKDF2, as `docs/guide/moving.md` spells them. Replaced at the first sign-in. */
  passwordHash?: string
  roles?: readonly string[]
  emailVerified?: boolean
}

interface AccountDependencies {
  store: AccountStore
  sessions: SessionService
  hasher: PasswordHasher
  peppers: Peppers
  limits: Limits
  serviceWords: readonly string[]
  now: Clock
  onEvent: EventListener
}

const BCRYPT_BYTES = 72

const FAULTS: Record<PasswordFault | 'common', () => AuthError> = {
  'ill-formed': () => new AuthError('INVALID_REQUEST', 'the password is not well-formed Unicode text'),
  'too-short': () =>
    new AuthError(
      'WEAK_PASSWORD',
      `the password is too short: it needs at least ${MIN_PASSWORD_LENGTH} characters`,
    ),
  'too-long': () =>
    new AuthError('INVALID_REQUEST', `the password is too long: at most ${MAX_PASSWORD_LENGTH} characters`),
  personal: () =>
    new AuthError(
      'WEAK_PASSWORD',
      "the password is too easy to guess: it is the account's or the service's name",
    ),
  pattern: () => new AuthError('WEAK_PASSWORD', 'the password is one of the most common ones'),
  common: () => new AuthError('WEAK_PASSWORD', 'the password is one of the most common ones'),
}

/** Registering, signing in and changing passwords. Rejects with STORE_UNAVAILABLE and OVERLOADED besides. */
export class AccountService {
  readonly #store: AccountStore
  readonly #sessions: SessionService
  readonly #hasher: PasswordHasher
  readonly #peppers: Peppers
  readonly #limits: Limits
  readonly #serviceWords: readonly string[]
  readonly #now: Clock
  readonly #onEvent: EventListener
  #decoy: Promise<PasswordHash> | undefined

  constructor({ store, sessions, hasher, peppers, limits, serviceWords, now, onEvent }: AccountDependencies) {
    this.#store = store
    this.#sessions = sessions
    this.#hasher = hasher
    this.#peppers = peppers
    this.#limits = limits
    this.#serviceWords = serviceWords
    this.#now = now
    this.#onEvent = onEvent
  }

  /** Rejects with INVALID_REQUEST, EMAIL_TAKEN, WEAK_PASSWORD or RATE_LIMITED. */
  async register(email: string, password: string, device: DeviceFacts): Promise<Refreshed> {
    const account = await this.#limits.signUps.count(device.ip, () => this.create({ email, password }))
    const opened = await this.#sessions.open(account, device)
    this.#signedIn(opened, device)
    return opened
  }

  /**
   * Rejects with INVALID_CREDENTIALS, after the same work, whether the address is unknown or the password wrong;
   * with ACCOUNT_DISABLED only for who knows the password; with INVALID_REQUEST for a malformed address; with RATE_LIMITED,
   * whatever the password.
   *
   * @param former a session that was opened where the request comes from, or null
   */
  async signIn(
    email: string,
    password: string,
    device: DeviceFacts,
    former: Session | null,
  ): Promise<Refreshed> {
    const canonical = requireEmail(email)
    requireText(password)
    this.#hasher.requireRoom()
    const found = await this.#store.findByEmail(canonical)
    const attempt = {
      email: canonical,
      ip: device.ip,
      knownDevice: await this.#knownDevice(found?.account, device.ip, former),
    }
    if (!(await this.#limits.passwords.check(attempt, () => this.#passwordHolds(found, password)))) {
      this.#onEvent({ type: 'sign_in.failed', ip: device.ip })
      throw wrongCredentials()
    }
    const { account, password: stored } = found as AccountWithPassword
    if (account.disabledAt !== null) throw new AuthError('ACCOUNT_DISABLED', 'the account is disabled')
    await this.#strengthen(account.id, stored as PasswordHash, password)
    const opened = await this.#sessions.open(account, device)
    this.#signedIn(opened, device)
    return opened
  }

  /**
   * Changes the password and ends every other session of the user, also one that is just being opened with the old
   * password. Rejects with INVALID_CREDENTIALS, WEAK_PASSWORD or RATE_LIMITED.
   */
  async changePassword(
    { id: userId, email }: Pick<Account, 'id' | 'email'>,
    { id: sessionId, ip }: Pick<Session, 'id' | 'ip'>,
    { currentPassword, newPassword }: { currentPassword: string; newPassword: string },
  ): Promise<void> {
    requireText(currentPassword)
    const found = await this.#store.findByIdWithPassword(userId)
    const attempt = { email, ip, knownDevice: { by: 'session', id: sessionId } } as const
    if (!(await this.#limits.passwords.check(attempt, () => this.#passwordHolds(found, currentPassword)))) {
      throw wrongCredentials()
    }
    const { account } = found as AccountWithPassword
    const endedIds = await this.#store.changePassword({
      userId,
      credentialVersion: account.credentialVersion,
      password: await this.#hashChosen(newPassword, account.email),
      exceptSessionId: sessionId,
      now: this.#now(),
    })
    if (endedIds === null) throw wrongCredentials()
    this.#onEvent({ type: 'user.password_changed', userId })
    this.#ended(userId, endedIds, 'password_changed')
  }

  /** Makes an account without a session. Rejects with INVALID_REQUEST, EMAIL_TAKEN or WEAK_PASSWORD. */
  async create({
    email,
    password,
    passwordHash,
    roles = [],
    emailVerified = false,
  }: NewUser): Promise<Account> {
    const canonical = requireEmail(email)
    const imported = passwordHash === undefined ? null : importedHash(passwordHash)
    if ((await this.#store.findByEmail(canonical)) !== undefined) throw emailTaken()
    const stored = password !== undefined ? await this.#hashChosen(password, canonical) : imported
    const account: Account = {
      id: newId(),
      email: canonical,
      emailVerified,
      roles: [...roles],
      createdAt: this.#now(),
      disabledAt: null,
      credentialVersion: 1,
    }
    if (!(await this.#store.create(account, stored))) throw emailTaken()
    this.#onEvent({ type: 'user.registered', userId: account.id })
    return account
  }

  /** Makes the hash that unknown addresses are checked against, before the first one comes. */
  async warmUp(): Promise<void> {
    await this.#decoyHash()
  }

  async findById(userId: string): Promise<Account | undefined> {
    return await this.#store.findById(userId)
  }

  async findByEmail(email: string): Promise<Account | undefined> {
    const canonical = canonicalEmail(email)
    return canonical === null ? undefined : (await this.#store.findByEmail(canonical))?.account
  }

  /** Ends everything of the user's at once. Rejects with NOT_FOUND. */
  async disable(userId: string): Promise<void> {
    const endedIds = await this.#store.disable(userId, this.#now())
    if (endedIds === null) throw unknownUser()
    this.#onEvent({ type: 'user.disabled', userId })
    this.#ended(userId, endedIds, 'account_disabled')
  }

  /** Rejects with NOT_FOUND. */
  async enable(userId: string): Promise<void> {
    if (!(await this.#store.enable(userId))) throw unknownUser()
    this.#onEvent({ type: 'user.enabled', userId })
  }

  /** Removes the user with all that is theirs. Rejects with NOT_FOUND. */
  async delete(userId: string): Promise<void> {
    if (!(await this.#store.delete(userId, this.#now()))) throw unknownUser()
    this.#onEvent({ type: 'user.deleted', userId })
  }

  /** The same look-up, whether there is an account or not. */
  async #knownDevice(
    account: Account | undefined,
    ip: string | null,
    former: Session | null,
  ): Promise<KnownDevice | null> {
    if (former !== null && former.userId === account?.id) return { by: 'session', id: former.id }
    const range = addressRange(ip)
    const sessions = await this.#sessions.list(account?.id ?? newId())
    const isUsedFromHere = range !== null && sessions.some((session) => addressRange(session.ip) === range)
    return isUsedFromHere ? { by: 'address' } : null
  }

  /** Takes the time of one check also when there is no account or no password to check against. */
  async #passwordHolds(found: AccountWithPassword | undefined, password: string): Promise<boolean> {
    const stored = found?.password ?? null
    const against = stored ?? (await this.#decoyHash())
    const spellings = spellingsOf(password)
    const inputs = this.#inputsFor(password, spellings, against)
    const matched = await this.#hasher.matches(inputs, against.phc, spellings.length)
    return matched && stored !== null
  }

  #inputsFor(password: string, spellings: string[], stored: PasswordHash): string[] {
    // bcrypt reads up to a NUL: what follows it would go unchecked.
    if (isBcrypt(stored) && password.includes('\0')) return []
    if (stored.pepperId === null) return spellings
    const peppered = this.#peppers.apply(normalizePassword(password), stored.pepperId)
    return peppered === null ? [] : [peppered]
  }

  /** A hash that nothing matches, so that an unknown address costs the same work as a wrong password. */
  #decoyHash(): Promise<PasswordHash> {
    this.#decoy ??= this.#hash(newId(), null).catch((error: unknown) => {
      this.#decoy = undefined
      throw error
    }) as Promise<PasswordHash>
    return this.#decoy
  }

  async #hashChosen(password: string, email: string): Promise<PasswordHash> {
    const fault = findPasswordFault(password, { email, serviceWords: this.#serviceWords })
    if (fault !== null) throw FAULTS[fault]()
    const hash = await this.#hash(password, normalizePassword(password).toLowerCase())
    if (hash === null) throw FAULTS.common()
    return hash
  }

  async #hash(password: string, commonForm: string | null): Promise<PasswordHash | null> {
    const pepperId = this.#peppers.currentId
    const input = this.#peppers.apply(normalizePassword(password), pepperId) as string
    const phc = await this.#hasher.hash(input, commonForm)
    return phc === null ? null : { phc, pepperId }
  }

  /** Replaces a hash that was imported, or made with weaker parameters or an older pepper. */
  async #strengthen(userId: string, stored: PasswordHash, password: string): Promise<void> {
    const { memoryKiB, iterations, parallelism } = this.#hasher.parameters
    const current = `$m=${memoryKiB},t=${iterations},p=${parallelism}$`
    if (stored.pepperId === this.#peppers.currentId && stored.phc.includes(current)) return
    // bcrypt checked no more than these bytes: a better hash of all of them would make whatever followed part of the password.
    if (isBcrypt(stored) && Buffer.byteLength(password) > BCRYPT_BYTES) return
    try {
      const better = (await this.#hash(password, null)) as PasswordHash
      await this.#store.rehash(userId, stored, better)
    } catch (error) {
      // The password was right: a full queue only puts the better hash off to the next sign-in.
      if (!(error instanceof AuthError && error.code === 'OVERLOADED')) throw error
    }
  }

  #signedIn({ session }: Refreshed, { client, ip }: DeviceFacts): void {
    this.#onEvent({ type: 'sign_in.succeeded', userId: session.userId, sessionId: session.id, client, ip })
  }

  #ended(userId: string, endedIds: readonly string[], reason: 'password_changed' | 'account_disabled'): void {
    for (const sessionId of endedIds) this.#onEvent({ type: 'session.ended', sessionId, userId, reason })
  }
}

/** An imported hash was made of what the user typed then, which may not have been normalised. */
function spellingsOf(password: string): string[] {
  return [...new Set([password, normalizePassword(password)])]
}

function importedHash(text: string): PasswordHash {
  const phc = withoutFramework(text)
  if (readImportedHash(phc) === null)
    throw new AuthError('INVALID_REQUEST', `passwordHash: ${UNREADABLE_HASH}`)
  return { phc, pepperId: null }
}

/** An account as the wire shows it. */
export function toUser({ id, email, emailVerified, roles, createdAt }: Account): User {
  return { id, email, emailVerified, roles: [...roles], createdAt: toTimestamp(createdAt) }
}

function isBcrypt({ phc }: PasswordHash): boolean {
  return phc.startsWith('$2')
}

function requireEmail(email: string): string {
  const canonical = canonicalEmail(email)
  if (canonical === null) throw new AuthError('INVALID_REQUEST', 'email: not an e-mail address')
  return canonical
}

function requireText(password: string): void {
  if (!password.isWellFormed()) throw FAULTS['ill-formed']()
}

function wrongCredentials(): AuthError {
  return new AuthError('INVALID_CREDENTIALS', 'the e-mail address or the password is wrong')
}

function emailTaken(): AuthError {
  return new AuthError('EMAIL_TAKEN', 'an account with this e-mail address exists')
}

function unknownUser(): AuthError {
  return new AuthError('NOT_FOUND', 'there is no such user')
}
