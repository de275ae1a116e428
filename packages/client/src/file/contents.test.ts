import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { changeContents, readContents } from './contents.ts'
import type { Hold } from './hold.ts'
import { privateFolder } from './testing/folder.ts'

const release = () => undefined
const pen: Hold = { isLost: async () => false, release }

/** The pen of a process that stands still once it has made its draft, until `meanwhile` is over. */
function penOfStopped(meanwhile: () => Promise<unknown>, isLost = false): Hold {
  return { isLost: () => meanwhile().then(() => isLost), release }
}

function put(value: string) {
  return (items: Map<string, string>) => {
    items.set('a', value)
    return true
  }
}

async function startFile() {
  const folder = privateFolder()
  const file = join(folder, 'session.json')
  await changeContents(file, pen, put('old'))
  return { folder, file }
}

test('a process that stood still in the midst of a change, while another made one, changes nothing', async () => {
  const { folder, file } = await startFile()
  const stopped = penOfStopped(() => changeContents(file, pen, put('newer')))

  expect(await changeContents(file, stopped, put('late'))).toBe(false)
  expect((await readContents(file)).items.get('a')).toBe('newer')
  expect(readdirSync(folder)).toEqual(['session.json'])
})

test('one that has lost the pen changes nothing', async () => {
  const { folder, file } = await startFile()
  const stopped = penOfStopped(async () => undefined, true)

  expect(await changeContents(file, stopped, put('late'))).toBe(false)
  expect((await readContents(file)).items.get('a')).toBe('old')
  expect(readdirSync(folder)).toEqual(['session.json'])
})

test('a change that makes no difference leaves the very same file', async () => {
  const { folder, file } = await startFile()
  expect(await changeContents(file, pen, () => false)).toBe(true)
  expect((await readContents(file)).items.get('a')).toBe('old')
  expect(readdirSync(folder)).toEqual(['session.json'])
})
