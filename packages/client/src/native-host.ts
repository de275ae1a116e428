import { createClock } from './clock.ts'
import type { Host } from './host.ts'
import { lifetimeOf } from './lifetime.ts'
import { storedRecords } from './record.ts'
import type { Answer } from './service.ts'
import type { TokenStorage } from './storage.ts'

/** An app, a command or a server: the refresh token is in its own storage. */
export function nativeHost(name: string, storage: TokenStorage, marginSeconds: number): Host {
  const { shared } = storage
  const now = createClock()
  const records = storedRecords(storage, name)
  return {
    now,
    sleep,
    records,
    tabs: Promise.resolve({ lock: (task) => (shared ? shared.exclusive(task) : task()) }),
    carry: (service) => async (path, call, send) => {
      const bare = { ...call, credentials: 'omit' } as const
      if (!/\/(refresh|logout|login|register)$/.test(path)) return service(path, bare, send)
      if (call.body !== undefined) {
        return hidden(await service(path, { ...bare, body: { ...call.body, client: 'native' } }))
      }
      try {
        // The token and the key of a refresh are of one step: with a newer token the key would spend that one.
        const { refreshToken } = call.record ?? (await records.change((now) => now))
        // Nothing to sign out of is signed out, and where there is nothing to refresh nobody gets as far as here.
        if (refreshToken === undefined) return { status: 204 }
        return hidden(await service(path, { ...bare, body: { refreshToken } }))
      } catch (cause) {
        return { cause }
      }
    },
    keep: ({ refreshToken, accessToken, expiresIn, sessionId, user }, ageMs) => ({
      refreshToken,
      ...(shared && {
        tokens: { accessToken, expiresIn, sessionId, user },
        sentAt: shared.now() - ageMs,
      }),
    }),
    settle({ refreshToken, tokens, renewal, sentAt, signedOut }, session) {
      // This client told the service once, and who starts next does again.
      if (signedOut) return session.state.status === 'signed-out'
      if (refreshToken === undefined) {
        session.end({ code: 'REFRESH_MISSING' })
        return true
      }
      if (!shared || !tokens || !renewal || !sentAt || renewal === session.held?.renewal) return false
      const ageMs = shared.now() - sentAt
      // Another process has renewed. A clock that began anew with the machine knows no age.
      const isFresh = ageMs >= 0 && lifetimeOf(-ageMs, tokens.expiresIn, marginSeconds).renewAt > 0
      if (isFresh) session.hold('renewed', { ...tokens, renewal }, now() - ageMs)
      return isFresh
    },
  }
}

/** The refresh token goes into the record by its name, and nowhere else: no copy of the answer's members has it. */
function hidden(answer: Answer): Answer {
  if (answer.tokens) Object.defineProperty(answer.tokens, 'refreshToken', { enumerable: false })
  return answer
}

/** Keeps a process alive no longer than it has to. */
function sleep(milliseconds: number, signal?: AbortSignal): Promise<void> {
  if (signal?.aborted) return Promise.resolve()
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', done)
      resolve()
    }
    const timer = setTimeout(done, milliseconds)
    signal?.addEventListener('abort', done)
  })
}
