import { expect, test } from 'vitest'
import { defaultPath } from './place.ts'

const HOME = '/home/ada'

test('the file is where the platform keeps what a program remembers', () => {
  const environment = {}
  expect(defaultPath('mytool', { platform: 'linux', environment, home: HOME })).toBe(
    '/home/ada/.local/state/mytool/latchkey/session.json',
  )
  expect(defaultPath('mytool', { platform: 'freebsd', environment, home: HOME })).toBe(
    '/home/ada/.local/state/mytool/latchkey/session.json',
  )
  expect(defaultPath('mytool', { platform: 'darwin', environment, home: '/Users/ada' })).toBe(
    '/Users/ada/Library/Application Support/mytool/latchkey/session.json',
  )
  expect(defaultPath('mytool', { platform: 'win32', environment, home: 'C:\\Users\\ada' })).toBe(
    'C:\\Users\\ada\\AppData\\Local\\mytool\\latchkey\\session.json',
  )
})

test('the user may have chosen another place for all programs', () => {
  const linux = { platform: 'linux', home: HOME }
  expect(defaultPath('mytool', { ...linux, environment: { XDG_STATE_HOME: '/data/state' } })).toBe(
    '/data/state/mytool/latchkey/session.json',
  )
  const windows = { platform: 'win32', home: 'C:\\Users\\ada' }
  expect(defaultPath('mytool', { ...windows, environment: { LOCALAPPDATA: 'D:\\local' } })).toBe(
    'D:\\local\\mytool\\latchkey\\session.json',
  )
})

test('a place that depends on the current folder is none', () => {
  for (const XDG_STATE_HOME of ['', 'state', './state']) {
    expect(defaultPath('mytool', { platform: 'linux', environment: { XDG_STATE_HOME }, home: HOME })).toBe(
      '/home/ada/.local/state/mytool/latchkey/session.json',
    )
  }
})
