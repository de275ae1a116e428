import { delayAfter } from './backoff.ts'
import type { Parts } from './parts.ts'
import { errorFrom } from './service.ts'
import { judge } from './verdict.ts'

export interface SignOut {
  /** Forgets the session here and in the other tabs at once, then tells the service. */
  signOut(): Promise<void>
  /** Tells the service about a sign-out that it has not confirmed yet. */
  confirm(): Promise<void>
}

export function createSignOut({
  settings,
  environment,
  service,
  session,
  records,
  exclusive,
  tabs,
}: Parts): SignOut {
  async function confirm(): Promise<void> {
    const { refreshToken } = await records.read()
    if (settings.client === 'native' && refreshToken === undefined) return records.write({})
    const body = settings.client === 'native' ? { refreshToken } : undefined
    for (let tries = 1; ; tries++) {
      const answer = await service.post('/auth/logout', body, never)
      if (answer.kind === 'done') return records.write({})
      const wait = answer.kind === 'problem' ? answer.retryAfterSeconds : undefined
      const delay = judge(answer).kind === 'later' ? delayAfter(tries, wait, environment.random()) : null
      if (delay === null) throw errorFrom(answer)
      await environment.sleep(delay, never)
    }
  }

  return {
    confirm,
    async signOut() {
      const sessionId = session.held?.sessionId
      session.nextTurn()
      session.end({ code: 'LOGOUT' })
      if (sessionId !== undefined) tabs.tell({ kind: 'ended', sessionId, end: { code: 'LOGOUT' } })
      // Kept until it is confirmed: an offline sign-out must not be undone by the cookie at the next start.
      await records.write({ ...(await records.read()), signedOut: true })
      await exclusive(confirm)
    },
  }
}

const never = new AbortController().signal
