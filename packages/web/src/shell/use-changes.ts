import { useEffect, useState } from 'preact/hooks'

/** Draws the component again whenever `subscribe` calls. */
export function useChanges(subscribe: (listener: () => void) => () => void): void {
  const [, redraw] = useState(0)
  useEffect(() => subscribe(() => redraw((count) => count + 1)), [subscribe])
}

/** The present, a few times a second: for what runs down before the reader's eyes. */
export function useNow(everyMs: number): Date {
  const [now, setNow] = useState(() => new Date())
  useEffect(() => {
    const timer = setInterval(() => setNow(new Date()), everyMs)
    return () => clearInterval(timer)
  }, [everyMs])
  return now
}
