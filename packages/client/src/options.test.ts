import { expect, onTestFinished, test, vi } from 'vitest'
import { createAuthClient } from './index.ts'
import { createAuthClient as createNative, memoryStorage } from './native.ts'
import { readOptions } from './options.ts'

test('a client may be made where a page is rendered on a server: it asks nobody and knows nobody', async () => {
  const client = createAuthClient()
  expect(client.state).toEqual({ status: 'unknown', user: null })
  await expect(client.login({ email: 'a@b.example', password: 'x' })).rejects.toMatchObject({
    code: 'UNREACHABLE',
  })
})

test.each([
  ['baseUrl', { baseUrl: '/auth' }],
  ['baseUrl', { baseUrl: 'ftp://auth.example' }],
  ['origins', { baseUrl: 'https://a.example', origins: ['b.example'] }],
  ['refreshMarginSeconds', { baseUrl: 'https://a.example', refreshMarginSeconds: -1 }],
  ['refreshMarginSeconds', { baseUrl: 'https://a.example', refreshMarginSeconds: Number.NaN }],
])('a wrong %s is named', (name, options) => {
  expect(() => createAuthClient(options)).toThrow(TypeError)
  expect(() => createAuthClient(options)).toThrow(name)
})

test('in a worker relative URLs are relative to the worker, as for the platform’s fetch', () => {
  vi.stubGlobal('location', new URL('https://app.example/work/er.js'))
  onTestFinished(() => void vi.unstubAllGlobals())
  const { pageUrl } = readOptions({ baseUrl: 'https://auth.example' })
  expect(pageUrl).toBe('https://app.example/work/er.js')
})

test.each([
  ['baseUrl', { storage: memoryStorage() }],
  ['storage', { baseUrl: 'https://a.example' }],
])('a native client needs its %s', (name, options) => {
  // @ts-expect-error: what a caller without types may do
  const create = () => createNative(options)
  expect(create).toThrow(TypeError)
  expect(create).toThrow(name)
})
