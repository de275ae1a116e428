import { expect } from 'vitest'
import { browserTest, PASSWORD } from '../browser/chromium.ts'
import { startService } from '../support/service.ts'

const REFRESHES = 4

browserTest('a page sees every lost answer: the browser repeats none of them by itself', async (visit) => {
  const service = await startService({ LATCHKEY_REHEARSE: 'drop-refresh-answer=100%' })
  const page = await visit.context.newPage()
  await page.goto(`${service.url}/docs`)
  const outcomes = await page.evaluate(
    async ({ password, refreshes }) => {
      const headers = { 'content-type': 'application/json' }
      const body = JSON.stringify({ email: 'ada@example.com', password })
      await fetch('/auth/register', { method: 'POST', headers, body })
      const outcomes: string[] = []
      for (let i = 0; i < refreshes; i++) {
        // A connection that has served this one is what the browser would send the next one on.
        await (await fetch('/healthz')).text()
        const refresh = fetch('/auth/refresh', {
          method: 'POST',
          headers: { 'idempotency-key': crypto.randomUUID() },
        })
        outcomes.push(
          await refresh.then(
            () => 'answered',
            (error: Error) => error.name,
          ),
        )
      }
      return outcomes
    },
    { password: PASSWORD, refreshes: REFRESHES },
  )
  expect(outcomes).toEqual(Array(REFRESHES).fill('TypeError'))
  const metrics = await (await fetch(`${service.url}/metrics`)).text()
  expect(metrics).toContain(`latchkey_rehearsed_faults_total{fault="drop-refresh-answer"} ${REFRESHES}\n`)

  for (const complaint of visit.complaints)
    expect(complaint).toMatch(/net::ERR_(EMPTY_RESPONSE|CONNECTION_\w+)/)
  visit.complaints.length = 0
})
