import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

export interface Service {
  url: string
  /** Says how, once it has ended. */
  ended: Promise<string>
  stop(): Promise<void>
}

/** Runs `latchkey serve` for the site at this address, with its data beside this file. */
export async function startService(siteUrl: string): Promise<Service> {
  const child = spawn(join(import.meta.dirname, '../../node_modules/.bin/latchkey'), ['serve'], {
    cwd: import.meta.dirname,
    env: {
      // What is set for the test's sake, such as where the data lies, wins.
      LATCHKEY_LOG_LEVEL: 'warn',
      // Links from other sites and mails open the page signed in, too.
      LATCHKEY_COOKIE_SAME_SITE: 'lax',
      ...process.env,
      PORT: '0',
      LATCHKEY_URL: siteUrl,
      // The site says who its visitors are.
      LATCHKEY_TRUST_PROXY: '127.0.0.1',
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const ended = once(child, 'exit').then(([code, signal]) => `${signal ?? `code ${code}`}`)
  for await (const line of createInterface(child.stdout)) {
    const url = /http:\/\/\S+/.exec(line)?.[0]
    if (url === undefined) continue
    child.stdout.resume()
    return {
      url,
      ended,
      async stop() {
        child.kill('SIGTERM')
        await ended
      },
    }
  }
  throw new Error(`latchkey serve ended before it listened: ${await ended}`)
}
