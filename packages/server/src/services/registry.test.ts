import { expect, test } from 'vitest'
import { ServiceRegistry } from './registry.ts'
import type { StoredService } from './service.ts'

/** A registry over a list. */
function aRegistry() {
  const stored: StoredService[] = []
  const registry = new ServiceRegistry({
    store: {
      add: async (service) => void stored.push(service),
      find: async (id) => stored.find((service) => service.id === id),
      list: async () => stored,
      remove: async (id) => stored.some((service) => service.id === id),
    },
    now: () => 1000,
    onEvent: () => {},
  })
  return { registry, stored }
}

test('a service is recognised by its own secret, and by no other', async () => {
  const { registry } = aRegistry()
  const { service, secret } = await registry.create({ name: ' orders ', audience: 'https://api.example.com' })
  const other = await registry.create({ name: 'gateway' })
  expect(await registry.authenticate(service.id, secret)).toEqual({
    id: service.id,
    name: 'orders',
    audience: 'https://api.example.com',
    createdAt: 1000,
  })
  for (const wrong of ['', 'lks_', other.secret, `${secret} `, secret.slice(0, -1), secret.toUpperCase()]) {
    expect(await registry.authenticate(service.id, wrong)).toBeNull()
  }
  for (const id of ['', 'svc_unknown', `${service.id} `]) {
    expect(await registry.authenticate(id, secret)).toBeNull()
  }
})

test('each secret holds 256 random bits, of which only the SHA-256 is kept', async () => {
  const { registry, stored } = aRegistry()
  const secrets = await Promise.all(Array.from({ length: 50 }, () => registry.create({ name: 'x' })))
  expect(new Set(secrets.map(({ secret }) => secret)).size).toBe(50)
  expect(new Set(secrets.map(({ service }) => service.id)).size).toBe(50)
  for (const [i, { secret }] of secrets.entries()) {
    expect(Buffer.from(secret.slice(4), 'base64url')).toHaveLength(32)
    expect(stored[i]?.secretDigest).toHaveLength(32)
    expect(JSON.stringify(stored[i])).not.toContain(secret)
  }
})
