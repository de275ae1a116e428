import { AuthError } from '../errors.ts'

const MAX_BODY_BYTES = 16_384

export type BodyFormat = 'json' | 'form' | 'none'

/** Whether a form is taken: never, beside JSON, or in its place. */
export type FormRule = boolean | 'only'

/** A byte-order mark is kept, so that JSON refuses it. RFC 8259 §8.1 */
const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
const JSON_TYPE = 'application/json'
const FORM = 'application/x-www-form-urlencoded'
const UTF8_CHARSETS = new Set(['charset=utf-8', 'charset="utf-8"'])

/**
 * The format of a request's body by its headers alone. Rejects with UNSUPPORTED_MEDIA_TYPE; there is no type that a
 * page could send to another site without a preflight, but for the form that sign-in and the standard endpoints accept.
 */
export function bodyFormat(headers: Headers, accepts: { form: FormRule; required: boolean }): BodyFormat {
  if (headers.has('content-encoding')) throw unsupported('a Content-Encoding is not accepted')
  const contentType = headers.get('content-type')
  if (contentType === null) {
    if (accepts.required || carriesBody(headers))
      throw unsupported(`a Content-Type is needed: ${accepts.form === 'only' ? FORM : JSON_TYPE}`)
    return 'none'
  }
  const [type = '', ...parameters] = contentType.split(';').map((part) => part.trim().toLowerCase())
  const charsets = parameters.filter((parameter) => parameter.startsWith('charset='))
  if (charsets.some((charset) => !UTF8_CHARSETS.has(charset))) throw unsupported('only UTF-8 is accepted')
  if (type === JSON_TYPE && accepts.form !== 'only') return 'json'
  if (type === FORM && accepts.form !== false) return 'form'
  const types = accepts.form === 'only' ? FORM : `${JSON_TYPE}${accepts.form ? ` or ${FORM}` : ''}`
  throw unsupported(`the Content-Type must be ${types}`)
}

/**
 * The body as an object. Rejects with PAYLOAD_TOO_LARGE or INVALID_REQUEST.
 *
 * @param isMeasured whether the body is as long as its `Content-Length` says
 */
export async function readBody(request: Request, format: BodyFormat, isMeasured: boolean): Promise<unknown> {
  if (format === 'none') return {}
  const text = decodeUtf8(await readBytes(request, isMeasured))
  if (format === 'form') return parseForm(text)
  if (text === '') return {}
  try {
    return JSON.parse(text)
  } catch {
    // The parser's own message quotes the body, which may hold a password.
    throw new AuthError('INVALID_REQUEST', 'the body is not JSON')
  }
}

/** Only where the length is known to hold is the body read in one go: that is the faster way. */
async function readBytes(request: Request, isMeasured: boolean): Promise<Uint8Array> {
  const declared = request.headers.get('content-length')
  if (declared !== null && Number(declared) > MAX_BODY_BYTES) throw tooLarge()
  if (declared !== null && isMeasured) return new Uint8Array(await request.arrayBuffer().catch(cutShort))
  return await readStream(request)
}

/** Reads no further than a body may go. */
async function readStream(request: Request): Promise<Uint8Array> {
  if (request.bodyUsed) cutShort(new TypeError('the body was read before'))
  if (request.body === null) return new Uint8Array()
  const chunks: Uint8Array[] = []
  let size = 0
  const reader = request.body.getReader()
  for (;;) {
    const { done, value } = await reader.read().catch(cutShort)
    if (done) return Buffer.concat(chunks)
    if (!(value instanceof Uint8Array)) cutShort(new TypeError('the body is not made of bytes'))
    size += value.length
    if (size > MAX_BODY_BYTES) {
      void reader.cancel().catch(() => {})
      throw tooLarge()
    }
    chunks.push(value)
  }
}

function cutShort(cause: unknown): never {
  throw new AuthError('INVALID_REQUEST', 'the body ended early', { cause })
}

function decodeUtf8(bytes: Uint8Array): string {
  try {
    return UTF8.decode(bytes)
  } catch {
    throw new AuthError('INVALID_REQUEST', 'the body is not UTF-8')
  }
}

function parseForm(text: string): Record<string, string> {
  const fields = new URLSearchParams(text)
  const names = [...fields.keys()]
  if (new Set(names).size !== names.length) throw new AuthError('INVALID_REQUEST', 'a field is given twice')
  return Object.fromEntries(fields)
}

function carriesBody(headers: Headers): boolean {
  const length = headers.get('content-length')
  return headers.has('transfer-encoding') || (length !== null && length !== '0')
}

function tooLarge(): AuthError {
  return new AuthError('PAYLOAD_TOO_LARGE', `a body may hold ${MAX_BODY_BYTES} bytes`)
}

function unsupported(message: string): AuthError {
  return new AuthError('UNSUPPORTED_MEDIA_TYPE', message)
}
