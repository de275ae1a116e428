import { expect, test } from 'vitest'
import type { AuthError } from '../errors.ts'
import { checkNativeOrigin, checkOrigin, corsHeaders, preflightHeaders } from './origin.ts'

const settings = {
  url: 'https://auth.example.com',
  trustedOrigins: ['https://app.example.com'],
  nativeOrigins: ['capacitor://localhost'],
}

function isRefused(check: () => void): boolean {
  try {
    check()
    return false
  } catch (error) {
    expect((error as AuthError).code).toBe('ORIGIN_FORBIDDEN')
    return true
  }
}

/** [Origin, Sec-Fetch-Site, whether a request that changes state is let in] */
const REQUESTS: [origin: string | null, site: string | null, welcome: boolean][] = [
  [null, null, true],
  [null, 'same-origin', true],
  [null, 'none', true],
  [null, 'same-site', false],
  [null, 'cross-site', false],
  [null, '', false],
  ['https://auth.example.com', null, true],
  ['https://auth.example.com', 'same-origin', true],
  ['https://app.example.com', 'same-site', true],
  ['https://app.example.com', 'cross-site', true],
  ['capacitor://localhost', 'cross-site', true],
  ['null', null, false],
  ['null', 'same-origin', false],
  ['', 'same-origin', false],
  ['https://evil.example', 'same-origin', false],
  ['https://auth.example.com.evil.example', null, false],
  ['http://auth.example.com', null, false],
]

test('a request that changes state is let in by its Origin, or else by its Sec-Fetch-Site', () => {
  for (const [origin, site, welcome] of REQUESTS) {
    const headers = new Headers()
    if (origin !== null) headers.set('origin', origin)
    if (site !== null) headers.set('sec-fetch-site', site)
    for (const method of ['POST', 'DELETE', 'PUT', 'PATCH', 'FOO']) {
      const refused = isRefused(() => checkOrigin(method, headers, settings))
      expect(refused, `${method} ${origin} ${site}`).toBe(!welcome)
    }
    for (const method of ['GET', 'HEAD', 'OPTIONS']) {
      expect(
        isRefused(() => checkOrigin(method, headers, settings)),
        `${method} ${origin}`,
      ).toBe(false)
    }
  }
})

test('only a program and the shell of an app may open a native session, not our own page either', () => {
  const refuses = (origin: string | null) =>
    isRefused(() => checkNativeOrigin(new Headers(origin === null ? {} : { origin }), settings))
  expect(refuses(null)).toBe(false)
  expect(refuses('capacitor://localhost')).toBe(false)
  for (const origin of [settings.url, 'https://app.example.com', 'null', '', 'capacitor://localhost/']) {
    expect(refuses(origin), origin).toBe(true)
  }
})

test('CC-09: our own page needs no CORS, a listed one is named, everybody else hears nothing', () => {
  const named = corsHeaders(new Headers({ origin: 'https://app.example.com' }), settings)
  expect(named).toMatchObject({
    'access-control-allow-origin': 'https://app.example.com',
    'access-control-allow-credentials': 'true',
    vary: 'Origin',
  })
  for (const origin of [settings.url, 'https://evil.example', 'null', '']) {
    expect(corsHeaders(new Headers({ origin }), settings), origin).toEqual({ vary: 'Origin' })
    expect(preflightHeaders(new Headers({ origin }), 'POST, OPTIONS', settings), origin).toEqual({
      vary: 'Origin',
    })
  }
  expect(corsHeaders(new Headers(), settings)).toEqual({ vary: 'Origin' })
})
