import cluster from 'node:cluster'
import { StoreUnavailableError } from '../errors.ts'
import type { SiblingQuestion } from '../siblings.ts'
import { Line } from './line.ts'
import { createLogger } from './logger.ts'
import { type RunningServer, startServer } from './server.ts'
import type { Settings } from './settings.ts'
import { stopSignal } from './stop-signal.ts'
import { hashingShare } from './worker-count.ts'
import { STOP, WORKER_PORT, type WorkerNews } from './worker-words.ts'

/** Serves as one of several processes of a port, until the primary or a signal says to stop. */
export async function serveAsWorker(settings: Settings, workers: number): Promise<void> {
  const told = Promise.withResolvers<void>()
  // Ctrl-C reaches every process of a terminal, and the primary says it once more: it is one stop.
  const stopAsked = Promise.race([stopSignal(), told.promise])
  let server: RunningServer | undefined
  const primary = new Line(process, {
    heard: (news) => {
      if (news === STOP) told.resolve()
    },
    answer: async (question) => {
      if (server === undefined) throw new Error('the service is not open yet')
      return await server.answerSibling(question as SiblingQuestion)
    },
  })
  const ask = (question: SiblingQuestion) => primary.ask(question)
  const tell = (news: WorkerNews) => primary.tell(news)
  try {
    const logger = createLogger(settings.options.logLevel ?? 'info')
    const starting = startServer(share(settings, workers), {
      logger,
      siblings: {
        metrics: async () => String(await ask({ topic: 'metrics' })),
        cameBeforeAnswer: async (question) => (await ask({ topic: 'arrival', ...question })) === true,
      },
    })
    server = (await Promise.race([starting, stopAsked])) ?? undefined
    if (server === undefined) process.exit()
    server.open(server.fetch)
    // All workers find the same.
    if (cluster.worker?.id === 1) for (const notice of server.notices) logger.warn(notice)
    tell({ kind: 'serves', address: server.address })
    await stopAsked
    await server.stop()
  } catch (error) {
    if (error instanceof StoreUnavailableError) tell({ kind: 'store-is-away' })
    throw error
  }
}

function share(settings: Settings, workers: number): Settings {
  const { passwordHashing, ...options } = settings.options
  return {
    ...settings,
    options: {
      ...options,
      port: Number(process.env[WORKER_PORT]),
      passwordHashing: { ...passwordHashing, ...hashingShare(passwordHashing ?? {}, workers) },
    },
  }
}
