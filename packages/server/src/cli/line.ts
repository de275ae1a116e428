/** Either end of what Node puts between a process and its child: `process` in the child, the child in its parent. */
interface Channel {
  readonly connected: boolean
  send?(message: Message, onSent: (error: Error | null) => void): unknown
  on(event: 'message', listener: (message: unknown) => void): unknown
  on(event: 'disconnect', listener: () => void): unknown
}

/** What one end does with what the other says, which is JSON. */
interface LineHandlers {
  /** Hears what the other end tells. */
  heard(news: unknown): void
  /** Answers what the other end asks. */
  answer(question: unknown): Promise<unknown>
}

type Message =
  | { latchkey: 'news'; news: unknown }
  | { latchkey: 'question'; id: number; question: unknown }
  | { latchkey: 'answer'; id: number; answer: unknown }
  | { latchkey: 'no-answer'; id: number }

/** No answer takes longer: who is asked has it in memory. */
const PATIENCE_MS = 2_000

export class NoAnswerInTimeError extends Error {}

/** One end of the line between the primary and a worker, in JSON. Libraries may use the same channel for themselves. */
export class Line {
  readonly #channel: Channel
  readonly #waiting = new Map<number, PromiseWithResolvers<unknown>>()
  #questions = 0

  constructor(channel: Channel, { heard, answer }: LineHandlers) {
    this.#channel = channel
    channel.on('message', (received) => {
      if (typeof received !== 'object' || received === null || !('latchkey' in received)) return
      const message = received as Message
      switch (message.latchkey) {
        case 'news':
          heard(message.news)
          break
        case 'question':
          answer(message.question).then(
            (answer) => this.#send({ latchkey: 'answer', id: message.id, answer }),
            () => this.#send({ latchkey: 'no-answer', id: message.id }),
          )
          break
        case 'answer':
          this.#waiting.get(message.id)?.resolve(message.answer)
          break
        case 'no-answer':
          this.#waiting.get(message.id)?.reject(new Error('the other process cannot say'))
      }
    })
    channel.on('disconnect', () => {
      for (const { reject } of this.#waiting.values()) reject(new Error('the other process has ended'))
    })
  }

  tell(news: unknown): void {
    this.#send({ latchkey: 'news', news })
  }

  /** Rejects when the other end is gone, cannot answer, or does not in two seconds. */
  async ask(question: unknown): Promise<unknown> {
    const id = this.#questions++
    const waiting = Promise.withResolvers<unknown>()
    const giveUp = setTimeout(
      () => waiting.reject(new NoAnswerInTimeError('the other process does not answer')),
      PATIENCE_MS,
    )
    this.#waiting.set(id, waiting)
    this.#send({ latchkey: 'question', id, question })
    try {
      return await waiting.promise
    } finally {
      clearTimeout(giveUp)
      this.#waiting.delete(id)
    }
  }

  /** What is said to a process that has just ended is lost, as it would be if it ended next. */
  #send(message: Message): void {
    if (this.#channel.connected) this.#channel.send?.(message, () => {})
  }
}
