import { expect, onTestFinished, test, vi } from 'vitest'
import { createAuthClient } from './index.ts'

vi.mock('./stand-ins.ts', () => {
  throw new TypeError('Failed to fetch dynamically imported module')
})

test('a page without Web Locks whose stand-ins cannot be loaded, since a new release is out, works all the same', async () => {
  vi.stubGlobal('location', new URL('http://192.168.0.7/'))
  vi.stubGlobal('navigator', {})
  vi.stubGlobal('addEventListener', () => undefined)
  onTestFinished(() => void vi.unstubAllGlobals())
  const client = createAuthClient({
    fetch: async () => Response.json({ error: 'REFRESH_MISSING' }, { status: 401 }),
  })
  expect(await client.getAccessToken()).toBeNull()
  expect(client.status).toBe('signed-out')
})
