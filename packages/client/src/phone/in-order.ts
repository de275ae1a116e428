/** One at a time, in the order of the calls: the libraries do not promise that the later of two writes stands. */
export function createOrder(): <T>(step: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve()
  return (step) => {
    const done = last.then(step)
    last = done.catch(() => undefined)
    return done
  }
}
