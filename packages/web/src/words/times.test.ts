import { expect, test } from 'vitest'
import { countdown } from './times.ts'

test('a countdown never shows less than nothing, and no zero before the end', () => {
  expect([899.2, 3, 0.1, 0, -5].map(countdown)).toEqual(['15:00', '0:03', '0:01', '0:00', '0:00'])
})
