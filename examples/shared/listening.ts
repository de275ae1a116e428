import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'

export interface Listening {
  url: string
  /** Says how, once it has ended. */
  ended: Promise<string>
}

/** A program that says where it listens, in the first line that holds an address. Rejects when it ends before. */
export async function listening(name: string, child: ChildProcess): Promise<Listening> {
  const ended = endOf(child)
  for await (const line of createInterface(child.stdout!)) {
    const url = /http:\/\/\S+/.exec(line)?.[0]
    if (url === undefined) continue
    child.stdout!.resume()
    return { url, ended }
  }
  throw new Error(`${name} ended before it listened: ${await ended}`)
}

/** Says how, once it has ended. */
export async function endOf(child: ChildProcess): Promise<string> {
  const [code, signal] = await once(child, 'exit')
  return signal ?? `code ${code}`
}
