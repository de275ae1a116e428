import type { FetchLike } from '../keys/fetch-json.ts'
import { startTimer } from '../runtime.ts'
import { EventStream } from './event-stream.ts'
import { FeedError, MalformedError } from './feed-error.ts'
import { type Message, readMessage } from './messages.ts'
import { type Ending, pauseAfter, readRetryAfter } from './pause.ts'
import { Silence } from './silence.ts'

export interface FeedOptions {
  url: string
  /** The `Authorization` header. */
  authorization: string
  fetch: FetchLike
  listener: FeedListener
}

export interface FeedListener {
  /** @param isNews not for what was missed while there was no connection */
  onMessage(message: Message, isNews: boolean): void
  /** A sign of life, while nothing is missing. */
  onAlive(): void
  /** What was not complete will not be completed. */
  onCut(): void
}

const DEFAULT_RETRY_MS = 1000
const DEFAULT_HEARTBEAT_SECONDS = 5

/**
 * One connection to the feed of revocations, opened again whenever it ends, until it is closed. It never fails and never throws: what
 * is wrong is told in `problem`.
 */
export class RevocationFeed {
  readonly #options: FeedOptions
  #isStarted = false
  #isClosed = false
  #isCurrent = false
  /** Whether the last part of a snapshot is still to come. */
  #isInSnapshot = false
  #connection: AbortController | undefined
  #endPause = () => {}
  #lastId: string | undefined
  #retryMs = DEFAULT_RETRY_MS
  #failures = 0
  problem: string | null = null
  reconnects = 0

  constructor(options: FeedOptions) {
    this.#options = options
  }

  /** Whether it is to be heard at all. */
  get isOpen(): boolean {
    return this.#isStarted && !this.#isClosed
  }

  /** Whether everything has been said up to now, on a connection that lives. */
  get isCurrent(): boolean {
    return this.#isCurrent
  }

  start(): void {
    if (this.#isStarted || this.#isClosed) return
    this.#isStarted = true
    void this.#stayConnected()
  }

  close(): void {
    this.#isClosed = true
    this.#connection?.abort(new FeedError('it was closed'))
    this.#endPause()
  }

  async #stayConnected(): Promise<void> {
    while (!this.#isClosed) {
      const ending = await this.#connect()
      if (this.#isClosed) return
      this.problem = ending.problem
      await this.#pause(pauseAfter(ending, Math.random()))
      this.reconnects++
    }
  }

  #pause(milliseconds: number): Promise<void> {
    return new Promise((resolve) => {
      const stop = startTimer(resolve, milliseconds)
      this.#endPause = () => {
        stop()
        resolve()
      }
    })
  }

  /** Resolves when the connection has ended, however it did. */
  async #connect(): Promise<Ending> {
    const connection = new AbortController()
    this.#connection = connection
    const silence = new Silence(DEFAULT_HEARTBEAT_SECONDS, () =>
      connection.abort(new FeedError('nothing was heard for too long')),
    )
    let refusal: Response | undefined
    try {
      const response = await abortable(this.#request(connection.signal), connection.signal)
      if (!isEventStream(response)) {
        refusal = response
        void response.body?.cancel().catch(() => {})
        throw new FeedError(`the service answered ${describe(response)}`)
      }
      await this.#listen(response, connection.signal, silence)
      throw new FeedError('the service ended the connection')
    } catch (error) {
      return this.#end(connection.signal.aborted ? connection.signal.reason : error, refusal)
    } finally {
      silence.stop()
      connection.abort()
      this.#isCurrent = false
      this.#isInSnapshot = false
      this.#options.listener.onCut()
    }
  }

  #request(signal: AbortSignal): Promise<Response> {
    const { fetch, url, authorization } = this.#options
    const headers: Record<string, string> = { accept: 'text/event-stream', authorization }
    if (this.#lastId !== undefined) headers['last-event-id'] = this.#lastId
    return fetch(url, { headers, redirect: 'manual', signal })
  }

  /** Resolves at the end of the stream, and rejects when it cannot be understood. */
  async #listen(response: Streaming, signal: AbortSignal, silence: Silence): Promise<void> {
    const reader = response.body.getReader()
    const cancel = () => void reader.cancel().catch(() => {})
    signal.addEventListener('abort', cancel)
    try {
      const stream = new EventStream()
      for (;;) {
        const { done, value } = await reader.read()
        signal.throwIfAborted()
        if (done) return
        silence.restart()
        this.#take(value, stream, silence)
      }
    } catch (error) {
      // Whatever was not understood is asked for again, with all that came before it.
      if (!signal.aborted && error instanceof MalformedError) this.#lastId = undefined
      throw error
    } finally {
      signal.removeEventListener('abort', cancel)
    }
  }

  #take(bytes: Uint8Array, stream: EventStream, silence: Silence): void {
    const messages = readMessages(stream, bytes)
    this.#retryMs = stream.retryMs ?? this.#retryMs
    for (const message of messages) if (message) this.#heed(message, silence)
    if (this.#isCurrent) this.#options.listener.onAlive()
  }

  #heed(message: Message, silence: Silence): void {
    if (message.kind === 'snapshot') this.#isInSnapshot = !message.isLast
    if (message.kind === 'current') {
      if (this.#lastId === undefined || this.#isInSnapshot)
        throw new MalformedError('the snapshot was missing')
      silence.heartbeatSeconds = message.heartbeatSeconds
      this.#isCurrent = true
      this.#failures = 0
      this.problem = null
    }
    this.#options.listener.onMessage(message, this.#isCurrent)
    // News between the parts of a snapshot is no place to go on from: a cut would cost the parts that are still to come.
    if (message.kind !== 'current' && !this.#isInSnapshot) this.#lastId = message.id
  }

  #end(error: unknown, refusal: Response | undefined): Ending {
    const wasCurrent = this.#isCurrent
    const failures = wasCurrent ? 0 : this.#failures++
    return {
      problem: error instanceof FeedError ? error.message : 'the connection failed',
      failures,
      isRefused: refusal?.status === 401 || refusal?.status === 403,
      retryMs: this.#retryMs,
      retryAfterMs: readRetryAfter(refusal?.headers.get('retry-after'), Date.now()),
    }
  }
}

type Streaming = Response & { body: ReadableStream<Uint8Array> }

/** A redirect is none: the secret would follow it to a place that nobody configured. */
function isEventStream(response: Response): response is Streaming {
  const type = response.headers.get('content-type') ?? ''
  return response.status === 200 && /^text\/event-stream\b/i.test(type) && response.body !== null
}

function describe({ status, headers }: Response): string {
  return status === 200 ? `no event stream but ${headers.get('content-type')}` : String(status)
}

/** All messages that are complete with these bytes, or none. */
function readMessages(stream: EventStream, bytes: Uint8Array): (Message | undefined)[] {
  try {
    return stream.push(bytes).map(readMessage)
  } catch {
    throw new MalformedError('an event was not of the agreed form')
  }
}

/** Also gives up a fetch that does not heed its signal. */
function abortable<Value>(promise: Promise<Value>, signal: AbortSignal): Promise<Value> {
  return new Promise((resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true })
    promise.then(resolve, reject)
  })
}
