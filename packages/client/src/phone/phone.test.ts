import { describe, expect, test } from 'vitest'
import { createAuthClient } from '../native.ts'
import type { TokenStorage } from '../storage.ts'
import { ADA } from '../testing/browser.ts'
import { startContractService } from '../testing/contract-service.ts'
import { expoSecureStorage, keychainStorage } from './index.ts'
import { safeName } from './safe-name.ts'
import { startExpoDevice, startKeychainDevice } from './testing/devices.ts'

const KEY = 'latchkey:https://auth.example.com/a_b'

const storages: { [name: string]: () => { storage: TokenStorage; restart(): TokenStorage } } = {
  'Expo SecureStore': () => {
    const device = startExpoDevice()
    return { storage: expoSecureStorage(device), restart: () => expoSecureStorage(device) }
  },
  'React Native Keychain': () => {
    const device = startKeychainDevice()
    return { storage: keychainStorage(device), restart: () => keychainStorage(device) }
  },
}

for (const [name, start] of Object.entries(storages)) {
  describe(name, () => {
    test('what was stored is there when the app starts again, until it is removed', async () => {
      const { storage, restart } = start()
      expect(await storage.getItem(KEY)).toBeNull()
      await storage.setItem(KEY, '{"refreshToken":"rt"}')
      await storage.setItem(KEY, '{"refreshToken":"rt2"}')
      expect(await restart().getItem(KEY)).toBe('{"refreshToken":"rt2"}')

      await storage.removeItem(KEY)
      expect(await restart().getItem(KEY)).toBeNull()
      await storage.removeItem(KEY)
    })

    test('an app that was ended in the midst of its use is signed in when it starts again', async () => {
      const service = await startContractService()
      const { storage, restart } = start()
      const app = createAuthClient({ baseUrl: service.url, storage })
      await app.login(ADA)
      await app.refresh()

      const again = createAuthClient({ baseUrl: service.url, storage: restart() })
      await again.getAccessToken()
      expect(again.user?.email).toBe(ADA.email)
      await again.logout()
      expect(await createAuthClient({ baseUrl: service.url, storage: restart() }).getAccessToken()).toBeNull()
    })

    test('the sessions of two services are kept apart', async () => {
      const { storage } = start()
      const keys = [
        'latchkey:https://a.example',
        'latchkey:https://a.example/b',
        'latchkey:https_//a.example',
      ]
      for (const key of keys) await storage.setItem(key, key)
      for (const key of keys) expect(await storage.getItem(key)).toBe(key)
    })

    test('of changes made at once, the one that was asked for last stands', async () => {
      const { storage } = start()
      await Promise.all([storage.setItem(KEY, '1'), storage.removeItem(KEY), storage.setItem(KEY, '2')])
      expect(await storage.getItem(KEY)).toBe('2')
      const [, , found] = await Promise.all([
        storage.setItem(KEY, '3'),
        storage.removeItem(KEY),
        storage.getItem(KEY),
      ])
      expect(found).toBeNull()
    })
  })
}

test('the session stays on this phone, and can be read while it is locked, unless the app says otherwise', async () => {
  const [expo, keychain] = [startExpoDevice(), startKeychainDevice()]
  for (const storage of [expoSecureStorage(expo), keychainStorage(keychain)]) {
    await storage.setItem(KEY, 'a')
    await storage.getItem(KEY)
    await storage.removeItem(KEY)
  }
  expect(expo.calls.map(({ options }) => options)).toEqual(Array(3).fill({ keychainAccessible: 1 }))
  const service = safeName(KEY)
  expect(keychain.calls.map(({ options }) => options)).toEqual(
    Array(3).fill({ accessible: 'AccessibleAfterFirstUnlockThisDeviceOnly', service }),
  )

  await expoSecureStorage(expo, { keychainAccessible: 5, keychainService: 'mine' }).getItem(KEY)
  await keychainStorage(keychain, { accessible: 'AccessibleWhenUnlocked' }).getItem(KEY)
  expect(expo.calls.at(-1)?.options).toEqual({ keychainAccessible: 5, keychainService: 'mine' })
  expect(keychain.calls.at(-1)?.options).toEqual({ accessible: 'AccessibleWhenUnlocked', service })
})

test('a keychain that did not take a session, or still has it, is an error, and the next call is tried', async () => {
  const device = startKeychainDevice()
  const storage = keychainStorage(device)
  device.refuse()
  await expect(storage.setItem(KEY, 'a')).rejects.toThrow()
  await storage.setItem(KEY, 'b')
  device.refuse()
  await expect(storage.removeItem(KEY)).rejects.toThrow()
  expect(await storage.getItem(KEY)).toBe('b')
})

test('what the phone refuses is rejected with its own words', async () => {
  const storage = expoSecureStorage(startExpoDevice())
  await expect(storage.setItem(KEY, 'x'.repeat(2049))).rejects.toThrow('2048')
})

test('no two keys have the same name, and every name is of the characters that are allowed', () => {
  const keys = [
    'a_b',
    'a%5fb',
    'a_5fb',
    'a:b',
    'a_3ab',
    'a/b',
    'A:B',
    "!~*'()",
    'ä',
    'a b',
    '%',
    '_',
    '-',
    '.',
  ]
  const names = keys.map(safeName)
  expect(new Set(names).size).toBe(keys.length)
  for (const name of names) expect(name).toMatch(/^[\w.-]+$/)
  expect(safeName('latchkey:https://auth.example.com')).toBe('latchkey_3Ahttps_3A_2F_2Fauth.example.com')
})

test('without the library that it stands on, a storage says which import is missing', () => {
  expect(() => expoSecureStorage(undefined as never)).toThrow(/expo-secure-store/)
  expect(() => keychainStorage({} as never)).toThrow(/react-native-keychain/)
})
