import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { onTestFinished, type TestContext } from 'vitest'
import { describePeer, type Verdict } from './peer.ts'

const PYTHON = '/usr/bin/python3'
const SCRIPT = join(import.meta.dirname, 'verify.py')

/** PyJWT fetches the key set itself. */
describePeer(
  'PyJWT',
  { algorithms: ['ES256', 'EdDSA', 'RS256'], readsType: false },
  async ({ issuer, audience, algorithm }, context) => {
    requirePyJwt(context)
    // Nothing of the caller's environment: a proxy of theirs does not know this machine's services.
    const python = spawn(PYTHON, [SCRIPT, issuer, audience, algorithm], {
      env: {},
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    onTestFinished(() => void python.kill())
    const answers = createInterface(python.stdout)
    const ended = once(python, 'exit').then(([code]) =>
      Promise.reject(new Error(`Python ended with ${code}`)),
    )
    return async (token) => {
      const answer = once(answers, 'line')
      python.stdin.write(`${token}\n`)
      const [line] = await Promise.race([answer, ended])
      return JSON.parse(line) as Verdict
    }
  },
)

/** Skips the test without PyJWT, and says so; with `CI=true` it fails. */
function requirePyJwt(context: TestContext): void {
  if (spawnSync(PYTHON, ['-c', 'import jwt, cryptography']).status === 0) return
  if (process.env.CI === 'true') throw new Error('PyJWT is needed: apt-get install python3-jwt')
  context.skip('PyJWT was not found: apt-get install python3-jwt python3-cryptography')
}
