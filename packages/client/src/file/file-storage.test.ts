import { createHash } from 'node:crypto'
import {
  chmodSync,
  chownSync,
  lchownSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { fileStorage } from './file-storage.ts'
import { privateFolder } from './testing/folder.ts'

const NOT_ROOT = process.geteuid?.() !== 0
const SOMEBODY_ELSE = 12_345

test('what was stored is there for the next process, in a file and a folder that only the user can open', async () => {
  const state = join(privateFolder(), 'state')
  const path = join(state, 'mytool', 'session.json')
  await fileStorage({ path }).setItem('latchkey:https://auth.example.com', '{"refreshToken":"rt"}')

  const stored = await fileStorage({ path }).getItem('latchkey:https://auth.example.com')
  expect(stored).toBe('{"refreshToken":"rt"}')
  expect([path, dirname(path), state].map(modeOf)).toEqual(['600', '700', '700'])
})

test('nothing is made before there is something to store', async () => {
  const folder = privateFolder()
  const storage = fileStorage({ path: join(folder, 'mytool', 'session.json') })
  expect(await storage.getItem('a')).toBeNull()
  expect(readdirSync(folder)).toEqual([])
})

test('each item is its own, whatever its name', async () => {
  const storage = fileStorage({ path: join(privateFolder(), 'session.json') })
  for (const key of ['a', '__proto__', 'constructor', '']) await storage.setItem(key, `of ${key}`)
  await storage.removeItem('a')
  await storage.removeItem('toString')

  expect(await storage.getItem('a')).toBeNull()
  expect(await storage.getItem('toString')).toBeNull()
  for (const key of ['__proto__', 'constructor', '']) expect(await storage.getItem(key)).toBe(`of ${key}`)
})

test('of changes that are made at once, the one that was asked for last stands', async () => {
  const storage = fileStorage({ path: join(privateFolder(), 'session.json') })
  await Promise.all([storage.setItem('a', '1'), storage.removeItem('a'), storage.setItem('a', '2')])
  expect(await storage.getItem('a')).toBe('2')
  await Promise.all([storage.setItem('a', '3'), storage.removeItem('a')])
  expect(await storage.getItem('a')).toBeNull()
})

test('two storages of one file lose nothing of each other', async () => {
  const path = join(privateFolder(), 'session.json')
  const storages = [fileStorage({ path }), fileStorage({ path })]
  const keys = Array.from({ length: 20 }, (_, index) => `item ${index}`)
  await Promise.all(keys.map((key, index) => storages[index % 2]!.setItem(key, 'kept')))
  for (const key of keys) expect(await storages[0]!.getItem(key)).toBe('kept')
})

test('nothing but the file and its locks stays behind', async () => {
  const folder = privateFolder()
  const storage = fileStorage({ path: join(folder, 'session.json') })
  writeFileSync(join(folder, 'session.json.0123456789ab.tmp'), 'of a process that was killed')
  writeFileSync(join(folder, 'other.json.tmp'), 'of somebody else')
  await storage.shared.exclusive(async () => storage.setItem('a', '1'))

  expect(readdirSync(folder).sort()).toEqual(['other.json.tmp', 'session.json', 'session.json.lock'])
  expect(readdirSync(join(folder, 'session.json.lock')).sort()).toEqual(['turn.1', 'write.1'])
})

for (const [what, text] of [
  ['cut', '{"a":"1","b'],
  ['empty', ''],
  ['of another program', '["a"]'],
  ['of another form', '{"a":{"b":1}}'],
] as const) {
  test(`a file that is ${what} counts as empty, and what it held is put aside`, async () => {
    const path = join(privateFolder(), 'session.json')
    writeFileSync(path, text, { mode: 0o600 })
    const storage = fileStorage({ path })

    expect(await storage.getItem('a')).toBeNull()
    expect(readFileSync(path, 'utf8')).toBe(text)
    await storage.setItem('a', '2')
    expect(await storage.getItem('a')).toBe('2')
    expect(readFileSync(`${path}.spoilt`, 'utf8')).toBe(text)
    expect(modeOf(`${path}.spoilt`)).toBe('600')
  })
}

test('a file that others can read or change is refused, with the command that mends it', async () => {
  const path = join(privateFolder(), 'session.json')
  const storage = fileStorage({ path })
  await storage.setItem('a', '1')
  for (const mode of [0o640, 0o604, 0o620, 0o602]) {
    chmodSync(path, mode)
    const refusal = {
      code: 'NOT_PRIVATE',
      message: expect.stringContaining(`chmod 600 '${path}'`),
    }
    await expect(storage.getItem('a')).rejects.toMatchObject(refusal)
    await expect(storage.setItem('a', '2')).rejects.toMatchObject(refusal)
  }
  chmodSync(path, 0o600)
  expect(await storage.getItem('a')).toBe('1')
})

test('a folder that others can look into or change is refused, with the command that mends it', async () => {
  const folder = privateFolder()
  const storage = fileStorage({ path: join(folder, 'session.json') })
  for (const mode of [0o750, 0o701, 0o720, 0o777]) {
    chmodSync(folder, mode)
    const refusal = { code: 'NOT_PRIVATE', message: expect.stringContaining(`chmod 700 '${folder}'`) }
    await expect(storage.getItem('a')).rejects.toMatchObject(refusal)
    await expect(storage.setItem('a', '1')).rejects.toMatchObject(refusal)
    expect(await storage.shared.exclusive(async () => 'runs all the same')).toBe('runs all the same')
  }
  expect(readdirSync(folder)).toEqual([])
})

test('a file or a folder of another user is refused', async (context) => {
  context.skip(NOT_ROOT, 'only root can give a file away')
  const folder = privateFolder()
  const path = join(folder, 'session.json')
  const storage = fileStorage({ path })
  await storage.setItem('a', '1')
  chownSync(path, SOMEBODY_ELSE, SOMEBODY_ELSE)
  await expect(storage.getItem('a')).rejects.toMatchObject({ code: 'NOT_PRIVATE' })
  await expect(storage.setItem('a', '2')).rejects.toMatchObject({ code: 'NOT_PRIVATE' })
  chownSync(path, 0, 0)
  chownSync(folder, SOMEBODY_ELSE, SOMEBODY_ELSE)
  await expect(storage.getItem('a')).rejects.toMatchObject({ code: 'NOT_PRIVATE' })
  await expect(storage.setItem('a', '2')).rejects.toMatchObject({ code: 'NOT_PRIVATE' })
})

test('a link of the user is followed and stays a link; the file behind it is held to the same rules', async () => {
  const [here, there] = [privateFolder(), privateFolder()]
  const [link, target] = [join(here, 'session.json'), join(there, 'kept.json')]
  writeFileSync(target, '{}', { mode: 0o600 })
  symlinkSync(target, link)
  await fileStorage({ path: link }).setItem('a', '1')

  expect(await fileStorage({ path: target }).getItem('a')).toBe('1')
  expect(await fileStorage({ path: link }).getItem('a')).toBe('1')
  chmodSync(there, 0o755)
  await expect(fileStorage({ path: link }).getItem('a')).rejects.toMatchObject({ code: 'NOT_PRIVATE' })
})

test('a link that another user made is refused, and so is one that leads nowhere', async (context) => {
  const folder = privateFolder()
  const [path, elsewhere] = [join(folder, 'session.json'), join(folder, 'elsewhere')]
  symlinkSync(elsewhere, path)
  await expect(fileStorage({ path }).setItem('a', '1')).rejects.toMatchObject({ code: 'NOT_A_FILE' })

  context.skip(NOT_ROOT, 'only root can give a link away')
  writeFileSync(elsewhere, '{}', { mode: 0o600 })
  lchownSync(path, SOMEBODY_ELSE, SOMEBODY_ELSE)
  await expect(fileStorage({ path }).getItem('a')).rejects.toMatchObject({ code: 'NOT_PRIVATE' })
  await expect(fileStorage({ path }).setItem('a', '1')).rejects.toMatchObject({ code: 'NOT_PRIVATE' })
  expect(readFileSync(elsewhere, 'utf8')).toBe('{}')
})

test('a path that is a folder is refused', async () => {
  const path = join(privateFolder(), 'session.json')
  mkdirSync(path, { mode: 0o700 })
  await expect(fileStorage({ path }).getItem('a')).rejects.toMatchObject({ code: 'NOT_A_FILE' })
  await expect(fileStorage({ path }).setItem('a', '1')).rejects.toMatchObject({ code: 'NOT_A_FILE' })
})

test('a folder that is a file is an error, never an empty storage', async () => {
  const folder = join(privateFolder(), 'file')
  writeFileSync(folder, '')
  const storage = fileStorage({ path: join(folder, 'session.json') })
  await expect(storage.getItem('a')).rejects.toMatchObject({ code: 'NOT_READ' })
  await expect(storage.setItem('a', '1')).rejects.toMatchObject({ code: 'NOT_READ' })
})

test('what a task resolves to or rejects with is what its caller gets', async () => {
  const { shared } = fileStorage({ path: join(privateFolder(), 'session.json') })
  expect(await shared.exclusive(async () => 7)).toBe(7)
  const error = new Error('the task failed')
  await expect(shared.exclusive(() => Promise.reject(error))).rejects.toBe(error)
  expect(await shared.exclusive(async () => 8)).toBe(8)
})

test('a change sees what it changes, whoever else makes one at the same time', async () => {
  const path = join(privateFolder(), 'session.json')
  const storages = [fileStorage({ path }), fileStorage({ path })]
  const count = (value: string | null) => String(Number(value) + 1)
  await Promise.all(Array.from({ length: 30 }, (_, index) => storages[index % 2]!.shared.change('a', count)))
  expect(await storages[0]!.getItem('a')).toBe('30')
  await storages[0]!.shared.change('a', () => null)
  expect(await storages[1]!.getItem('a')).toBeNull()
})

test('where there can be no lock a change is refused, and a task runs all the same', async () => {
  const path = join(privateFolder(), 'session.json')
  const storage = fileStorage({ path })
  writeFileSync(`${path}.lock`, 'in the way')
  await expect(storage.setItem('a', '1')).rejects.toMatchObject({ code: 'NOT_LOCKED' })
  expect(await storage.shared.exclusive(async () => 'runs')).toBe('runs')
  expect(await storage.getItem('a')).toBeNull()
})

test('tasks of one process take turns too, also where the path is longer than the address of a socket may be', async () => {
  for (const name of ['session.json', `${'a-long-name-'.repeat(12)}.json`]) {
    const path = join(privateFolder(), name)
    onTestFinished(() => removeLockInTmp(path))
    const storages = [fileStorage({ path }), fileStorage({ path })]
    let [inside, most] = [0, 0]
    const task = async () => {
      most = Math.max(most, ++inside)
      await new Promise((resolve) => setTimeout(resolve, 2))
      inside--
    }
    await Promise.all(Array.from({ length: 40 }, (_, index) => storages[index % 2]!.shared.exclusive(task)))
    expect(most).toBe(1)
  }
})

test('all storages read one clock, which goes on', async () => {
  const [one, other] = ['a', 'b'].map((name) => fileStorage({ path: join(privateFolder(), name) }).shared)
  const [first, second] = [one!.now(), other!.now()]
  expect(second - first).toBeGreaterThanOrEqual(0)
  expect(second - first).toBeLessThan(1000)
  await expect.poll(() => one!.now() - first, { timeout: 5000 }).toBeGreaterThan(0)
})

/** Where the lock of a long path is. */
function removeLockInTmp(path: string): void {
  const digest = createHash('sha256').update(path).digest('hex').slice(0, 32)
  rmSync(`/tmp/latchkey-${process.geteuid?.()}-${digest}`, { recursive: true, force: true })
}

function modeOf(path: string): string {
  return (statSync(path).mode & 0o777).toString(8)
}
