import type { ChildProcess } from 'node:child_process'

/** What is special about one gateway. */
export interface Gateway {
  /** What it is called in the terminal and in the name of its folder. */
  name: string
  /** The program's name, and the Debian packages that bring what it needs. */
  program: string
  packages: string
  /** A configuration to copy. The addresses and the folder that it names are replaced by those of this run. */
  configuration: string
  /** Makes what must be there before the gateway starts. */
  prepare?(world: World): Promise<Companion>
  arguments(world: World & { configuration: string }): string[]
}

export interface World {
  /** The gateway's own folder, which goes away with it. */
  folder: string
  serviceUrl: string
}

/** What one gateway needs beside it. */
export interface Companion {
  /** Further addresses in the configuration. */
  replacements?: Record<string, string>
  /** Called once the gateway runs. */
  follow?(gateway: ChildProcess): void
  close(): void
}
