import { describe, expect, test } from 'vitest'
import { startAuth } from '../support/auth.ts'
import { DELIVERIES, expectAlive, expectRefused, presenting, refresh, signIn, signInAgain } from './client.ts'

describe.each(DELIVERIES)('presented to refresh a %s session', (client) => {
  test('an access token is no refresh token (RR-12)', async () => {
    const world = await startAuth()
    const session = await signIn(world, client)
    const answer = await refresh(world, client, session.accessToken)
    expectRefused(answer, 401, 'REFRESH_INVALID')
    await expectAlive(world, client, session.refreshToken)
  })

  test("a refresh token with another session's id, generation or MAC in it changes neither session (RR-14)", async () => {
    const world = await startAuth()
    const mine = await signIn(world, client)
    const theirs = await signIn(world, client)
    const bytes = (token: string) => Buffer.from(token.slice(4), 'base64url')
    const [a, b] = [bytes(mine.refreshToken), bytes(theirs.refreshToken)]
    const generationOne = Buffer.from(a)
    generationOne.writeUIntBE(1, 16, 6)
    const mixed = [
      Buffer.concat([a.subarray(0, 22), b.subarray(22)]),
      Buffer.concat([b.subarray(0, 22), a.subarray(22)]),
      Buffer.concat([b.subarray(0, 16), a.subarray(16)]),
      generationOne,
    ]
    for (const token of mixed) {
      const answer = await refresh(world, client, `lk1_${token.toString('base64url')}`)
      expectRefused(answer, 401, 'REFRESH_INVALID')
    }
    await expectAlive(world, client, mine.refreshToken)
    await expectAlive(world, client, theirs.refreshToken)
  })

  test('a refresh token that was changed, cut, lengthened or spelt in another way is refused, and the genuine one still works (RR-15)', async () => {
    const world = await startAuth()
    const { refreshToken } = await signIn(world, client)
    const flipped = Array.from({ length: refreshToken.length }, (_, at) => {
      const letter = refreshToken[at] === 'A' ? 'B' : 'A'
      return `${refreshToken.slice(0, at)}${letter}${refreshToken.slice(at + 1)}`
    })
    const misspelt = [
      refreshToken.slice(0, -1),
      refreshToken.slice(0, 20),
      `${refreshToken}A`,
      `${refreshToken}.garbage`,
      refreshToken.toUpperCase(),
      refreshToken.toLowerCase(),
      refreshToken.replace('_', '%5F'),
      `"${refreshToken}"`,
      'undefined',
      'null',
    ]
    for (const token of [...flipped, ...misspelt]) {
      expectRefused(await refresh(world, client, token), 401, 'REFRESH_INVALID')
    }
    await expectAlive(world, client, refreshToken)
  })

  test('a token of a disabled account is refused at once, and so is one of a deleted account (RR-20)', async () => {
    const world = await startAuth()
    const disabled = await signIn(world, client)
    await world.auth.users.disable(disabled.userId)
    const answer = await refresh(world, client, disabled.refreshToken)
    expectRefused(answer, 401, 'SESSION_REVOKED')
    expect(answer.body.reason).toBe('account_disabled')
    await world.auth.users.enable(disabled.userId)
    expectRefused(await refresh(world, client, disabled.refreshToken), 401, 'SESSION_REVOKED')

    const deleted = await signIn(world, client)
    await world.auth.users.delete(deleted.userId)
    expectRefused(await refresh(world, client, deleted.refreshToken), 401, 'REFRESH_INVALID')
  })

  test('a token is taken from its place only: by POST, never from the URL, never as plain text (RR-23)', async () => {
    const world = await startAuth()
    const { refreshToken } = await signIn(world, client)
    const get = await world.send('GET', '/auth/refresh', client === 'browser' ? { cookie: refreshToken } : {})
    expect([get.status, get.headers.get('allow')]).toEqual([405, 'POST, OPTIONS'])
    for (const name of ['refreshToken', 'refresh_token', 'token']) {
      const path = `/auth/refresh?${name}=${refreshToken}`
      expectRefused(await world.send('POST', path, presenting(client, refreshToken)), 400, 'INVALID_REQUEST')
    }
    const plain = { body: refreshToken, headers: { 'content-type': 'text/plain' } }
    expectRefused(await world.send('POST', '/auth/refresh', plain), 415, 'UNSUPPORTED_MEDIA_TYPE')
    await expectAlive(world, client, refreshToken)
  })

  test('the answer with the new tokens is kept by nobody on the way (RR-24)', async () => {
    const world = await startAuth()
    const { headers } = await refresh(world, client, (await signIn(world, client)).refreshToken)
    expect(headers.get('cache-control')).toBe('no-store')
    for (const name of ['etag', 'location', 'last-modified']) expect(headers.get(name)).toBeNull()
  })

  test('the sessions of one user are told apart: what happens to one does nothing to the other', async () => {
    const world = await startAuth()
    const phone = await signIn(world, client)
    const laptop = await signInAgain(world, client, phone.email)
    expectRefused(await refresh(world, client, `${phone.refreshToken}x`), 401, 'REFRESH_INVALID')
    await expectAlive(world, client, phone.refreshToken)
    expectRefused(await refresh(world, client, phone.refreshToken), 401, 'REFRESH_REUSED')
    await expectAlive(world, client, laptop.refreshToken)
  })
})

test('a session of one kind is refreshed as the other by no means, and no worse for the attempt', async () => {
  const world = await startAuth()
  const browser = await signIn(world, 'browser')
  const native = await signIn(world, 'native')
  expectRefused(await refresh(world, 'native', browser.refreshToken), 401, 'REFRESH_INVALID')
  expectRefused(await refresh(world, 'browser', native.refreshToken), 401, 'REFRESH_INVALID')
  await expectAlive(world, 'browser', browser.refreshToken)
  await expectAlive(world, 'native', native.refreshToken)
})
