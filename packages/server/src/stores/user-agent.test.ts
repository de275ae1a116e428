import { expect, test } from 'vitest'
import { compactUserAgent, fullUserAgent } from './user-agent.ts'

const AGENTS = [
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36',
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36 Edg/131.0.0.0',
  'Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Mobile Safari/537.36',
  'Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Mobile/15E148 Safari/604.1',
  'Mozilla/5.0 (X11; Linux x86_64; rv:133.0) Gecko/20100101 Firefox/133.0',
]

test.each(AGENTS)('%s takes a third of its length at most, and comes back as it was', (agent) => {
  expect(compactUserAgent(agent).length).toBeLessThan(agent.length / 3)
  expect(fullUserAgent(compactUserAgent(agent))).toBe(agent)
})

test.each(['', 'curl/8.7.1', 'ünï¢ode\tand a tab', 'x'.repeat(512), 'Mozilla/5.0 (Mozilla/5.0 (Edg/ OPR/'])(
  'any other text comes back as it was: %j',
  (text) => {
    expect(fullUserAgent(compactUserAgent(text))).toBe(text)
  },
)

test('a text of before, with all its words, is read as it is', () => {
  expect(fullUserAgent(AGENTS[0]!)).toBe(AGENTS[0])
})

test('control characters, which no header can hold, stand for nothing', () => {
  expect(fullUserAgent(compactUserAgent('a\u0001b\u001fc'))).toBe('abc')
})
