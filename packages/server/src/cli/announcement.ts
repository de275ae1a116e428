import type { AddressInfo } from 'node:net'
import { type AuthOptions, isLoopback } from '../config.ts'
import type { Logger } from './logger.ts'

/** Says on stdout where the service is reached: the first address there is the one to call. */
export function announce(url: string, { address, family, port }: AddressInfo, urlIsDefault: boolean): void {
  const reachable = family === 'IPv6' ? `[${address}]` : address
  const local = ['127.0.0.1', '::1', '0.0.0.0', '::'].includes(address)
  const listening = urlIsDefault && local ? url : `http://${local ? '127.0.0.1' : reachable}:${port}`
  process.stdout.write(`Latchkey listens on ${listening}\n`)
  if (listening !== url) process.stdout.write(`Its public origin is ${url}\n`)
  else
    process.stdout.write(
      'Open it in a browser to sign up and watch a session live; /docs describes the API.\n',
    )
}

/** Warns of what works, and is not what the operator will have meant. */
export function warn({ url, trustedOrigins = [], cookie, rateLimits }: AuthOptions, logger: Logger): void {
  if (url.startsWith('http:') && !isLoopback(url)) {
    logger.warn(
      'the public origin is http: passwords and tokens travel in the clear, and production refuses it',
    )
  }
  if (trustedOrigins.length > 0 && cookie?.sameSite !== 'none') {
    logger.warn(
      'trusted origins on another site need LATCHKEY_COOKIE_SAME_SITE=none: browsers keep the cookie back',
    )
  }
  if (rateLimits === false && process.env.NODE_ENV === 'production') {
    logger.warn('rate limits are off: nothing but the cost of hashing slows down who guesses passwords')
  }
}
