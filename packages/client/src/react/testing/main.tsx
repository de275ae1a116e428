// The app in the page. What the tests look at lies on `window`.

import { StrictMode } from 'react'
import { createRoot, hydrateRoot } from 'react-dom/client'
import { type AuthClient, createAuthClient } from '../../index.ts'
import { App, type AppProps, work } from './app.tsx'

const listeners = { count: 0 }
const client = counted(createAuthClient())
const other = counted(createAuthClient({ baseUrl: `${location.origin}/elsewhere` }))
const given: Pick<AppProps, 'scene' | 'initialUser'> = JSON.parse(document.body.dataset.props!)
// Around everything: React runs the effects of a first rendering twice only there.
const app = (
  <StrictMode>
    <App client={client} other={other} {...given} />
  </StrictMode>
)
const element = document.querySelector('main')!
const root = element.hasChildNodes() ? hydrateRoot(element, app) : createRoot(element)
if (!element.hasChildNodes()) root.render(app)

Object.assign(window, { client, listeners, root, work })

function counted(client: AuthClient): AuthClient {
  return {
    ...client,
    get state() {
      return client.state
    },
    subscribe(listener) {
      listeners.count++
      const stop = client.subscribe(listener)
      return () => {
        listeners.count--
        stop()
      }
    },
  }
}
