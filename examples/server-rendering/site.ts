import { createServerAuth, type Peer, type ServerVisit } from '@latchkey/client/server'
import { pageOf, signInPage, tryAgainPage } from './pages.ts'

export interface SiteOptions {
  serviceUrl: string
  apiUrl: string
  /** The page's own script and style, by path. */
  files: ReadonlyMap<string, { type: string; text: string }>
}

/** The rendering host: /auth/* goes on to the service, and every page is made for the user who asks for it. */
export function createSite({ serviceUrl, apiUrl, files }: SiteOptions) {
  const auth = createServerAuth({ serviceUrl, origins: [apiUrl] })

  return async (request: Request, peer: Peer): Promise<Response> => {
    const { pathname } = new URL(request.url)
    if (/^\/(auth|\.well-known)\//.test(pathname)) return await auth.handle(request, peer)
    const file = files.get(pathname)
    if (file !== undefined) return new Response(file.text, { headers: { 'content-type': file.type } })
    if (pathname !== '/' && pathname !== '/orders') return new Response('Not found', { status: 404 })

    const visit = auth.open(request, peer)
    const { html, status } = await render(pathname, visit)
    // Last: by now the visit knows which cookies the browser has to get.
    const headers = visit.headers()
    headers.set('content-type', 'text/html; charset=utf-8')
    headers.set(
      'content-security-policy',
      "default-src 'self'; img-src data:; base-uri 'none'; frame-ancestors 'none'",
    )
    return new Response(html, { status, headers })
  }

  async function render(path: string, visit: ServerVisit) {
    try {
      // Each of them wants the token. However many there are, the visit refreshes once.
      const [me, orders, profile] = await Promise.all([
        load(visit, '/auth/me'),
        load(visit, `${apiUrl}/orders`),
        load(visit, `${apiUrl}/profile`),
      ])
      const isSignedIn = me !== null && orders !== null && profile !== null
      return { status: 200, html: isSignedIn ? pageOf(path, me, orders, profile) : signInPage() }
    } catch {
      // The service or the API is away. That signs nobody out: the cookies are as they were.
      return { status: 503, html: tryAgainPage() }
    }
  }
}

/** What a loader does: `null` means signed out, and everything else that is not an answer is an error. */
async function load(visit: ServerVisit, url: string) {
  const response = await visit.fetch(url)
  if (response.status === 401) return null
  if (!response.ok) throw new Error(`${url} answered ${response.status}`)
  return await response.json()
}
