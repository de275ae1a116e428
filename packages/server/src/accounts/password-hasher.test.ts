import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { expect, onTestFinished, test } from 'vitest'
import { AuthError } from '../errors.ts'
import { PasswordHasher, type PasswordHasherOptions } from './password-hasher.ts'

/** Cheap enough for tests, with one thread. */
const CHEAP = { memoryKiB: 8_192, iterations: 1, parallelism: 1, workers: 1, maxQueue: 100 }
/** Some tens of milliseconds a hash. */
const HEAVY = { ...CHEAP, memoryKiB: 65_536, iterations: 3 }

function createHasher(options: Partial<PasswordHasherOptions> = {}): PasswordHasher {
  const hasher = new PasswordHasher({ ...CHEAP, ...options })
  onTestFinished(() => hasher.close())
  return hasher
}

async function codeOf(work: Promise<unknown>): Promise<string> {
  try {
    await work
    return 'done'
  } catch (error) {
    if (!(error instanceof AuthError)) throw error
    expect(error.retryAfterSeconds).toBeGreaterThan(0)
    return error.code
  }
}

test('LR-22: a hash is argon2id with the parameters of the options and a salt of its own', async () => {
  const hasher = createHasher({ memoryKiB: 9_216, iterations: 2 })
  const hashes = await Promise.all([hasher.hash('input', null), hasher.hash('input', null)])
  for (const phc of hashes) {
    expect(phc).toMatch(/^\$argon2id\$v=19\$m=9216,t=2,p=1\$/)
    const [, , , , salt = '', digest = ''] = phc?.split('$') ?? []
    expect(Buffer.from(salt, 'base64').length).toBeGreaterThanOrEqual(16)
    expect(Buffer.from(digest, 'base64').length).toBeGreaterThanOrEqual(32)
    expect(await hasher.matches(['input'], phc as string, 1)).toBe(true)
    expect(await hasher.matches(['Input'], phc as string, 1)).toBe(false)
  }
  expect(hashes[0]).not.toBe(hashes[1])
})

test('LR-22: hashes with other parameters, and bcrypt of every kind, are still checked', async () => {
  const phc = (await createHasher({ iterations: 3 }).hash('input', null)) as string
  const hasher = createHasher()
  expect(await hasher.matches(['input'], phc, 1)).toBe(true)
  const bcrypt = '04$Yam4fX3Zk8WrCQDhn05FwuvZyXsbWhC3hFBvAVGYMu6J72ONcudv6'
  for (const kind of ['2a', '2b', '2y']) {
    expect(await hasher.matches(['a quiet harbour at dusk'], `$${kind}$${bcrypt}`, 1), kind).toBe(true)
    expect(
      await hasher.matches(['another one', 'a quiet harbour at dusk'], `$${kind}$${bcrypt}`, 2),
      kind,
    ).toBe(true)
    expect(await hasher.matches(['another one'], `$${kind}$${bcrypt}`, 1), kind).toBe(false)
  }
})

test('a hash that nothing can read matches nothing', async () => {
  const hasher = createHasher()
  const unreadable = [
    '',
    'x',
    '$argon2id$',
    '$argon2id$v=19$m=8192,t=1,p=1$c2FsdA$',
    '$2b$10$short',
    '$2b$99$x',
    '$5$x$y',
  ]
  for (const phc of unreadable) expect(await hasher.matches([''], phc, 1), phc).toBe(false)
  const phc = (await hasher.hash('input', null)) as string
  expect(await hasher.matches([], phc, 1), 'nor does no input match a good one').toBe(false)
})

test('LR-11: the form of a common password is not hashed at all', async () => {
  const hasher = createHasher()
  for (const common of ['password', '12345678', 'qwertyuiop', 'iloveyou', 'princess']) {
    expect(await hasher.hash('input', common), common).toBeNull()
  }
  expect(await hasher.hash('input', 'a quiet harbour at dusk')).toMatch(/^\$argon2id\$/)
  expect(await hasher.hash('password', null), 'nobody chose it').toMatch(/^\$argon2id\$/)
})

test('DS-02: what exceeds the queue is refused at once, what was let in is done in turn', async () => {
  const hasher = createHasher({ ...HEAVY, maxQueue: 3 })
  const order: number[] = []
  const jobs = Array.from({ length: 8 }, async (_, i) => {
    const code = await codeOf(hasher.hash('input', null))
    if (code === 'done') order.push(i)
    return code
  })
  expect(hasher.waiting, 'one runs, three wait').toBe(3)
  expect(
    await Promise.race([Promise.all(jobs.slice(4)), jobs[0]]),
    'refused before the first is done',
  ).toEqual(Array(4).fill('OVERLOADED'))
  expect(await Promise.all(jobs.slice(0, 4))).toEqual(Array(4).fill('done'))
  expect(order).toEqual([0, 1, 2, 3])
  expect(hasher.waiting).toBe(0)
  expect(await codeOf(hasher.hash('input', null)), 'and there is room again').toBe('done')
})

test('DS-02: while it hashes, the event loop goes on', async () => {
  const hasher = createHasher({ ...HEAVY, iterations: 8 })
  await hasher.hash('input', null)
  const delay = monitorEventLoopDelay({ resolution: 1 })
  const start = performance.now()
  delay.enable()
  await Promise.all([hasher.hash('a', null), hasher.hash('b', null), hasher.hash('c', null)])
  delay.disable()
  const each = (performance.now() - start) / 3
  expect(delay.percentile(90) / 1e6, `one hash takes ${each} ms`).toBeLessThan(each / 2)
})

test('LR-03: a refusal takes as long for a hash of our own as for the dearest imported one, spelled as often', async () => {
  const hasher = createHasher()
  const own = (await hasher.hash('input', null)) as string
  const imported = '$2b$08$jHaKyjCrg7qL4Rd.bSc19OH0v3HbVyJGhrpbSKmdW0nhXKv4iubxm'
  const time = async (inputs: string[], phc: string, spellings: number) => {
    const start = performance.now()
    expect(await hasher.matches(inputs, phc, spellings)).toBe(false)
    return performance.now() - start
  }
  const once = await time(['x'], imported, 1)
  expect(await time(['x'], own, 1)).toBeGreaterThan(once / 2)
  expect(await time(['x'], own, 2)).toBeGreaterThan(1.5 * once)
})

test('a hasher that is closed lets nobody wait', async () => {
  const hasher = createHasher(HEAVY)
  const jobs = Array.from({ length: 4 }, () => codeOf(hasher.hash('input', null)))
  await hasher.close()
  expect(await Promise.all(jobs)).toEqual(Array(4).fill('OVERLOADED'))
  expect(await codeOf(hasher.hash('input', null))).toBe('OVERLOADED')
})

test('a thread that dies takes its own job along, and none of the others', async () => {
  const hasher = createHasher({ memoryKiB: 1 })
  const bcrypt = '$2b$04$Yam4fX3Zk8WrCQDhn05FwuvZyXsbWhC3hFBvAVGYMu6J72ONcudv6'
  const dying = hasher.hash('input', null)
  const others = Promise.all([1, 2, 3].map(() => hasher.matches(['a quiet harbour at dusk'], bcrypt, 1)))
  await expect(dying).rejects.toThrow()
  expect(await others).toEqual([true, true, true])
})

test('closing comes to an end also when a thread has just finished', async () => {
  const script = `
    import { PasswordHasher } from ${JSON.stringify(new URL('./password-hasher.ts', import.meta.url).href)}
    const hasher = new PasswordHasher({ memoryKiB: 8192, iterations: 1, parallelism: 1, workers: 1, maxQueue: 10 })
    await hasher.hash('so that the thread is there', null)
    const refused = hasher.hash('another', null).catch(({ code }) => process.stdout.write(code + ' '))
    // The thread's answer is here, and has not been read, when the hasher is closed.
    for (const start = performance.now(); performance.now() - start < 200; );
    await hasher.close()
    await refused
    process.stdout.write('closed')`
  const child = spawn(process.execPath, ['--input-type=module', '--eval', script])
  let output = ''
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk
  })
  const [code] = await once(child, 'exit')
  expect([code, output]).toEqual([0, 'OVERLOADED closed'])
})
