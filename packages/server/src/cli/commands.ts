import { ConfigError } from '../errors.ts'
import { createProgress } from './progress.ts'
import type { Settings } from './settings.ts'
import { optionsOf, print, withService } from './with-service.ts'

/** `latchkey keys list` */
export async function listKeys(settings: Settings): Promise<void> {
  await withService(settings, async ({ keys }) => {
    for (const { kid, algorithm, phase, activeFrom } of keys.list()) {
      print(`${kid}  ${algorithm}  ${phase.padEnd(8)}  signs from ${new Date(activeFrom).toISOString()}`)
    }
  })
}

/** `latchkey keys rotate` */
export async function rotateKeys(settings: Settings, { emergency }: { emergency: boolean }): Promise<void> {
  await withService(settings, async ({ keys }) => {
    if (emergency) {
      await keys.replaceAll()
      print('A new key signs, and all others are gone with every access token that they signed.')
      print(
        'Running services, and verifiers that hear their feed, follow within a second; others within 10 minutes.',
      )
      return
    }
    const from = await keys.rotate()
    print(`The next key is published. It signs from ${from.toISOString()}, when every verifier knows it.`)
  })
}

/** `latchkey sessions revoke --before TIME` */
export async function revokeSessions(settings: Settings, before: string): Promise<void> {
  const instant = new Date(before)
  if (Number.isNaN(instant.getTime())) {
    throw new ConfigError([
      { setting: '--before', problem: 'is not a time: write it as 2026-01-31T12:00:00Z' },
    ])
  }
  await withService(settings, async ({ sessions }) => {
    const progress = createProgress('sessions ended')
    const ended = await sessions
      .revokeOpenedBefore(instant, { onProgress: ({ count, done }) => progress.update(count, done) })
      .finally(progress.end)
    print(`${ended} ${ended === 1 ? 'session' : 'sessions'} opened before ${instant.toISOString()} ended.`)
  })
}

/** `latchkey services add NAME` */
export async function addService(
  settings: Settings,
  name: string,
  audience: string | undefined,
): Promise<void> {
  await withService(settings, async ({ services }) => {
    const { id, secret } = await services.create({ name, ...(audience === undefined ? {} : { audience }) })
    print(`client id      ${id}`)
    print(`client secret  ${secret}`)
    print('Keep the secret now: only its digest is stored, and nothing can show it again.')
  })
  const { url, audience: named = url } = optionsOf(settings)
  if (audience !== undefined && ![named].flat().includes(audience)) {
    print(
      `No access token names ${audience} yet: add it to LATCHKEY_AUDIENCE, or introspection calls every token inactive.`,
    )
  }
}

/** `latchkey services list` */
export async function listServices(settings: Settings): Promise<void> {
  await withService(settings, async ({ services }) => {
    for (const { id, name, audience, createdAt } of await services.list()) {
      print(`${id}  since ${createdAt.toISOString()}  for ${audience ?? 'every audience'}  ${name}`)
    }
  })
}

/** `latchkey services remove ID` */
export async function removeService(settings: Settings, id: string): Promise<void> {
  await withService(settings, async ({ services }) => {
    await services.remove(id)
    print(`${id} is removed: its credentials are refused from now on.`)
  })
}
