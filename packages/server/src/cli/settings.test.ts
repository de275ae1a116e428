import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { ConfigError } from '../errors.ts'
import { SETTINGS } from './known-settings.ts'
import { collectSettings, type Settings, type Sources } from './settings.ts'

/** A working folder with these files. */
function folderWith(files: Record<string, string> = {}): string {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-settings-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content)
  return folder
}

function collect(sources: Partial<Sources>, files?: Record<string, string>): Promise<Settings> {
  return collectSettings({ environment: {}, flags: {}, workingFolder: folderWith(files), ...sources })
}

function problemsOf({ problems }: Settings): Record<string, string> {
  return Object.fromEntries(problems.map(({ setting, problem }) => [setting, problem]))
}

test('a flag beats the environment, the environment beats .env, and .env beats the config file', async () => {
  const files = {
    'latchkey.config.json': JSON.stringify({
      accessTtlSeconds: 1,
      idleTtlSeconds: 1,
      sessionTtlSeconds: 1,
      port: 1,
    }),
    '.env': 'LATCHKEY_ACCESS_TTL=2\nLATCHKEY_IDLE_TTL=2\nLATCHKEY_SESSION_TTL=2\n',
  }
  const environment = { LATCHKEY_ACCESS_TTL: '3', LATCHKEY_IDLE_TTL: '3' }
  const { options, problems } = await collect({ environment, flags: { 'access-ttl': '4' } }, files)
  expect(problems).toEqual([])
  expect(options).toEqual({ accessTtlSeconds: 4, idleTtlSeconds: 3, sessionTtlSeconds: 2, port: 1 })
})

test('an empty variable is one that is not set: it hides neither .env nor the config file', async () => {
  const files = {
    'latchkey.config.json': JSON.stringify({ host: 'from-file', url: 'https://file.example' }),
    '.env': 'HOST=from-dotenv\nLATCHKEY_URL=\n',
  }
  const environment = { HOST: '', LATCHKEY_URL: '', LATCHKEY_ACCESS_TTL: '', LATCHKEY_REDIS_URL: '' }
  const { options, problems } = await collect({ environment, flags: { port: '' } }, files)
  expect(problems).toEqual([])
  expect(options).toEqual({ host: 'from-dotenv', url: 'https://file.example' })
})

test('every setting has a variable, and a flag unless it is a secret; no two share one', () => {
  const variables = SETTINGS.map(({ variable }) => variable)
  const flags = SETTINGS.flatMap(({ flag }) => (flag === null ? [] : [flag]))
  expect(new Set(variables).size).toBe(variables.length)
  expect(new Set(flags).size).toBe(flags.length)
  expect(SETTINGS.filter(({ flag }) => flag === null).map(({ option }) => option)).toEqual([
    'redis',
    'secret',
  ])
  for (const variable of variables) expect(variable).toMatch(/^(PORT|HOST|LATCHKEY_[A-Z_]+)$/)
})

test('lists are separated by commas, and a secret may be a list', async () => {
  const environment = {
    LATCHKEY_TRUSTED_ORIGINS: ' https://a.example , https://b.example,',
    LATCHKEY_SECRET: 'new,old',
    LATCHKEY_AUDIENCE: 'one',
    LATCHKEY_REQUIRE_ACCESS_TOKEN_ON_REFRESH: 'On',
    LATCHKEY_COOKIE_NAME: 'app',
    LATCHKEY_COOKIE_SAME_SITE: 'none',
  }
  expect((await collect({ environment })).options).toEqual({
    trustedOrigins: ['https://a.example', 'https://b.example'],
    secret: ['new', 'old'],
    audience: 'one',
    requireAccessTokenOnRefresh: true,
    cookie: { name: 'app', sameSite: 'none' },
  })
})

test('one part of a group is changed without the others', async () => {
  const files = { 'latchkey.config.json': JSON.stringify({ cookie: { name: 'app', path: '/auth' } }) }
  const { options } = await collect({ environment: { LATCHKEY_COOKIE_PATH: '/' } }, files)
  expect(options.cookie).toEqual({ name: 'app', path: '/' })
})

test('everything that cannot be read is listed at once, under the name that it was given by', async () => {
  const environment = {
    PORT: '70000',
    LATCHKEY_ACCESS_TTL: '15m',
    LATCHKEY_IDLE_TTL: '-1',
    LATCHKEY_SESSION_TTL: '1e3',
    LATCHKEY_REUSE_GRACE: '1.5',
    LATCHKEY_REQUIRE_ACCESS_TOKEN_ON_REFRESH: 'constructor',
    LATCHKEY_SMTP_URL: 'smtp://x',
  }
  const settings = await collect({ environment, flags: { 'max-sessions': 'many', 'log-level': 'loud' } })
  expect(problemsOf(settings)).toEqual({
    PORT: 'must be a whole number from 0 to 65535',
    LATCHKEY_ACCESS_TTL: 'must be a whole number',
    LATCHKEY_IDLE_TTL: 'must be a whole number',
    LATCHKEY_SESSION_TTL: 'must be a whole number',
    LATCHKEY_REUSE_GRACE: 'must be a whole number',
    LATCHKEY_REQUIRE_ACCESS_TOKEN_ON_REFRESH: 'must be true or false',
    LATCHKEY_SMTP_URL: 'this version sends no mail: unset it',
    '--max-sessions': 'must be a whole number',
    '--log-level': 'must be one of debug, info, warn, error, silent',
  })
})

test('a setting is called what its user called it', async () => {
  const files = { 'latchkey.config.json': JSON.stringify({ cookie: { name: 'x' }, reuseGraceSeconds: 1 }) }
  const { sourceOf } = await collect(
    { environment: { LATCHKEY_URL: 'x' }, flags: { 'access-ttl': '1' } },
    files,
  )
  expect(sourceOf('accessTtlSeconds')).toBe('--access-ttl')
  expect(sourceOf('url')).toBe('LATCHKEY_URL')
  expect(sourceOf('reuseGraceSeconds')).toBe('reuseGraceSeconds in latchkey.config.json')
  expect(sourceOf('cookie.name')).toBe('cookie in latchkey.config.json')
  expect(sourceOf('secret'), 'what nobody gave').toBe('LATCHKEY_SECRET')
})

test('a config file may be TypeScript, JavaScript or JSON, and holds options as createAuth takes them', async () => {
  const content = 'export default { url: "https://auth.example.com", claims: () => ({ plan: "free" }) }'
  for (const name of ['latchkey.config.ts', 'latchkey.config.js']) {
    const { options } = await collect({}, { [name]: content, 'package.json': '{"type":"module"}' })
    expect(options.url, name).toBe('https://auth.example.com')
    expect(options.claims?.({} as never), name).toEqual({ plan: 'free' })
  }
  const named = await collect({ configFile: 'other.json' }, { 'other.json': '{"port":1}', '.env': '' })
  expect(named.options).toEqual({ port: 1 })
})

test('a config file that cannot be read is named, and nothing of it is repeated', async () => {
  const broken: Record<string, string> = {
    'latchkey.config.json': '{"secret": "hunter2hunter2hunter2" x}',
    'list.json': '["hunter2hunter2hunter2"]',
    'text.json': '"hunter2hunter2hunter2"',
    'nothing.js': 'export const secret = "hunter2hunter2hunter2"',
    'number.js': 'export default 7',
    'unquoted.json': 'hunter2hunter2hunter2',
    'single.json': "{'secret': 'hunter2hunter2hunter2'}",
  }
  for (const name of [...Object.keys(broken), 'missing.json']) {
    const error = await collect(
      { configFile: name },
      { ...broken, 'package.json': '{"type":"module"}' },
    ).catch((caught: unknown) => caught)
    expect(error, name).toBeInstanceOf(ConfigError)
    expect((error as ConfigError).problems[0]?.setting, name).toBe(name)
    expect((error as ConfigError).message, name).not.toContain('hunter2')
  }
})

test('NODE_ENV=production counts wherever it is said, also in .env', async () => {
  const saysProduction = async (environment: Record<string, string>, dotEnv: string) =>
    (await collect({ environment }, { '.env': dotEnv })).production
  expect(await saysProduction({}, 'NODE_ENV=production\n')).toBe(true)
  expect(await saysProduction({ NODE_ENV: 'production' }, '')).toBe(true)
  expect(await saysProduction({ NODE_ENV: '' }, 'NODE_ENV=production\n')).toBe(true)
  expect(await saysProduction({ NODE_ENV: 'test' }, 'NODE_ENV=production\n')).toBe(false)
  expect(await saysProduction({}, 'NODE_ENV=development\n')).toBe(false)
  expect(await saysProduction({}, '')).toBe(false)
})
