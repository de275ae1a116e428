import { PhoneAbortController, type PhoneAbortSignal } from './abort.ts'

/** What lies between the phone and the service. */
export interface Network {
  /** What has reached the service and was answered, in that order. */
  arrived: { path: string; idempotencyKey: string | null }[]
  /** What becomes of answers on their way back: the connection may break, or be silent for ever. */
  answers: 'delivered' | 'lost' | 'held'
}

interface RequestOptions {
  method?: string
  headers?: HeadersInit
  body?: string | null
  credentials?: string
  signal?: PhoneAbortSignal
}

/** No `body`: React Native has no streams. It knows neither of `keepalive`, nor of `redirect` and `cache`. */
class PhoneBody {
  bodyUsed = false
  protected readonly content: string

  constructor(content: string) {
    this.content = content
  }

  async text(): Promise<string> {
    if (this.bodyUsed) throw new TypeError('Already read')
    this.bodyUsed = true
    return this.content
  }

  async json(): Promise<unknown> {
    return JSON.parse(await this.text())
  }
}

export class PhoneRequest extends PhoneBody {
  readonly url: string
  readonly method: string
  readonly headers: Headers
  readonly credentials: string
  readonly signal: PhoneAbortSignal

  constructor(input: string | URL | PhoneRequest, options: RequestOptions = {}) {
    const from = input instanceof PhoneRequest ? input : undefined
    super(options.body ?? from?.content ?? '')
    if (from?.bodyUsed) throw new TypeError('Already read')
    if (from !== undefined && !options.body && from.content !== '') from.bodyUsed = true
    this.url = from?.url ?? String(input)
    this.method = (options.method ?? from?.method ?? 'GET').toUpperCase()
    this.headers = new Headers(options.headers ?? from?.headers)
    this.credentials = options.credentials ?? from?.credentials ?? 'same-origin'
    this.signal = options.signal ?? from?.signal ?? new PhoneAbortController().signal
    if (/^(GET|HEAD)$/.test(this.method) && this.content !== '') {
      throw new TypeError('Body not allowed for GET or HEAD requests')
    }
  }

  clone(): PhoneRequest {
    return new PhoneRequest(this, { body: this.content })
  }

  /** What is sent; read by the network, not by the app. */
  get sent(): string | undefined {
    return this.content === '' ? undefined : this.content
  }
}

export class PhoneResponse extends PhoneBody {
  readonly status: number
  readonly ok: boolean
  readonly headers: Headers
  readonly url: string

  constructor(content: string, { status, headers, url }: Pick<Response, 'status' | 'headers' | 'url'>) {
    super(content)
    this.status = status
    this.ok = status >= 200 && status < 300
    this.headers = new Headers(headers)
    this.url = url
  }

  clone(): PhoneResponse {
    return new PhoneResponse(this.content, this)
  }
}

/** The platform's errors are a `TypeError` for every failure and an `AbortError` that is no `DOMException`. */
export async function fetchOnPhone(network: Network, request: PhoneRequest): Promise<PhoneResponse> {
  const { url, method, headers, signal, sent } = request
  const gone = new AbortController()
  if (signal.aborted) throw aborted()
  signal.addEventListener('abort', () => gone.abort())
  try {
    const response = await fetch(url, { method, headers, body: sent, signal: gone.signal })
    const content = await response.text()
    const { pathname } = new URL(url)
    network.arrived.push({ path: pathname, idempotencyKey: headers.get('idempotency-key') })
    if (network.answers === 'held') await new Promise(() => {})
    if (network.answers === 'delivered') return new PhoneResponse(content, response)
  } catch (cause) {
    if (signal.aborted) throw aborted()
    throw new TypeError('Network request failed', { cause })
  }
  throw new TypeError('Network request failed')
}

function aborted(): Error {
  return Object.assign(new Error('Aborted'), { name: 'AbortError' })
}
