/** The parts of the host that the client uses, in one place: a test, or a host that lacks one, says so here. */
export interface Environment {
  /** Milliseconds on a clock that never jumps. The wall clock is the user's to change, so it is never read. */
  now(): number
  /** Resolves after so many milliseconds, or at once when `signal` aborts. */
  sleep(milliseconds: number, signal: AbortSignal): Promise<void>
  /** At least 0, below 1. */
  random(): number
  /** What relative URLs given to `fetch` are relative to. */
  pageUrl?: string
  /** Shared by the tabs of one origin. */
  localStorage?: Storage
  locks?: LockManager
  openChannel?(name: string): BroadcastChannel
}

/** The environment of a page, or what is left of it elsewhere. */
export function hostEnvironment(): Environment {
  const host = { now: () => performance.now(), random: Math.random, sleep }
  // Outside a page nothing is shared with other tabs: Node's own BroadcastChannel would join users of one process.
  if (typeof document === 'undefined') return host
  return {
    ...host,
    pageUrl: document.baseURI,
    localStorage: usableLocalStorage(),
    locks: navigator.locks,
    openChannel:
      typeof BroadcastChannel === 'undefined' ? undefined : (name: string) => new BroadcastChannel(name),
  }
}

/** Reading the property throws where the user blocks site data, writing where there is no room. */
function usableLocalStorage(): Storage | undefined {
  try {
    const { localStorage } = globalThis
    localStorage.setItem('latchkey', '')
    localStorage.removeItem('latchkey')
    return localStorage
  } catch {
    return undefined
  }
}

function sleep(milliseconds: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve()
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer)
      signal.removeEventListener('abort', done)
      resolve()
    }
    const timer = setTimeout(done, milliseconds)
    signal.addEventListener('abort', done)
  })
}
