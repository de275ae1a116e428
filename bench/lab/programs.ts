import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'

/** What `psql` prints for a query: rows of cells. */
export function psql(url: string, query: string): string[][] {
  const output = execFileSync('psql', ['-XAt', '-F', '\t', '-c', query, url], { encoding: 'utf8' })
  return output
    .trimEnd()
    .split('\n')
    .map((line) => line.split('\t'))
}

/** What `redis-cli` prints for a command. */
export function redisCli(port: number, ...command: string[]): string {
  return execFileSync('redis-cli', ['-p', String(port), ...command], { encoding: 'utf8' })
}

/** Writes all of it to a program's input, and resolves when the program has done with it. */
export async function pipeInto(
  command: string,
  args: readonly string[],
  chunks: Iterable<string | Uint8Array>,
): Promise<void> {
  const child = spawn(command, args, { stdio: ['pipe', 'ignore', 'pipe'] })
  let complaint = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaint += text
  })
  const closed = once(child, 'close')
  child.stdin.on('error', () => {})
  for (const chunk of chunks) {
    if (!child.stdin.write(chunk)) await Promise.race([once(child.stdin, 'drain'), closed])
    if (child.exitCode !== null) break
  }
  child.stdin.end()
  const [code] = await closed
  if (code !== 0) throw new Error(`${command} ended with ${code}: ${complaint}`)
}
