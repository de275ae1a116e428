import { once } from 'node:events'
import type { Socket } from 'node:net'
import { expect, test } from 'vitest'
import { answerOf, open, type RawAnswer } from '../http/raw.ts'
import { startService } from '../support/service.ts'
import { expectAlive, generationOf, newKey } from './client.ts'
import { over, rawRefresh, signUpAt } from './over-http.ts'

const CONNECTIONS = 200

const keys: [string, (i: number) => string | undefined][] = [
  ['with a key each', newKey],
  ['without a key', () => undefined],
]

test.each(keys)(
  `${CONNECTIONS} refreshes %s whose headers arrive before the bodies all get the same successor`,
  async (_, keyOf) => {
    const { url } = await startService()
    const { refreshToken } = await signUpAt(url, 'native')
    const requests = await connect(url, (i) =>
      rawRefresh(url, refreshToken, keyOf(i), 'Expect: 100-continue'),
    )
    await Promise.all(
      requests.map(async ({ socket, head }) => {
        const theServerHasRead = once(socket, 'data')
        socket.write(head)
        expect(String(await theServerHasRead)).toMatch(/^HTTP\/1.1 100 /)
      }),
    )
    for (const { socket, body } of requests) socket.write(body)
    await expectOneSuccessor(url, await Promise.all(requests.map(({ answer }) => answer)))
  },
)

test.each(keys)(
  `${CONNECTIONS} refreshes %s that all reach the machine before the service looks get the same successor`,
  async (_, keyOf) => {
    const { url, process: service } = await startService()
    const { refreshToken } = await signUpAt(url, 'native')
    // Half of them come on connections that the service knows, half on new ones.
    const prepare = (i: number) => rawRefresh(url, refreshToken, keyOf(i))
    const known = await connect(url, prepare, CONNECTIONS / 2)
    service.kill('SIGSTOP')
    const requests = [...known, ...(await connect(url, prepare, CONNECTIONS / 2))]
    await Promise.all(requests.map(({ socket, head, body }) => write(socket, head + body)))
    service.kill('SIGCONT')
    await expectOneSuccessor(url, await Promise.all(requests.map(({ answer }) => answer)))
  },
)

test('a refresh that hangs over its body is still excused when it comes to an end, but only for the generation that it saw', async () => {
  const { url } = await startService()
  const { refreshToken } = await signUpAt(url, 'native')
  const prepare = () => rawRefresh(url, refreshToken, undefined, 'Expect: 100-continue')
  const [slow, slower] = await connect(url, prepare, 2)
  for (const { socket, head } of [slow!, slower!]) {
    const theServerHasRead = once(socket, 'data')
    socket.write(head)
    await theServerHasRead
  }
  const first = await expectAlive(over(url), 'native', refreshToken)
  slow!.socket.write(slow!.body)
  expect(JSON.parse((await slow!.answer).body).refreshToken).toBe(first)

  await expectAlive(over(url), 'native', first)
  slower!.socket.write(slower!.body)
  expect(JSON.parse((await slower!.answer).body).error).toBe('REFRESH_REUSED')
})

interface PreparedRequest {
  socket: Socket
  answer: Promise<RawAnswer>
  head: string
  body: string
}

async function connect(
  url: string,
  prepare: (i: number) => { head: string; body: string },
  count = CONNECTIONS,
): Promise<PreparedRequest[]> {
  return await Promise.all(
    Array.from({ length: count }, async (_, i) => {
      const socket = await open(url)
      return { socket, answer: answerOf(socket), ...prepare(i) }
    }),
  )
}

function write(socket: Socket, text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.write(text, (error) => (error ? reject(error) : resolve()))
  })
}

async function expectOneSuccessor(url: string, answers: RawAnswer[]): Promise<void> {
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]))
  const [successor, ...others] = new Set(answers.map(({ body }) => JSON.parse(body).refreshToken as string))
  expect(others).toEqual([])
  expect(generationOf(successor!)).toBe(1)
  await expectAlive(over(url), 'native', successor!)
}
