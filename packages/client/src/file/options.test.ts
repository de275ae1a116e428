import { resolve } from 'node:path'
import { expect, test } from 'vitest'
import { fileStorage } from './index.ts'
import { type FileStorageOptions, readOptions } from './options.ts'

test('a mistake is reported by the name of its option', () => {
  const wrong: [FileStorageOptions, RegExp][] = [
    [{}, /app or path/],
    [{ app: 'mytool', path: '/tmp/session.json' }, /app or path/],
    [{ app: '' }, /^app /],
    [{ app: '../mytool' }, /^app /],
    [{ app: 'my/tool' }, /^app /],
    [{ app: '.ssh' }, /^app /],
    [{ app: 'my tool' }, /^app /],
    [{ path: '' }, /^path /],
    [{ path: '/tmp/' }, /^path /],
    [{ path: '/tmp/a\0b' }, /^path /],
    [{ app: 'mytool', waitSeconds: 0 }, /^waitSeconds /],
    [{ app: 'mytool', waitSeconds: 61 }, /^waitSeconds /],
    [{ app: 'mytool', waitSeconds: Number.NaN }, /^waitSeconds /],
  ]
  for (const [options, message] of wrong) expect(() => fileStorage(options)).toThrow(message)
  for (const [options] of wrong) expect(() => fileStorage(options)).toThrow(TypeError)
})

test('a path is taken from the folder that the process is in when it opens the storage', () => {
  expect(readOptions({ path: 'session.json' })).toEqual({ path: resolve('session.json'), waitMs: 10_000 })
})
