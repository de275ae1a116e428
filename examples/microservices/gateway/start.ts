import type { Server } from 'node:http'
import { createAdaptorServer } from '@hono/node-server'
import { openVerifier, run, setting } from '../part.ts'
import { createGateway } from './app.ts'
import { bundle } from './bundle.ts'

const verifier = openVerifier()
const app = createGateway({
  verifier,
  serviceUrl: setting('SERVICE_URL'),
  ordersUrl: setting('ORDERS_URL'),
  stockUrl: setting('STOCK_URL'),
  files: await bundle(),
})

await run(createAdaptorServer({ fetch: app.fetch }) as Server, verifier)
