/** A lock that this process has, until `release` or until it ends. */
export interface Hold {
  /** Whether another process took it away before it was released, because it took this one for frozen. */
  isLost(): Promise<boolean>
  release(): void
}
