import { describe, expect, test } from 'vitest'
import { ConfigError } from '../../errors.ts'
import { checkedUrl } from './postgres-url.ts'

const SERVER = 'postgres://ada:pass@db.example.com'

function problemOf(url: string): string {
  try {
    checkedUrl(url)
  } catch (error) {
    expect(error, url).toBeInstanceOf(ConfigError)
    return String(error)
  }
  return ''
}

describe('a URL of PostgreSQL', () => {
  test('names a database: the driver would take the one that is called as the user is', () => {
    for (const url of ['postgres://', SERVER, `${SERVER}/`, `${SERVER}:5432?sslmode=verify-full`]) {
      expect(problemOf(url), url).toContain('LATCHKEY_DATABASE_URL: names no database')
    }
  })

  test('with a slash in its password says so, and takes no part of the password for a host', () => {
    const problem = problemOf('postgres://ada:pass@word/more@db.example.com/latchkey')
    expect(problem).toContain('%2F')
    expect(problem).not.toMatch(/@word|more/)
    expect(problemOf('postgres://ada:pass%2Fword@db.example.com/latchkey')).toBe('')
  })

  test('asks for TLS in the words that there are: others would be passed over, and nothing be encrypted', () => {
    for (const query of [
      'sslmode=verify_full',
      'sslmode=on',
      'ssl_mode=verify-full',
      'sslMode=require',
      'tls=true',
    ]) {
      expect(problemOf(`${SERVER}/latchkey?${query}`), query).toMatch(/unknown (?:sslmode|part)/)
    }
  })

  test('has its certificate checked where TLS is asked for, in whichever words', () => {
    for (const mode of ['prefer', 'require', 'verify-ca', 'verify-full']) {
      expect(checkedUrl(`${SERVER}/latchkey?sslmode=${mode}&options=x`)).toBe(
        `${SERVER}/latchkey?sslmode=verify-full&options=x`,
      )
    }
    const unchecked = `${SERVER}/latchkey?sslmode=no-verify`
    expect(checkedUrl(unchecked)).toBe(unchecked)
  })
})
