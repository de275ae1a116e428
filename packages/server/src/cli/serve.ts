import cluster from 'node:cluster'
import { checkedAuthOptions, DEFAULT_PORT } from './options.ts'
import type { Settings } from './settings.ts'
import { workerCount } from './worker-count.ts'

/**
 * Runs the service until a signal stops it: in this process, or in workers that this process looks after. Rejects with
 * `ConfigError` or `StoreUnavailableError`.
 */
export async function serve(settings: Settings): Promise<void> {
  // What is wrong is said once, and the development secret made once, before there are workers.
  checkedAuthOptions(settings, settings.options.port ?? DEFAULT_PORT)
  const workers = workerCount(settings.options.workers)
  if (workers === 1) {
    const { serveAlone } = await import('./serve-alone.ts')
    await serveAlone(settings)
  } else if (cluster.isPrimary) {
    const { serveWithWorkers } = await import('./workers.ts')
    await serveWithWorkers(settings, workers)
  } else {
    const { serveAsWorker } = await import('./worker.ts')
    await serveAsWorker(settings, workers)
  }
}
