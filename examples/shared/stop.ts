/** Resolves at the first signal to stop. npm passes on the terminal's, so it comes twice: the second breaks off nothing. */
export function stopSignal(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => resolve())
  })
}
