import type { Host } from './host.ts'
import type { Exclusive } from './lock.ts'
import { type Answer, errorFrom, type Service } from './service.ts'
import type { Session } from './session.ts'

/** Tells the service about a sign-out that it has not confirmed yet. `first` is what it was told already. */
export type Confirm = (first?: Promise<Answer>) => Promise<void>

export function createConfirm(host: Host, service: Service): Confirm {
  return async (first) => {
    const record = await host.records.change((now) => now)
    // Whoever signed in meanwhile did so after this sign-out, and whoever confirmed it has cleared the mark.
    if (!record.signedOut) return
    const answer = await (first ?? service('/auth/logout', { keepalive: true }))
    if (answer.status !== 204) throw errorFrom(answer)
    await host.records.change((now) => (now.signedOut ? {} : now))
  }
}

/** Forgets the session here and in the other tabs at once, then tells the service. */
export function createSignOut(
  host: Host,
  service: Service,
  session: Session,
  exclusive: Exclusive,
  confirm: Confirm,
) {
  return (): Promise<void> => {
    session.nextTurn()
    session.end({ code: 'LOGOUT' })
    // At once, for the page may be left in this very moment. A sign-in that follows waits for the answer.
    const first = service('/auth/logout', { keepalive: true })
    // Kept until it is confirmed: an offline sign-out must not be undone by the cookie at the next start.
    const marked = host.records.change((now) => ({ ...now, signedOut: true }))
    // It is awaited later, which must not count as nobody's failure meanwhile.
    marked.catch(() => undefined)
    return exclusive(() => marked.then(() => confirm(first)))
  }
}
