import { expect, test } from 'vitest'
import type { Call } from '../calls/journal.ts'
import { layOut } from './layout.ts'
import { spoken, toRow } from './rows.ts'

const refresh: Call = { method: 'POST', path: '/auth/refresh', callee: 'service', credential: 'cookie' }
const time: Call = { method: 'GET', path: '/dev/api/time', callee: 'api', credential: 'bearer' }

test('a call is an arrow from the browser, and says what it carries', () => {
  const row = toRow({ id: 1, kind: 'request', call: refresh, isRepeat: false })
  expect(row).toMatchObject({ from: 'browser', to: 'service', label: 'POST /auth/refresh', tone: 'request' })
  expect(row).toMatchObject({ detail: { isSealed: true } })
})

test('an answer is an arrow back, with its status and error code', () => {
  const row = toRow({ id: 1, kind: 'answer', call: time, status: 401, error: 'TOKEN_EXPIRED' })
  expect(row).toMatchObject({ from: 'api', to: 'browser', label: '401 TOKEN_EXPIRED', tone: 'refused' })
})

test('a repeated call and an answer that never came are told apart', () => {
  expect(spoken(toRow({ id: 1, kind: 'request', call: time, isRepeat: true }))).toMatch('again: GET')
  expect(toRow({ id: 1, kind: 'no answer', call: time })).toMatchObject({ isLost: true, label: 'no answer' })
})

test('the id of a session is not spelt out', () => {
  const call: Call = { ...refresh, method: 'DELETE', path: '/auth/sessions/0123456789abcdef' }
  expect(toRow({ id: 1, kind: 'request', call, isRepeat: false }).label).toBe('DELETE /auth/sessions/012345…')
})

test('rows follow each other downwards and stay inside the drawing, however narrow', () => {
  const rows = [1, 2, 3].map((id) => toRow({ id, kind: 'request', call: refresh, isRepeat: false }))
  for (const width of [300, 1200]) {
    const { places, height, x } = layOut(rows, width, true)
    const heights = [0, ...places.map(({ y }) => y), height]
    expect(heights).toEqual(heights.toSorted((a, b) => a - b))
    expect(x.browser).toBeGreaterThan(0)
    expect(x.browser < x.service && x.service < x.api && x.api < width).toBe(true)
  }
})
