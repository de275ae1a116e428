/** As much of `fetch` as is used here. */
export type FetchLike = (url: string, init: FetchInit) => Promise<Response>

export interface FetchInit {
  /** @default 'GET' */
  method?: 'POST'
  headers: Record<string, string>
  body?: string
  redirect: 'manual'
  signal: AbortSignal
}

const MAX_BYTES = 262_144

/**
 * Gets one JSON document within `timeoutSeconds`, body included. Only a 200 of at most 256 KiB counts: a redirect would let the
 * answer come from a place that nobody configured.
 */
export async function fetchJson(
  fetch: FetchLike,
  url: string,
  timeoutSeconds: number,
  request: Partial<Pick<FetchInit, 'method' | 'headers' | 'body'>> = {},
): Promise<unknown> {
  const signal = AbortSignal.timeout(timeoutSeconds * 1000)
  let giveUp = () => {}
  const timedOut = new Promise<never>((_, reject) => {
    giveUp = () => reject(signal.reason)
  })
  signal.addEventListener('abort', giveUp)
  try {
    return await Promise.race([
      load(fetch, url, {
        ...request,
        headers: { accept: 'application/json', ...request.headers },
        redirect: 'manual',
        signal,
      }),
      timedOut,
    ])
  } finally {
    // While somebody listens, Deno keeps the process alive until the time is over.
    signal.removeEventListener('abort', giveUp)
  }
}

async function load(fetch: FetchLike, url: string, init: FetchInit): Promise<unknown> {
  const response = await fetch(url, init)
  if (response.status !== 200) {
    await response.body?.cancel()
    throw new Error(`the status must be 200, and was ${response.status}`)
  }
  return JSON.parse(new TextDecoder().decode(await readBody(response)))
}

async function readBody(response: Response): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  let size = 0
  for (const reader = response.body?.getReader(); reader; ) {
    const { done, value } = await reader.read()
    if (done) break
    size += value.length
    if (size > MAX_BYTES) {
      await reader.cancel()
      throw new Error('the answer must have at most 256 KiB')
    }
    chunks.push(value)
  }

  const body = new Uint8Array(size)
  let end = 0
  for (const chunk of chunks) {
    body.set(chunk, end)
    end += chunk.length
  }
  return body
}
