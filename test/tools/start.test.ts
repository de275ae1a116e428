import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { expect, onTestFinished, test } from 'vitest'
import { temporaryFolder } from '../support/auth.ts'
import { serviceEnvironment } from '../support/service.ts'

const ROOT = join(import.meta.dirname, '../..')

test('npm start serves; stopped, it leaves nothing behind; started again, it knows its users and sessions', async () => {
  const environment = serviceEnvironment({
    LATCHKEY_DATABASE_URL: `sqlite:${join(temporaryFolder(), 'latchkey.db')}`,
  })
  const first = await npmStart(environment)
  const ada = { email: 'ada@example.com', password: 'a long enough phrase', client: 'native' }
  const { status, body } = await post(`${first.url}/auth/register`, ada)
  expect(status).toBe(201)
  expect(await stop(first)).toBe(0)
  await expect(fetch(first.url)).rejects.toThrow()

  const second = await npmStart(environment)
  const refreshed = await post(`${second.url}/auth/refresh`, { refreshToken: body.refreshToken })
  expect(refreshed.status).toBe(200)
  expect((await post(`${second.url}/auth/login`, ada)).status).toBe(200)
  expect(await stop(second)).toBe(0)
})

interface Started {
  url: string
  npm: ChildProcess
}

async function npmStart(environment: Record<string, string>): Promise<Started> {
  // In a group of its own, so that whatever a failed test leaves running can be ended with it.
  const npm = spawn('npm', ['start'], {
    cwd: ROOT,
    env: environment,
    stdio: ['ignore', 'pipe', 'ignore'],
    detached: true,
  })
  onTestFinished(() => endGroup(npm.pid!))
  for await (const line of createInterface(npm.stdout)) {
    const url = /http:\/\/\S+/.exec(line)?.[0]
    if (url === undefined) continue
    npm.stdout.resume()
    return { url, npm }
  }
  throw new Error('npm start ended before it said where it listens')
}

/** What a supervisor does: SIGTERM to npm alone. Resolves to npm's exit code. */
async function stop({ npm }: Started): Promise<number | null> {
  npm.kill('SIGTERM')
  const [code] = await once(npm, 'exit')
  return code
}

function endGroup(leader: number): void {
  try {
    process.kill(-leader, 'SIGKILL')
  } catch {
    // Nothing was left: there is no such group any more.
  }
}

async function post(
  url: string,
  body: Record<string, unknown>,
): Promise<{ status: number; body: Record<string, string> }> {
  const answer = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  return { status: answer.status, body: (await answer.json()) as Record<string, string> }
}
