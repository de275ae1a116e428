// An API in Express. It trusts no gateway: each token is verified here, too.

import { createServer } from 'node:http'
import { claimsOf, protect } from '@latchkey/verifier/express'
import express from 'express'
import { openVerifier, run } from '../part.ts'

const verifier = openVerifier()
const app = express()

app.get('/orders', protect(verifier), (request, response) => {
  const { sub } = claimsOf(request)
  response.json([
    { item: 'A lamp for the harbour', price: 48, orderedBy: sub },
    { item: 'Two metres of rope', price: 12, orderedBy: sub },
  ])
})

await run(createServer(app), verifier)
