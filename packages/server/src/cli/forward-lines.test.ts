import { PassThrough } from 'node:stream'
import { expect, test } from 'vitest'
import { forwardLines } from './forward-lines.ts'

test('what two write bit by bit to one place comes out in whole lines', () => {
  const [one, other, out] = [new PassThrough(), new PassThrough(), new PassThrough({ encoding: 'utf8' })]
  forwardLines(one, out)
  forwardLines(other, out)
  one.write('first ')
  other.write('second\nthi')
  one.write('line\n')
  // Half a letter, and then the other half.
  const letter = Buffer.from('é')
  other.write(letter.subarray(0, 1))
  other.write(letter.subarray(1))
  other.write('rd\n')
  expect(out.read()).toBe('second\nfirst line\nthiérd\n')
})

test('the last words of somebody who was killed in the middle of a line are a line too', async () => {
  const [killed, out] = [new PassThrough(), new PassThrough({ encoding: 'utf8' })]
  forwardLines(killed, out)
  killed.end('Out of mem')
  await expect.poll(() => out.read()).toBe('Out of mem\n')
})
