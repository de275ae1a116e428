import { spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { describe, expect, type TestContext, test } from 'vitest'
import { entriesOf, findNode, PROJECT, run, USER_ENVIRONMENT } from './project.ts'
import { startService } from './service.ts'

interface Runtime {
  name: string
  /** The program, and what precedes the file that it runs. */
  command: readonly string[]
}

describe.each([
  { name: `Node.js ${process.versions.node}`, command: [process.execPath] },
  { name: 'Node.js 20', command: [findNode(20) ?? ''] },
  ...elsewhere('Deno', process.env.LATCHKEY_DENO ?? 'deno', ['run', '-A']),
  ...elsewhere('Bun', process.env.LATCHKEY_BUN ?? 'bun', []),
])('in $name', ({ name, command }) => {
  test('every entry of the client and of the verifier loads', (context) => {
    need(context)
    const entries = [...entriesOf('@latchkey/client'), ...entriesOf('@latchkey/verifier')]
    expect(execute('load.js', ...entries).split(' ')).toEqual(entries)
  })

  test('the client signs up, refreshes and signs out, and the verifier knows the user', async (context) => {
    need(context)
    const { origin } = await startService()
    expect(execute('round-trip.js', origin, 'ada')).toBe('ada@example.com')
  })

  test('the verifier hears of a sign-out, and lets the process end once it is closed', async (context) => {
    need(context)
    const environment = {
      LATCHKEY_DATABASE_URL: `sqlite:${join(PROJECT, `heard by ${name}.db`)}`,
      LATCHKEY_SECRET: randomBytes(32).toString('base64url'),
    }
    const { origin } = await startService(environment)
    const { id, secret } = registerApi(environment)
    expect(execute('feed.js', origin, id, secret)).toBe('TOKEN_REVOKED')
  })

  test('a session that is kept in a file goes on in the next process', async (context) => {
    need(context)
    const { origin } = await startService()
    const file = join(PROJECT, `kept by ${name}/session.json`)

    expect(execute('command.js', origin, file, 'grace')).toBe('grace@example.com')
    expect(execute('command.js', origin, file)).toBe('grace@example.com')
  })

  function need(context: TestContext): void {
    context.skip(command[0] === '', `there is no ${name} on the PATH`)
  }

  function execute(file: string, ...arguments_: readonly string[]): string {
    const [program, ...before] = command
    return run(PROJECT, program!, [...before, file, ...arguments_])
  }
})

/** By the command that an operator would use. */
function registerApi(environment: Record<string, string>): { id: string; secret: string } {
  const { stdout } = spawnSync(join(PROJECT, 'node_modules/.bin/latchkey'), ['services', 'add', 'orders'], {
    env: { ...USER_ENVIRONMENT, ...environment },
    encoding: 'utf8',
  })
  return { id: /svc_[\w-]+/.exec(stdout)![0], secret: /lks_[\w-]+/.exec(stdout)![0] }
}

/** A runtime that no package of the system brings along: to try where it is, and to say so where it is not. */
function elsewhere(name: string, program: string, before: readonly string[]): Runtime[] {
  if (spawnSync(program, ['--version']).status === 0) return [{ name, command: [program, ...before] }]
  const variable = `LATCHKEY_${name.toUpperCase()}`
  process.stdout.write(`NOT AVAILABLE HERE: ${name}. Put it on the PATH, or its path into ${variable}.\n`)
  return []
}
