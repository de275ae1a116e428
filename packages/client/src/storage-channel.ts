import type { Channel } from './host.ts'
import { createSealer } from './sealer.ts'

// Without BroadcastChannel a tab can only make others hear that localStorage has changed. That is written to disk, where
// no token may ever stand, so a message is sealed for the one tab that reads it. Who can write to localStorage from a
// script can publish a key too, and be told the next token. That script is inside the origin and can ask the service
// itself: this is no defence against it.

/** What follows the channel's name: `tab` is a tab, named by its public key; `to from number` is a message. */
const ITEM = /^ (?<to>[\w+/]{87}=)(?: (?<from>[\w+/]{87}=) (?<number>\d+))?$/

/** Milliseconds. A tab that leaves a message lying for longer has crashed or is frozen. */
const UNREAD_MS = 5000

/** The most messages that wait for a tab, and the most tabs that a new one believes in. */
const MANY = 32

const EVENTS = ['storage', 'pagehide', 'pageshow', 'visibilitychange']

/**
 * Stands in for `new BroadcastChannel(name)`, for messages that JSON can say. Never throws: what cannot be told (no
 * localStorage or a full one; no WebCrypto, because the page is not https) is nobody's news. A message reaches the tabs
 * that opened theirs some milliseconds before, unless this page unloads at once.
 */
export function openStorageChannel(name: string, storage?: Storage): Channel {
  const heard = new EventTarget()
  const joining = join(name, (data) => heard.dispatchEvent(new MessageEvent('message', { data })), storage)
  joining.catch(() => {})
  return {
    postMessage(message) {
      try {
        const text = JSON.stringify(message)
        joining.then(({ send }) => send(text)).catch(() => {})
      } catch {}
    },
    addEventListener: (type, listener) =>
      heard.addEventListener(type, (event) => listener(event as MessageEvent<unknown>)),
    close: () => void joining.then(({ close }) => close()).catch(() => {}),
  }
}

async function join(name: string, deliver: (data: unknown) => void, storage = localStorage) {
  const { publicKey: me, seal, open } = await createSealer()
  const lastFrom = new Map<string, number>()
  let lastSent = 0
  let away = false
  let closed = false
  let turn = Promise.resolve()

  if (others().length >= MANY) others().forEach(forget)
  for (const type of EVENTS) addEventListener(type, notice, true)
  inTurn(beHere)
  return { send, close }

  /** One after the other, in the order of the calls. What fails is left undone. */
  function inTurn(task: () => void | Promise<void>): void {
    turn = turn.then(task).catch(() => {})
  }

  function send(text: string): void {
    if (closed) return
    inTurn(async () => {
      beHere()
      for (const to of others()) {
        // Dated by the wall clock. Where it goes wrong, a tab is forgotten too early, and comes back.
        lastSent = Math.max(lastSent + 1, Date.now())
        const key = `${name} ${to} ${me} ${lastSent}`
        // Fails for what is no public key, and where there is no room: forgetting makes some.
        await seal(to, key, text)
          .then((sealed) => put(key, sealed))
          .catch(() => forget(to))
      }
    })
  }

  function receive(key: string, sealed: string | null): void {
    const { from, number } = parse(key) ?? {}
    if (from === undefined || sealed === null) return
    storage.removeItem(key)
    inTurn(async () => {
      if (Number(number) <= (lastFrom.get(from) ?? 0)) return
      const text = await open(from, key, sealed)
      lastFrom.set(from, Number(number))
      if (!closed) deliver(JSON.parse(text))
    })
  }

  function notice(event: Event): void {
    if (event instanceof StorageEvent) hear(event)
    else if (event.type === 'pagehide') leave()
    else if (!document.hidden) {
      away = false
      inTurn(beHere)
    }
  }

  /** The event brings the message, even where the item is gone since. */
  function hear({ key, newValue, storageArea }: StorageEvent): void {
    if (storageArea !== storage) return
    if (key?.startsWith(`${name} ${me} `)) receive(key, newValue)
    else if (newValue === null && (key === null || key === `${name} ${me}`)) inTurn(beHere)
  }

  /** Publishes this tab unless it is, and reads what waits for it, in case an event was lost. */
  function beHere(): void {
    if (away) return
    if (storage.getItem(`${name} ${me}`) === null) put(`${name} ${me}`, '')
    const waiting = items().filter(({ to, from }) => to === me && from !== undefined)
    for (const { key } of waiting.sort((a, b) => a.number - b.number)) receive(key, storage.getItem(key))
  }

  function leave(): void {
    away = true
    forget(me)
  }

  function close(): void {
    closed = true
    for (const type of EVENTS) removeEventListener(type, notice, true)
    leave()
  }

  /** The tabs that are published, after forgetting those that do not read. */
  function others(): string[] {
    const messages = items().filter(({ from }) => from !== undefined)
    for (const { to, number } of messages) {
      const late = Date.now() - number > UNREAD_MS
      const waiting = messages.filter((message) => message.to === to).length
      if (late || waiting >= MANY || storage.getItem(`${name} ${to}`) === null) forget(to)
    }
    return items().flatMap(({ to, from }) => (from === undefined && to !== me ? [to] : []))
  }

  /** A tab that lives after all hears of it, and publishes itself again. */
  function forget(tab: string): void {
    for (const { key, to } of items()) if (to === tab) put(key, null)
  }

  function items() {
    return Object.keys(storage).flatMap((key) => {
      const { to, from, number } = parse(key) ?? {}
      return to === undefined ? [] : [{ key, to, from, number: Number(number) }]
    })
  }

  function parse(key: string) {
    return key.startsWith(name) ? ITEM.exec(key.slice(name.length))?.groups : undefined
  }

  function put(key: string, newValue: string | null): void {
    if (newValue === null) storage.removeItem(key)
    else storage.setItem(key, newValue)
    // The browser does not tell the window itself, where another channel may listen.
    dispatchEvent(new StorageEvent('storage', { key, newValue, storageArea: storage }))
  }
}
