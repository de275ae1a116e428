import { Counter, Gauge, Histogram, Registry } from 'prom-client'
import { expect, test } from 'vitest'
import { WorkerMetrics } from './worker-metrics.ts'

/** What one worker has counted. */
async function worker({ refreshes, waiting }: { refreshes: number; waiting: number }) {
  const registry = new Registry()
  const registers = [registry]
  new Counter({ name: 'refreshes_total', help: 'Refreshes', labelNames: ['outcome'], registers }).inc(
    { outcome: 'ok' },
    refreshes,
  )
  new Gauge({ name: 'waiting', help: 'Who waits', registers }).set(waiting)
  new Histogram({ name: 'delay_seconds', help: 'Delays', buckets: [1], registers }).observe(0.5)
  return await registry.getMetricsAsJSON()
}

async function samples(metrics: WorkerMetrics): Promise<Record<string, number>> {
  const lines = (await metrics.text()).split('\n').filter((line) => line !== '' && !line.startsWith('#'))
  return Object.fromEntries(
    lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.split(' ').at(-1))]),
  )
}

test('what the workers have counted is shown as one sum', async () => {
  const metrics = new WorkerMetrics()
  metrics.counted(1, await worker({ refreshes: 5, waiting: 1 }))
  metrics.counted(2, await worker({ refreshes: 7, waiting: 2 }))
  expect(await samples(metrics)).toMatchObject({
    'refreshes_total{outcome="ok"}': 12,
    waiting: 3,
    'delay_seconds_bucket{le="1"}': 2,
    delay_seconds_count: 2,
  })
})

test('when a worker has ended, what it had counted stays counted, and what it had waiting does not wait', async () => {
  const metrics = new WorkerMetrics()
  metrics.counted(1, await worker({ refreshes: 5, waiting: 1 }))
  metrics.counted(2, await worker({ refreshes: 7, waiting: 2 }))
  metrics.ended(1)
  metrics.ended(2)
  metrics.counted(3, await worker({ refreshes: 1, waiting: 4 }))
  expect(await samples(metrics)).toMatchObject({
    'refreshes_total{outcome="ok"}': 13,
    waiting: 4,
    delay_seconds_count: 3,
  })
})
