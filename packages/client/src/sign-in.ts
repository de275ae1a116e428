import type { User } from '@latchkey/protocol'
import { AuthClientError } from './errors.ts'
import type { Host } from './host.ts'
import type { Exclusive } from './lock.ts'
import { newKey } from './random.ts'
import { type Answer, errorFrom, type Service } from './service.ts'
import type { Session } from './session.ts'

/** Opens a session and makes it this client's, in every tab. Never repeated by itself: the user is there to decide. */
export function createSignIn(
  host: Host,
  service: Service,
  session: Session,
  exclusive: Exclusive,
  confirmSignOut: () => Promise<void>,
) {
  return (path: string, { email, password }: { email: string; password: string }): Promise<User> => {
    const { turn } = session
    return exclusive(async () => {
      // The session that was left offline ends first; its cookie is about to be replaced.
      await confirmSignOut().catch(() => undefined)
      const sentAt = host.now()
      const body = { email, password, client: 'browser' }
      const answer = turn.aborted ? {} : await service(path, { body, record: {} })
      const { tokens } = answer as Answer
      const renewal = newKey()
      if (tokens && !turn.aborted) {
        await host.records.change(() => ({ renewal, ...host.keep?.(tokens, host.now() - sentAt) }))
      }
      if (turn.aborted) throw new AuthClientError('OVERTAKEN')
      if (!tokens) throw errorFrom(answer)
      session.hold('opened', { ...tokens, renewal }, sentAt)
      return tokens.user
    })
  }
}
