import { randomBytes } from 'node:crypto'
import { createAuth } from 'latchkey'
import { expect, test } from 'vitest'
import { contentOf } from '../support/stores/content.ts'
import { countRows } from '../support/stores/look.ts'
import { environmentOf, newStore } from '../support/stores/store.ts'
import { latchkey } from './run.ts'

async function workplace() {
  const store = await newStore()
  const environment = {
    ...environmentOf(store),
    LATCHKEY_SECRET: randomBytes(32).toString('base64url'),
    LATCHKEY_URL: 'http://localhost:3000',
  }
  return { store, run: (...args: string[]) => latchkey(args, { environment }) }
}

test('services add shows a client id and a secret, once, and says so; list shows the service and never the secret', async () => {
  const { run, store } = await workplace()
  const added = await run('services', 'add', 'orders', '--audience', 'https://api.example.com')
  expect([added.code, added.stderr]).toEqual([0, ''])
  const id = /^client id +(svc_[\w-]{16})$/m.exec(added.stdout)?.[1] as string
  const secret = /^client secret +(lks_[\w-]{43})$/m.exec(added.stdout)?.[1] as string
  expect(id).toBeDefined()
  expect(secret).toBeDefined()
  expect(added.stdout).toContain('nothing can show it again')

  expect(added.stdout).toContain('No access token names https://api.example.com yet')
  const own = await run('services', 'add', 'own', '--audience', 'http://localhost:3000')
  expect(own.stdout, 'the default').not.toContain('yet')
  await run('services', 'remove', /svc_[\w-]+/.exec(own.stdout)?.[0] as string)
  const second = await run('services', 'add', 'gateway')
  expect(second.stdout).not.toContain(secret)
  expect(second.stdout).not.toContain('yet')
  const list = await run('services', 'list')
  const lines = list.stdout.trim().split('\n')
  expect(lines).toHaveLength(2)
  expect(lines[0]).toMatch(new RegExp(`^${id}  since \\d{4}-\\S+Z  for https://api.example.com  orders$`))
  expect(lines[1]).toMatch(/^svc_[\w-]{16} {2}since \S+ {2}for every audience {2}gateway$/)
  expect(list.stdout).not.toMatch(/lks_/)
  const stored = Buffer.concat((await contentOf(store)).map(({ content }) => content)).toString('latin1')
  expect(stored).toContain(id)
  expect(stored).not.toContain(secret)
}, 30_000)

test('services remove takes a service away; an id that is none is said, and nothing changes', async () => {
  const { run } = await workplace()
  const { stdout } = await run('services', 'add', 'orders')
  const id = /svc_[\w-]+/.exec(stdout)?.[0] as string
  const unknown = await run('services', 'remove', 'svc_unknown')
  expect([unknown.code, unknown.stdout, unknown.stderr]).toEqual([
    1,
    '',
    'latchkey: there is no service of this id\n',
  ])
  expect((await run('services', 'list')).stdout).toContain(id)

  const removed = await run('services', 'remove', id)
  expect([removed.code, removed.stderr]).toEqual([0, ''])
  expect(removed.stdout).toContain(id)
  expect((await run('services', 'list')).stdout).toBe('')
  expect((await run('services', 'remove', id)).code).toBe(1)
}, 30_000)

test('a name or an audience that cannot be is said, and nothing is registered', async () => {
  const { run } = await workplace()
  const answers = await Promise.all([
    run('services', 'add', ''),
    run('services', 'add', '  '),
    run('services', 'add', 'x'.repeat(101)),
    run('services', 'add', 'two\nlines'),
    run('services', 'add', 'orders', '--audience', ''),
    run('services', 'add', 'orders', '--audience', 'a b'),
    run('services', 'add'),
    run('services', 'remove'),
  ])
  for (const [i, { code, stdout }] of answers.entries()) expect([code, stdout], `${i}`).toEqual([1, ''])
  for (const { stderr } of answers.slice(0, 4)) expect(stderr).toMatch(/^latchkey: name: 1 to 100 characters/)
  for (const { stderr } of answers.slice(4, 6)) expect(stderr).toMatch(/^latchkey: audience: visible ASCII/)
  expect(answers[6]?.stderr).toContain("missing required argument 'name'")
  expect(answers[7]?.stderr).toContain("missing required argument 'id'")
  expect((await run('services', 'list')).stdout).toBe('')
}, 30_000)

test('a program registers, lists and removes services as the command line does', async () => {
  const store = await newStore()
  const events: object[] = []
  const auth = await createAuth({
    url: 'http://localhost:3000',
    secret: randomBytes(32).toString('base64url'),
    ...store,
    onEvent: (event) => events.push(event),
  })
  try {
    const { secret, ...created } = await auth.services.create({ name: 'orders' })
    expect(created).toEqual({
      id: expect.stringMatching(/^svc_/),
      name: 'orders',
      audience: null,
      createdAt: expect.any(Date),
    })
    expect(secret).toMatch(/^lks_[\w-]{43}$/)
    expect(await auth.services.list()).toEqual([created])
    for (const name of ['', ' ', 5, null, undefined]) {
      await expect(auth.services.create({ name } as never)).rejects.toMatchObject({ code: 'INVALID_REQUEST' })
    }
    for (const [field, service] of [
      ['name', { name: 'half a \ud83d' }],
      ['name', { name: 'two\u2028lines' }],
      ['audience', { name: 'orders', audience: null }],
      ['audiences', { name: 'orders', audiences: 'https://api.example.com' }],
      ['service', undefined],
    ] as const) {
      const refused = auth.services.create(service as never)
      await expect(refused, field).rejects.toMatchObject({ code: 'INVALID_REQUEST' })
      await expect(refused, field).rejects.toThrow(new RegExp(`^${field}: `))
    }
    await expect(auth.services.remove('svc_other')).rejects.toMatchObject({ code: 'NOT_FOUND' })
    await auth.services.remove(created.id)
    expect(await auth.services.list()).toEqual([])
    expect(events.slice(-2)).toEqual([
      { type: 'service.created', serviceId: created.id },
      { type: 'service.removed', serviceId: created.id },
    ])
    expect(await countRows(store, 'services')).toEqual({ services: 0 })
  } finally {
    await auth.close()
  }
})
