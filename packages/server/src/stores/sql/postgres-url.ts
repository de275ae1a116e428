import { ConfigError } from '../../errors.ts'

const TLS_PARTS = ['ssl', 'sslmode', 'sslcert', 'sslkey', 'sslrootcert', 'sslnegotiation']
const TLS_MODES = ['disable', 'prefer', 'require', 'verify-ca', 'verify-full', 'no-verify']
/** The driver checks the certificate in each of these as in `verify-full`, and warns that it may not do so for ever. */
const CHECKED_MODES = /([?&]sslmode=)(?:prefer|require|verify-ca)(?=&|#|$)/

/**
 * The URL as the driver is to read it. Throws a `ConfigError`, which never shows the URL, for what the driver would pass over
 * in silence or take for something else: it would speak without TLS to whoever asked for it in other words.
 */
export function checkedUrl(url: string): string {
  const { pathname, searchParams } = new URL(url)
  if (pathname.length < 2) throw wrong('names no database: postgres://USER:PASSWORD@HOST:PORT/NAME')
  // All before it, with the first part of the password in it, would be taken for the host, and shown.
  if (/[@/]/.test(pathname.slice(1))) throw wrong('has a / in the password, or in the name: write it as %2F')
  for (const name of searchParams.keys()) {
    if (/ssl|tls/i.test(name) && !TLS_PARTS.includes(name) && name !== 'uselibpqcompat') {
      throw wrong(`has an unknown part: ${name}. TLS is asked for by ${TLS_PARTS.slice(1, 5).join(', ')}`)
    }
  }
  const mode = searchParams.get('sslmode')
  if (mode !== null && !TLS_MODES.includes(mode)) {
    throw wrong(`has an unknown sslmode: it is one of ${TLS_MODES.join(', ')}`)
  }
  return searchParams.has('uselibpqcompat') ? url : url.replace(CHECKED_MODES, '$1verify-full')
}

function wrong(problem: string): ConfigError {
  return new ConfigError([{ setting: 'LATCHKEY_DATABASE_URL', problem }])
}
