import type { ClientKind, SessionEndReason } from '@latchkey/protocol'
import type { Limit } from './errors.ts'

/** Something that an operator wants to know of. Never holds a credential or an e-mail address. */
export type SecurityEvent =
  | { type: 'user.registered'; userId: string }
  | { type: 'user.disabled' | 'user.enabled' | 'user.deleted' | 'user.password_changed'; userId: string }
  | { type: 'sign_in.succeeded'; userId: string; sessionId: string; client: ClientKind; ip: string | null }
  | { type: 'sign_in.failed'; ip: string | null }
  | { type: 'limit.reached'; limit: Limit['name']; ip: string | null }
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
      /**
       * A request without the rotation's key was under way when the rotation was answered, or came within the grace,
       * and got the same answer: two tabs, as a rule. A session in which every refresh is joined has two holders.
       */
      type: 'refresh.joined'
      sessionId: string
      userId: string
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
  | { type: 'service.created' | 'service.removed'; serviceId: string }

export type EventListener = (event: SecurityEvent) => void
