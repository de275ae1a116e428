type Listener = (() => void) | { handleEvent(): void }

/** What React Native brings along is older than `reason`, `throwIfAborted`, `AbortSignal.any` and `AbortSignal.timeout`. */
export class PhoneAbortSignal {
  aborted = false
  onabort: (() => void) | null = null
  readonly #listeners = new Set<Listener>()

  addEventListener(_type: 'abort', listener: Listener): void {
    this.#listeners.add(listener)
  }

  removeEventListener(_type: 'abort', listener: Listener): void {
    this.#listeners.delete(listener)
  }

  /** Called by its controller. */
  fire(): void {
    if (this.aborted) return
    this.aborted = true
    this.onabort?.()
    for (const listener of this.#listeners) {
      if (typeof listener === 'function') listener()
      else listener.handleEvent()
    }
  }
}

export class PhoneAbortController {
  readonly signal = new PhoneAbortSignal()

  abort(): void {
    this.signal.fire()
  }
}
