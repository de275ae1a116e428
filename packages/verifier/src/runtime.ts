/** Cloudflare's workers cancel what a request leaves behind, and let no request wait for another's. */
export function requestsAreIsolated(): boolean {
  return globalThis.navigator?.userAgent === 'Cloudflare-Workers'
}

/** Calls back once unless it is stopped before; where the runtime can tell the difference, no process is kept alive for it. */
export function startTimer(callback: () => void, milliseconds: number): () => void {
  const timer: unknown = setTimeout(callback, milliseconds)
  if (typeof timer === 'object' && timer !== null && 'unref' in timer && typeof timer.unref === 'function') {
    timer.unref()
  }
  return () => clearTimeout(timer as number)
}
