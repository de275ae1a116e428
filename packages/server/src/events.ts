import type { ClientKind, SessionEndReason } from '@latchkey/protocol'

/** Something that an operator wants to know of. Never holds a credential or an e-mail address. */
export type SecurityEvent =
  | { type: 'user.registered'; userId: string }
  | { type: 'user.disabled' | 'user.enabled' | 'user.deleted' | 'user.password_changed'; userId: string }
  | { type: 'sign_in.succeeded'; userId: string; sessionId: string; client: ClientKind; ip: string | null }
  | { type: 'sign_in.failed'; ip: string | null }
  | { type: 'session.ended'; sessionId: string; userId: string; reason: SessionEndReason }
  | {
      /** A spent refresh token came back. RFC 9700 §4.14.2 */
      type: 'refresh.reused'
      sessionId: string
      userId: string
      presentedGeneration: number
      currentGeneration: number
      withIdempotencyKey: boolean
      ip: string | null
    }
  | {
      /** A token newer than the store: the store went back in time, by a restored backup or a lagging replica. */
      type: 'refresh.ahead_of_store'
      sessionId: string
      userId: string
      presentedGeneration: number
      currentGeneration: number
    }
  | { type: 'key.created' | 'key.removed'; kid: string }

export type EventListener = (event: SecurityEvent) => void
