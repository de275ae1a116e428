import { expect, test } from 'vitest'
import { hostEnvironment } from './environment.ts'
import { createAuthClient } from './index.ts'
import { readOptions } from './options.ts'

test('outside a page the service has to be named', () => {
  expect(() => createAuthClient()).toThrow(new TypeError('baseUrl is needed outside a page'))
})

test('a page talks to its own origin by default', () => {
  const page = { ...hostEnvironment(), pageUrl: 'https://app.example/some/page?x=1' }
  expect(readOptions({}, page).baseUrl).toBe('https://app.example')
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
