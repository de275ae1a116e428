/** One event of a stream of server-sent events. */
export interface ServerSentEvent {
  /** `message` where none was named. */
  type: string
  data: string
  /** Only when this very event was given one. */
  id: string | undefined
}

/** In characters, for everything that one event is written with. */
const MAX_EVENT_LENGTH = 262_144
/** In milliseconds: nobody else decides that we ask without a pause, or not at all. */
const RETRY_RANGE = { least: 100, most: 60_000 }

/**
 * Reads `text/event-stream` as it comes in, however it was cut into pieces. Stricter than a browser in two respects, because what is
 * lost here is a revocation: malformed UTF-8 and an oversized event are errors. WHATWG HTML §9.2.6
 */
export class EventStream {
  /** Also takes the byte order mark away that a stream may begin with. */
  readonly #utf8 = new TextDecoder('utf-8', { fatal: true })
  /** The line that has begun. */
  #line = ''
  #endedByCarriageReturn = false
  #type = ''
  #data: string[] = []
  #id: string | undefined
  #length = 0
  /** What the stream asked to wait before it is opened again, in milliseconds. */
  retryMs: number | undefined

  /** The events that are complete with these bytes. Throws for a stream that cannot be read on. */
  push(bytes: Uint8Array): ServerSentEvent[] {
    const text = this.#utf8.decode(bytes, { stream: true })
    const events: ServerSentEvent[] = []
    let start = 0
    for (let position = 0; position < text.length; position++) {
      const code = text.charCodeAt(position)
      if (code !== LINE_FEED && code !== CARRIAGE_RETURN) {
        this.#endedByCarriageReturn = false
        continue
      }
      const isSecondHalf = code === LINE_FEED && this.#endedByCarriageReturn
      this.#endedByCarriageReturn = code === CARRIAGE_RETURN
      if (!isSecondHalf) {
        const event = this.#readLine(this.#line + text.slice(start, position))
        if (event) events.push(event)
        this.#line = ''
      }
      start = position + 1
    }
    this.#line += text.slice(start)
    this.#checkLength(this.#line.length)
    return events
  }

  /** The event that this line ends, if it ends one. */
  #readLine(line: string): ServerSentEvent | undefined {
    if (line === '') return this.#endEvent()
    // Between two events there may be any number of comments.
    if (line.startsWith(':')) return undefined
    this.#length += line.length
    this.#checkLength(0)

    const colon = line.indexOf(':')
    const name = colon === -1 ? line : line.slice(0, colon)
    const value = colon === -1 ? '' : line.slice(colon + 1).replace(/^ /, '')
    this.#readField(name, value)
    return undefined
  }

  #readField(name: string, value: string): void {
    switch (name) {
      case 'event':
        this.#type = value
        break
      case 'data':
        this.#data.push(value)
        break
      case 'id':
        if (!value.includes('\0')) this.#id = value
        break
      case 'retry':
        if (/^\d{1,9}$/.test(value)) this.retryMs = within(Number(value), RETRY_RANGE)
        break
    }
  }

  #endEvent(): ServerSentEvent | undefined {
    const event = { type: this.#type || 'message', data: this.#data.join('\n'), id: this.#id }
    const isEmpty = this.#data.length === 0
    this.#type = ''
    this.#data = []
    this.#id = undefined
    this.#length = 0
    return isEmpty ? undefined : event
  }

  #checkLength(more: number): void {
    if (this.#length + more > MAX_EVENT_LENGTH) {
      throw new Error(`an event must have at most ${MAX_EVENT_LENGTH} characters`)
    }
  }
}

const LINE_FEED = 10
const CARRIAGE_RETURN = 13

function within(value: number, { least, most }: { least: number; most: number }): number {
  return Math.min(Math.max(value, least), most)
}
