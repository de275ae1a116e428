import type { EventListener } from '../../events.ts'
import { newId } from '../../ids.ts'
import type { Clock } from '../../time.ts'
import type { AccountWithPassword } from '../account.ts'
import type { Peppers } from '../pepper.ts'
import type { AccountService } from '../service.ts'
import type { AccountAmendment, AccountStore } from '../store.ts'
import { isRefused, type RefusedLine, readUserLine, toUserLine, type UserLine } from './format.ts'
import { judgeLine, type Verdict } from './rules.ts'

export interface ImportOptions {
  /** Whether users that are there already become what their lines say, or stay as they are. @default false */
  update?: boolean
  /** Whether the first line that is refused is the last one that is looked at. @default false */
  strict?: boolean
  /** Only tells what would happen. @default false */
  dryRun?: boolean
}

/** What became of a line. `left`: it came after one that was refused, and nobody has looked at it. */
export type ImportOutcome =
  | { kind: 'added' | 'updated' | 'skipped' | 'left' }
  | { kind: 'refused'; reason: string }

interface TransferDependencies {
  store: AccountStore
  accounts: AccountService
  peppers: Peppers
  now: Clock
  onEvent: EventListener
}

const ROWS_AT_ONCE = 500

/** Many users in and out, as lines of JSON: `docs/guide/moving.md` describes them. */
export class UserTransfer {
  readonly #store: AccountStore
  readonly #accounts: AccountService
  readonly #peppers: Peppers
  readonly #now: Clock
  readonly #onEvent: EventListener

  constructor({ store, accounts, peppers, now, onEvent }: TransferDependencies) {
    this.#store = store
    this.#accounts = accounts
    this.#peppers = peppers
    this.#now = now
    this.#onEvent = onEvent
  }

  count(): Promise<number> {
    return this.#store.count()
  }

  /** Some hundred lines at a time. Whoever registers meanwhile may be among them or not. */
  async *export({ withPasswordHash }: { withPasswordHash: boolean }): AsyncGenerator<string[]> {
    for (let last: string | null = null; ; ) {
      const found: AccountWithPassword[] = await this.#store.listAfter(last, ROWS_AT_ONCE)
      if (found.length > 0) yield found.map((user) => toUserLine(user, { withPasswordHash }))
      if (found.length < ROWS_AT_ONCE) return
      last = found.at(-1)?.account.id ?? null
    }
  }

  /** Takes some hundred lines, in one transaction as far as users are added. An outcome for each, in their order. */
  async import(texts: readonly string[], options: ImportOptions = {}): Promise<ImportOutcome[]> {
    const { update = false, strict = false, dryRun = false } = options
    const lines = texts.map((text) => readUserLine(text, (id) => this.#peppers.apply('', id) !== null))
    const found = new Found(await this.#findExisting(lines.filter(isTaken)))
    const additions = new Map<number, AccountWithPassword>()
    const amended: { line: UserLine; existing: AccountWithPassword }[] = []
    const outcomes: ImportOutcome[] = []
    for (const [i, line] of lines.entries()) {
      const verdict: Verdict = isRefused(line)
        ? { kind: 'refuse', ...line }
        : judgeLine(line, { byId: found.byId(line.id), byEmail: found.byEmail(line.email) }, update)
      outcomes.push(toOutcome(verdict))
      if (verdict.kind === 'refuse' && strict) break
      if (isRefused(line)) continue
      if (verdict.kind === 'add') {
        const addition = this.#toAccount(line)
        additions.set(i, addition)
        // Another line of the same user comes after it.
        found.add(addition)
      }
      if (verdict.kind === 'amend') amended.push({ line, existing: verdict.existing })
    }
    while (outcomes.length < lines.length) outcomes.push({ kind: 'left' })
    if (dryRun) return outcomes
    const added = await this.#add([...additions.values()])
    for (const [i, { account }] of additions) {
      // Somebody else has taken the address or the id this moment: they were there first.
      if (!added.has(account.id)) outcomes[i] = { kind: 'skipped' }
    }
    if (amended.length > 0) await this.#amend(amended)
    return outcomes
  }

  async #findExisting(lines: readonly UserLine[]): Promise<AccountWithPassword[]> {
    const ids = lines.flatMap(({ id }) => (id === undefined ? [] : [id]))
    return await this.#store.findAny(
      ids,
      lines.map(({ email }) => email),
    )
  }

  async #add(additions: readonly AccountWithPassword[]): Promise<Set<string>> {
    const added = await this.#store.addMany(additions)
    for (const userId of added) this.#onEvent({ type: 'user.registered', userId })
    return added
  }

  async #amend(amended: readonly { line: UserLine; existing: AccountWithPassword }[]): Promise<void> {
    const now = this.#now()
    await this.#store.amendMany(
      amended.map(({ line, existing: { account } }): AccountAmendment => {
        const { email, emailVerified = account.emailVerified, roles = account.roles, password } = line
        return { id: account.id, email, emailVerified, roles, password, now }
      }),
    )
    // Disabling ends sessions, and is done again where it was broken off before: the line still differs then.
    for (const { line, existing } of amended) {
      const { id, disabledAt } = existing.account
      if (line.disabledAt === undefined || (line.disabledAt === null) === (disabledAt === null)) continue
      await (line.disabledAt === null ? this.#accounts.enable(id) : this.#accounts.disable(id))
    }
  }

  #toAccount(line: UserLine): AccountWithPassword {
    return {
      account: {
        id: line.id ?? newId(),
        email: line.email,
        emailVerified: line.emailVerified ?? false,
        roles: line.roles ?? [],
        createdAt: line.createdAt ?? this.#now(),
        disabledAt: line.disabledAt ?? null,
        credentialVersion: 1,
      },
      password: line.password,
    }
  }
}

/** Who is there, and who will be when the lines before have been taken. */
class Found {
  readonly #byId = new Map<string, AccountWithPassword>()
  readonly #byEmail = new Map<string, AccountWithPassword>()

  constructor(users: readonly AccountWithPassword[]) {
    for (const user of users) this.add(user)
  }

  add(user: AccountWithPassword): void {
    this.#byId.set(user.account.id, user)
    this.#byEmail.set(user.account.email, user)
  }

  byId(id: string | undefined): AccountWithPassword | undefined {
    return id === undefined ? undefined : this.#byId.get(id)
  }

  byEmail(email: string): AccountWithPassword | undefined {
    return this.#byEmail.get(email)
  }
}

function isTaken(line: UserLine | RefusedLine): line is UserLine {
  return !isRefused(line)
}

function toOutcome(verdict: Verdict): ImportOutcome {
  switch (verdict.kind) {
    case 'add':
      return { kind: 'added' }
    case 'skip':
      return { kind: 'skipped' }
    case 'amend':
      return { kind: 'updated' }
    case 'refuse':
      return { kind: 'refused', reason: verdict.reason }
  }
}
