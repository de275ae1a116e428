import { randomBytes } from 'node:crypto'
import { expect, test } from 'vitest'
import type { StoredService } from '../../services/service.ts'
import { OPENED } from '../../sessions/testing/sessions.ts'
import { type OpenWorld, YEAR_2106 } from './world.ts'

export function aService(facts: Partial<StoredService> = {}): StoredService {
  return {
    id: `svc_${randomBytes(12).toString('base64url')}`,
    name: 'orders',
    secretDigest: randomBytes(32),
    audience: null,
    createdAt: OPENED,
    ...facts,
  }
}

export function describeServices(openWorld: OpenWorld): void {
  test('services are kept as they were given, and are listed the oldest first', async () => {
    const world = await openWorld()
    const later = aService({ createdAt: YEAR_2106, name: 'Zürich — "orders"; drop table services' })
    const sooner = aService({ audience: 'https://api.example.com' })
    await world.services.add(later)
    await world.services.add(sooner)
    const elsewhere = await world.openAgain()
    expect((await elsewhere.services.list()).map(sameBytes)).toEqual([sooner, later])
    expect(sameBytes(await elsewhere.services.find(later.id))).toEqual(later)
  })

  test('an id is found only by its exact spelling', async () => {
    const { services } = await openWorld()
    const service = aService({ id: 'svc_abcDEF' })
    await services.add(service)
    for (const id of ['svc_abcdef', 'svc_abcDEF ', 'svc_%', '', 'orders', 'svc_abcDE']) {
      expect(await services.find(id), id).toBeUndefined()
      expect(await services.remove(id), id).toBe(false)
    }
    expect(await services.list()).toHaveLength(1)
  })

  test('a service that is removed is gone for everybody, and the others stay', async () => {
    const world = await openWorld()
    const elsewhere = await world.openAgain()
    const [gone, kept] = [aService(), aService()]
    await world.services.add(gone)
    await world.services.add(kept)
    expect(await elsewhere.services.remove(gone.id)).toBe(true)
    expect(await world.services.find(gone.id)).toBeUndefined()
    expect((await world.services.list()).map(({ id }) => id)).toEqual([kept.id])
    expect(await world.services.remove(gone.id), 'only once').toBe(false)
  })
}

function sameBytes(service: StoredService | undefined) {
  return service === undefined ? undefined : { ...service, secretDigest: Buffer.from(service.secretDigest) }
}
