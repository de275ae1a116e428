import { prerender } from 'react-dom/static'
import { createAuthClient } from '../../index.ts'
import { App, type AppProps } from './app.tsx'

/** The app's markup as a server sends it, the late part included. */
export async function renderApp(props: Omit<AppProps, 'client' | 'other'>): Promise<string> {
  const client = createAuthClient({ baseUrl: 'http://localhost' })
  const { prelude } = await prerender(<App client={client} {...props} />)
  return new Response(prelude).text()
}
