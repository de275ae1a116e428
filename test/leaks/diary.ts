import { randomBytes } from 'node:crypto'
import type { Place, Secret } from './search.ts'

/** What was said: every secret that was sent or received, and every answer that must not hold any. */
export class Diary {
  readonly #secrets = new Map<string, Secret>()
  readonly #places: Place[] = []

  /** Notes a secret, and returns it. */
  secret(name: string, value: string): string {
    this.#secrets.set(value, { name, value })
    return value
  }

  bytes(name: string, value: Buffer): void {
    this.#secrets.set(value.toString('latin1'), { name, value })
  }

  password(): string {
    return this.secret('a password', `pass ${randomBytes(9).toString('base64url')} word`)
  }

  idempotencyKey(): string {
    return this.secret('an Idempotency-Key', randomBytes(12).toString('base64url'))
  }

  /** Notes the tokens in an answer, and keeps the answer for the search if it is none that hands tokens out. */
  async answer(name: string, response: Response): Promise<unknown> {
    const text = await response.text()
    const headers = [...response.headers].map(([header, value]) => `${header}: ${value}`).join('\n')
    const body: unknown =
      response.headers.get('content-type')?.includes('json') && text !== '' ? JSON.parse(text) : null
    const given = (body ?? {}) as Record<string, string | undefined>
    const accessToken = given.accessToken ?? given.access_token
    const refreshToken = given.refreshToken ?? given.refresh_token
    const cookie = /=(lk1_[^;]+)/.exec(response.headers.get('set-cookie') ?? '')?.[1]
    if (accessToken === undefined && cookie === undefined) {
      this.place(`${response.status} to ${name}`, `${headers}\n${text}`)
    }
    if (accessToken !== undefined) this.#noteAccessToken(accessToken)
    for (const token of [refreshToken, cookie]) if (token !== undefined) this.#noteRefreshToken(token)
    return cookie === undefined ? body : { ...(body as object), refreshToken: cookie }
  }

  place(name: string, content: string | Buffer): void {
    this.#places.push({ name, content: Buffer.from(content) })
  }

  get secrets(): Secret[] {
    return [...this.#secrets.values()]
  }

  get places(): readonly Place[] {
    return this.#places
  }

  #noteAccessToken(token: string): void {
    this.secret('an access token', token)
    this.secret("an access token's signature", token.split('.')[2] as string)
  }

  /** The token as it is, and the MAC that makes it worth something. */
  #noteRefreshToken(token: string): void {
    this.secret('a refresh token', token)
    this.bytes("a refresh token's MAC", Buffer.from(token.slice('lk1_'.length), 'base64url').subarray(22))
  }
}
