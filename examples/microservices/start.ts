// Starts what would be four deployments: the Latchkey service, a gateway, and two APIs behind it.
// `npm start --prefix examples/microservices`; PORT is the gateway's, 4000 unless it says otherwise. Ctrl-C stops all.

import { unusedPort } from '../shared/port.ts'
import { stopSignal } from '../shared/stop.ts'
import { startPart, startService, stopAll } from './program.ts'
import { register } from './register.ts'

const stopAsked = stopSignal()
try {
  await Promise.race([stopAsked, start()])
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n`)
  process.exitCode = 1
}
await stopAll()
process.exit()

/** Rejects when a part could not start, or ended by itself. */
async function start(): Promise<void> {
  // The gateway's address comes first: it is the service's public origin, and the only one that browsers know.
  const port = await unusedPort(Number(process.env.PORT ?? 4000))
  const issuer = `http://localhost:${port}`
  const forService = {
    LATCHKEY_LOG_LEVEL: process.env.LATCHKEY_LOG_LEVEL ?? 'warn',
    PORT: '0',
    LATCHKEY_URL: issuer,
    LATCHKEY_TRUST_PROXY: '127.0.0.1',
  }
  const service = await startService(forService)

  const forParts = { PORT: '0', ISSUER: issuer, SERVICE_URL: service.url }
  const [asGateway, asOrders, asStock] = await register(['gateway', 'orders', 'stock'], forService)
  const [orders, stock] = await Promise.all([
    startPart('orders', { ...forParts, ...asOrders }),
    startPart('stock', { ...forParts, ...asStock }),
  ])
  const gateway = await startPart('gateway', {
    ...forParts,
    ...asGateway,
    PORT: String(port),
    ORDERS_URL: orders.url,
    STOCK_URL: stock.url,
  })

  process.stdout.write(
    `Open ${gateway.url} and sign up. Behind it: the service on ${service.url}, orders on ${orders.url}, stock on ${stock.url}.\n`,
  )
  const ended = await Promise.race([gateway, orders, stock, service].map((program) => program.ended))
  throw new Error(`One of the parts ended by itself: ${ended}`)
}
