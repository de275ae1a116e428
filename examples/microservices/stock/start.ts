// Another API, in Fastify. The hook answers before a body would be read.

import { protect } from '@latchkey/verifier/fastify'
import fastify from 'fastify'
import { openVerifier, run } from '../part.ts'

const verifier = openVerifier()
const app = fastify()

app.get('/stock', { onRequest: protect(verifier) }, async () => [
  { item: 'Lamps', left: 7 },
  { item: 'Rope, in metres', left: 310 },
])

await app.ready()
await run(app.server, verifier)
