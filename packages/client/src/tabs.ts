import type { HeldTokens, SessionEnd } from './session.ts'

/** What the tabs of one origin tell each other, in memory alone: nothing of it is ever stored. */
export type TabMessage =
  | { kind: 'opened' | 'renewed'; tokens: HeldTokens; ageMs: number }
  | { kind: 'ended'; sessionId: string; end: SessionEnd }

export interface Tabs {
  tell(message: TabMessage): void
  close(): void
}

/** Without a channel each tab learns from the service instead, at its next call. */
export function openTabs(
  open: ((name: string) => BroadcastChannel) | undefined,
  name: string,
  hear: (message: TabMessage) => void,
): Tabs {
  const channel = open?.(name)
  channel?.addEventListener('message', (event) => hear(event.data))
  return {
    tell: (message) => channel?.postMessage(message),
    close: () => channel?.close(),
  }
}
