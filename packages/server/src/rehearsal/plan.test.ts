import { expect, test } from 'vitest'
import { NAMES } from './faults.ts'
import { parsePlan } from './plan.ts'

function planOf(text: string) {
  const { plan, problems } = parsePlan(text)
  expect(problems).toEqual([])
  return plan
}

test('a list names faults, each with its value', () => {
  expect(planOf('drop-refresh-answer=10%, delay=200-2000ms,clock=+1h,seed=42')).toEqual({
    stops: [{ fault: 'drop-refresh-answer', when: { share: 0.1 } }],
    delays: [{ fault: 'delay', leastMs: 200, mostMs: 2000 }],
    clockOffsetMs: 3_600_000,
    seed: 42,
    items: [
      { name: 'drop-refresh-answer', text: 'drop-refresh-answer=10%' },
      { name: 'delay', text: 'delay=200-2000ms' },
      { name: 'clock', text: 'clock=+1h' },
      { name: 'seed', text: 'seed=42' },
    ],
  })
})

test('a config file may give the items as a list', () => {
  expect(parsePlan(['delay=1s', 'portal=1%']).plan).toEqual(planOf('delay=1s,portal=1%'))
})

test('a share has decimals, a spell two durations', () => {
  const when = (text: string) => planOf(`unavailable=${text}`).stops[0]?.when
  expect(when('0%')).toEqual({ share: 0 })
  expect(when('0.5%')).toEqual({ share: 0.005 })
  expect(when('100%')).toEqual({ share: 1 })
  expect(when('10s/60s')).toEqual({ forMs: 10_000, everyMs: 60_000 })
  expect(when('10s/1m')).toEqual({ forMs: 10_000, everyMs: 60_000 })
  expect(when('10/60s')).toEqual({ forMs: 10_000, everyMs: 60_000 })
})

test('a time is a duration or a range, whose first unit may be left out', () => {
  const range = (text: string) => {
    const [delay] = planOf(`delay=${text}`).delays
    return [delay?.leastMs, delay?.mostMs]
  }
  expect(range('500ms')).toEqual([500, 500])
  expect(range('0.5s')).toEqual([500, 500])
  expect(range('1-5s')).toEqual([1000, 5000])
  expect(range('500ms-2s')).toEqual([500, 2000])
  expect(range('1m-1h')).toEqual([60_000, 3_600_000])
})

test('an offset has a sign', () => {
  expect(planOf('clock=-30m').clockOffsetMs).toBe(-1_800_000)
  expect(planOf('clock=+24h').clockOffsetMs).toBe(86_400_000)
})

test('of several faults, a request meets first what comes first on its way', () => {
  const plan = planOf('drop-refresh-answer=1%,unavailable=1%,rate-limit=1%,portal=1%,drop-request=1%')
  expect(plan.stops.map(({ fault }) => fault)).toEqual([
    'drop-request',
    'portal',
    'rate-limit',
    'unavailable',
    'drop-refresh-answer',
  ])
})

test('what cannot be read is named, with what would be accepted', () => {
  const share =
    'a share of the requests such as 10%, or a spell such as 10s/60s for the first 10 s of every 60 s'
  const time = 'a time such as 500ms or 2s, or a range such as 200-2000ms, up to 1h'
  const offset = 'a sign and a time such as +1h or -30m, up to 24h'
  const wrong: Record<string, string> = {}
  for (const value of ['', '10', '101%', '-1%', 'ten%', '%', '1e1%', '60s/10s', '0s/10s', '10s', '1s/2s/3s'])
    wrong[`drop-answer=${value}`] = `drop-answer takes ${share}`
  for (const value of ['', '5', '10%', '2s-1s', '2s-', '-2s', '61m', '1-2-3s', '1 s', '1d', 'Infinitys'])
    wrong[`delay=${value}`] = `delay takes ${time}`
  for (const value of ['', '1h', '+1', '+', '+25h', '-24.1h', '+-1h'])
    wrong[`clock=${value}`] = `clock takes ${offset}`
  for (const value of ['', '-1', '1.5', 'x', '1e3'])
    wrong[`seed=${value}`] = 'seed takes a whole number such as 42'
  for (const item of ['drop=1%', 'Delay=1s', 'constructor=1%', '=1%'])
    wrong[item] = `there is no such fault. There are ${NAMES.join(', ')}`
  wrong.portal = `portal takes ${share}`

  for (const [item, problem] of Object.entries(wrong)) {
    expect(parsePlan(item).problems, item).toEqual([`${item}: ${problem}`])
  }
})

test('everything that is wrong is listed at once', () => {
  const { problems } = parsePlan('delay=1,delay=1s,delay=2s,nonsense,portal=1%')
  expect(problems.map((problem) => problem.slice(0, problem.indexOf(':')))).toEqual([
    'delay=1',
    'delay=1s',
    'delay=2s',
    'nonsense',
  ])
})

test('a list without a fault is a mistake', () => {
  for (const given of ['', ' , ', 'seed=1', []]) {
    expect(parsePlan(given).problems, String(given)).toEqual([
      expect.stringMatching(/^names no fault\. There are drop-/),
    ])
  }
  for (const given of [null, true, 7, {}]) expect(parsePlan(given).problems, String(given)).toHaveLength(1)
})
