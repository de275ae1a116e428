import { stopSignal } from './stop.ts'

/** What stops each part, in the order in which they were started. */
export type Closing = (() => unknown)[]

/** Runs what `start` starts until it resolves, then stops all of it. An error is said in a line; at Ctrl-C, which every part hears, none is one. */
export async function run(
  start: (closing: Closing, stopAsked: Promise<void>) => Promise<void>,
): Promise<void> {
  const stopAsked = stopSignal()
  let isStopping = false
  void stopAsked.then(() => {
    isStopping = true
  })
  const closing: Closing = []
  try {
    await start(closing, stopAsked)
  } catch (error) {
    if (!isStopping) {
      process.stderr.write(`${(error as Error).message}\n`)
      process.exitCode = 1
    }
  } finally {
    for (const close of closing.toReversed()) await close()
  }
}
