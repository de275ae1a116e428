/** How many beats in a row a reader may leave untaken. */
const PATIENCE_BEATS = 3

export interface FeedReaderOptions {
  serviceId: string
  /** What it is sent, one after the other; null while there is nothing. */
  chunks: Iterator<Uint8Array | null>
  /** Called when it has gone away by itself. */
  onGone: (reader: FeedReader) => void
  /** What to end where it takes nothing any more, not even the end of the stream. */
  connection: { destroy(): void } | undefined
}

/**
 * One reader of the feed: a stream that is given what comes next only when it has taken what came before, so that a slow
 * reader holds no more than one chunk in memory, and a reader that takes nothing can be told from one that has nothing to take.
 */
export class FeedReader {
  readonly serviceId: string
  readonly stream: ReadableStream<Uint8Array>
  readonly #chunks: Iterator<Uint8Array | null>
  readonly #connection: FeedReaderOptions['connection']
  #controller!: ReadableStreamDefaultController<Uint8Array>
  #waits = false
  #beatsUntaken = 0

  constructor({ serviceId, chunks, onGone, connection }: FeedReaderOptions) {
    this.serviceId = serviceId
    this.#chunks = chunks
    this.#connection = connection
    this.stream = new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          this.#controller = controller
        },
        pull: () => {
          this.#beatsUntaken = 0
          this.#waits = true
          this.wake()
        },
        cancel: () => onGone(this),
      },
      { highWaterMark: 0 },
    )
  }

  /** Sends what there is, if it waits for it. */
  wake(): void {
    if (!this.#waits) return
    const chunk = this.#chunks.next().value as Uint8Array | null
    if (chunk !== null) this.#send(chunk)
  }

  /** Sends a sign of life. False when it has taken nothing for so long that it is to be given up. */
  beat(bytes: Uint8Array): boolean {
    if (!this.#waits) return ++this.#beatsUntaken < PATIENCE_BEATS
    // A beat says that the reader knows all there is: what it has not been woken for yet comes first, and is a sign of life too.
    this.wake()
    if (this.#waits) this.#send(bytes)
    return true
  }

  /** Ends it: in good order where it has taken everything, and at once where it has not. */
  end(): void {
    if (this.#waits) this.#controller.close()
    else this.drop()
  }

  /** Ends it at once, whatever it has not taken. */
  drop(): void {
    if (this.#connection === undefined) this.#controller.error(new Error('the reader took nothing'))
    else this.#connection.destroy()
  }

  #send(bytes: Uint8Array): void {
    this.#waits = false
    this.#controller.enqueue(bytes)
  }
}
