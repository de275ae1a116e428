import type { Tokens, User } from '@latchkey/protocol'
import { AuthClientError } from './errors.ts'
import type { Parts } from './parts.ts'
import { errorFrom } from './service.ts'
import type { HeldTokens } from './session.ts'

export type OpeningPath = '/auth/login' | '/auth/register'

/** Opens a session and makes it this client's, in every tab. Never repeated by itself: the user is there to decide. */
export function createSignIn({ settings, environment, service, session, records, exclusive, tabs }: Parts) {
  return (path: OpeningPath, credentials: { email: string; password: string }): Promise<User> => {
    const turn = session.turn
    return exclusive(async () => {
      const sentAt = environment.now()
      const { email, password } = credentials
      const answer = await service.post(path, { email, password, client: settings.client }, turn)
      if (turn.aborted) throw overtaken()
      if (answer.kind !== 'tokens') throw errorFrom(answer)
      await records.write(recordOf(answer.tokens))
      if (turn.aborted) throw overtaken()
      session.hold(answer.tokens, sentAt)
      tabs.tell({ kind: 'opened', tokens: shared(answer.tokens), ageMs: environment.now() - sentAt })
      return answer.tokens.user
    })
  }
}

export function recordOf({ refreshToken }: Tokens) {
  return refreshToken === undefined ? {} : { refreshToken }
}

/** Member by member, so that nothing else in an answer ever reaches another tab. */
export function shared({ accessToken, expiresIn, sessionId, user }: Tokens): HeldTokens {
  return { accessToken, expiresIn, sessionId, user }
}

function overtaken() {
  return new AuthClientError('OVERTAKEN', 'a sign-out came first')
}
