import { createAuth } from '../auth.ts'
import type { AuthOptions } from '../config.ts'
import { checkedAuthOptions, DEFAULT_PORT } from './options.ts'
import type { Settings } from './settings.ts'

/** Runs a command's work on the service that the settings describe, without listening or upkeep, and closes it. */
export async function withService(
  settings: Settings,
  work: (auth: Awaited<ReturnType<typeof createAuth>>) => Promise<void>,
): Promise<void> {
  const auth = await createAuth({ ...optionsOf(settings), upkeep: false })
  try {
    await work(auth)
  } finally {
    await auth.close()
  }
}

export function optionsOf(settings: Settings): AuthOptions {
  return checkedAuthOptions(settings, settings.options.port ?? DEFAULT_PORT)
}

export function print(line: string): void {
  process.stdout.write(`${line}\n`)
}
