import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Page } from 'playwright-core'
import { expect, onTestFinished } from 'vitest'
import {
  claims,
  createKey,
  encode,
  keySet,
  mint,
  segments,
} from '../../packages/verifier/src/testing/issuer.ts'
import { browserTest, PASSWORD, type Visit } from './chromium.ts'

const NOT_VERIFIED = 'NOT VERIFIED: anyone can write such a token.'
const key = createKey()
const seconds = () => Math.floor(Date.now() / 1000)

/** A token of a foreign service, in the middle of its life. */
const freshToken = (changes: Record<string, unknown> = {}) =>
  mint(key, { claims: { iat: seconds() - 100, exp: seconds() + 800, ...changes } })

const paste = (page: Page, text: string) => page.getByLabel('Token', { exact: true }).fill(text)
const pasted = (page: Page) => page.getByLabel('Token', { exact: true }).inputValue()
const verdict = (page: Page) => page.locator('.verdict')
const check = (page: Page) => page.getByRole('button', { name: 'Check the signature' }).click()
const answer = (page: Page, text: string) => page.getByRole('status').filter({ hasText: text }).waitFor()

async function checkWithKey(page: Page, pem: string): Promise<void> {
  await page.getByText('A pasted key').click()
  await page.getByLabel('Public key').fill(pem)
  await check(page)
}

async function checkWithUrl(page: Page, url: string): Promise<void> {
  await page.getByText('A JWKS URL').click()
  await page.getByLabel('Address of the key set').fill(url)
  await check(page)
}

async function serviceToken({ service }: Visit): Promise<string> {
  const response = await fetch(`${service.url}/auth/register`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ email: 'ada@example.com', password: PASSWORD, client: 'native' }),
  })
  return ((await response.json()) as { accessToken: string }).accessToken
}

/** A key set of another service, with or without leave for other pages. */
async function foreignKeys(headers: Record<string, string>): Promise<string> {
  const server = createServer((_, response) => {
    response.writeHead(200, { 'content-type': 'application/json', ...headers })
    response.end(JSON.stringify(keySet(key)))
  }).listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/jwks.json`
}

browserTest(
  '/decoder is linked from the other pages, and shows a token in words, not verified',
  async (visit) => {
    const page = await visit.open('/docs')
    await page.getByRole('link', { name: 'Decoder' }).click()
    await page.waitForURL('**/decoder')
    await paste(page, `Bearer ${freshToken({ tenant: 'blue' })}`)

    await page.getByRole('heading', { name: 'A signed token' }).waitFor()
    expect(await verdict(page).textContent()).toBe(NOT_VERIFIED)
    const payload = page.getByRole('table', { name: 'Payload' })
    expect(await payload.getByRole('row', { name: /^sub / }).textContent()).toBe('subthe useruser-1')
    expect(await payload.getByRole('row', { name: /^exp / }).textContent()).toMatch(/in 13 minutes$/)
    expect(await payload.getByRole('row', { name: /^tenant / }).textContent()).toContain(
      'added by the service',
    )
    await page.getByText('13 minutes left of 15 minutes', { exact: true }).first().waitFor()
    await page.getByText('The word "Bearer" stood before the token.').first().waitFor()
    const bar = page.getByRole('progressbar', { name: 'Life left in the token' })
    expect(await bar.evaluate((element: HTMLProgressElement) => element.position)).toBeCloseTo(8 / 9, 1)
  },
)

browserTest('the words go with the time: a token runs out before the reader’s eyes', async (visit) => {
  const page = await visit.open('/decoder')
  await paste(page, freshToken({ exp: seconds() + 2 }))
  await page.getByText('expired 1 second ago', { exact: true }).first().waitFor()
})

browserTest(
  'the signature is checked with the keys of this service, when the reader asks for it',
  async (visit) => {
    const page = await visit.open('/decoder')
    const token = await serviceToken(visit)
    await paste(page, token)
    expect(await verdict(page).textContent()).toBe(NOT_VERIFIED)
    await check(page)
    await answer(page, 'The signature holds')
    expect(await verdict(page).textContent()).toContain(
      'Issuer, audience, times and revocation were not checked.',
    )

    const [header, , signature] = segments(token)
    await paste(page, `${header}.${encode(claims({ sub: 'admin' }))}.${signature}`)
    await expect.poll(() => verdict(page).textContent()).toBe(NOT_VERIFIED)
    await check(page)
    await answer(page, 'The signature does not hold')
    expect(await verdict(page).textContent()).toContain(NOT_VERIFIED)

    await paste(page, freshToken())
    await check(page)
    await answer(page, 'None of these keys is the one that the token names')
  },
)

browserTest('the signature is checked with a pasted key, in PEM, as JWK and as JWKS', async (visit) => {
  const page = await visit.open('/decoder')
  await paste(page, freshToken())
  const pem = String(key.publicKey.export({ type: 'spki', format: 'pem' }))
  for (const text of [pem, JSON.stringify(key.jwk), JSON.stringify(keySet(key))]) {
    await checkWithKey(page, text)
    await answer(page, 'The signature holds')
    await page.getByLabel('Public key').fill('')
    await expect.poll(() => verdict(page).textContent()).toBe(NOT_VERIFIED)
  }
  await checkWithKey(page, String(createKey().publicKey.export({ type: 'spki', format: 'pem' })))
  await answer(page, 'The signature does not hold')
  await checkWithKey(page, String(key.privateKey.export({ type: 'pkcs8', format: 'pem' })))
  await answer(page, 'This is a private key.')
  await checkWithKey(page, 'hello')
  await answer(page, 'This is no key')
})

browserTest(
  'the signature is checked with the key set of another service that lets pages read it',
  async (visit) => {
    const page = await visit.open('/decoder')
    await paste(page, freshToken())
    await checkWithUrl(page, await foreignKeys({ 'access-control-allow-origin': '*' }))
    await answer(page, 'The signature holds')

    await checkWithUrl(page, await foreignKeys({}))
    await answer(page, '(CORS)')
    expect(await verdict(page).textContent()).toContain(NOT_VERIFIED)
    await checkWithUrl(page, 'http://keys.example/jwks.json')
    await answer(page, 'This page fetches keys from https addresses')
    // The browser's own word on what CORS keeps from a page.
    const own = visit.complaints.splice(0)
    expect(own.filter((text) => !/CORS|net::ERR_FAILED/.test(text))).toEqual([])
  },
)

browserTest(
  'no request, address or store ever holds any part of the token, and leaving the page forgets it',
  async (visit) => {
    const page = await visit.open('/decoder')
    const sent: string[] = []
    visit.context.on('request', (request) =>
      sent.push(`${request.url()} ${JSON.stringify(request.headers())} ${request.postData()}`),
    )
    const token = freshToken()
    await paste(page, token)
    await check(page)
    await answer(page, 'None of these keys')
    await checkWithUrl(page, await foreignKeys({ 'access-control-allow-origin': '*' }))
    await answer(page, 'The signature holds')
    // The icon may come late.
    const asked = sent.filter((request) => !request.includes('/assets/'))
    expect(asked.map((request) => new URL(request.split(' ')[0] ?? '').pathname)).toEqual([
      '/.well-known/jwks.json',
      '/jwks.json',
    ])
    const kept = await page.evaluate(async () =>
      JSON.stringify([
        { ...localStorage },
        { ...sessionStorage },
        document.cookie,
        await indexedDB.databases(),
        await caches.keys(),
        history.state,
        location.href,
        document.title,
      ]),
    )
    for (const part of token.match(/.{12}/g) ?? []) expect(sent.join() + kept).not.toContain(part)
    for (const request of asked) expect(request).not.toMatch(/"authorization"|"referer":"[^"]/)

    await page.reload()
    expect(await pasted(page)).toBe('')
    await paste(page, token)
    await page.getByRole('link', { name: 'API' }).click()
    await page.waitForURL('**/docs')
    await page.goBack()
    await page.getByRole('heading', { name: 'Decode a token' }).waitFor()
    expect(await pasted(page)).toBe('')
    await paste(page, token)
    // The page may be kept as it is for the way back.
    await page.evaluate(() => dispatchEvent(new PageTransitionEvent('pagehide', { persisted: true })))
    await expect.poll(() => pasted(page)).toBe('')
    expect(await page.content()).not.toContain('user-1')
  },
)

browserTest('markup in a token is text', async (visit) => {
  const page = await visit.open('/decoder')
  const markup = '<img src=x onerror="document.title=1"><script>document.title=1</script>'
  const alert = `javascript:${'document.title=1'}`
  await paste(
    page,
    mint(key, {
      header: { kid: markup, [markup]: markup },
      claims: { sub: markup, [markup]: { nested: [markup] }, iss: alert, __proto__: markup },
    }),
  )
  await page.getByText(markup).first().waitFor()
  await page.getByText('As it is written').click()
  expect(await page.locator('main img, main script, main a').count()).toBe(0)
  expect(await page.title()).toBe('Latchkey · a token, decoded')
})

browserTest('marks that turn text around, or are not seen, are written as escapes', async (visit) => {
  const page = await visit.open('/decoder')
  await paste(page, freshToken({ sub: '\u202enimda', '\u200broles': ['a\u2066b', '\u001b[2J'] }))
  const payload = page.getByRole('table', { name: 'Payload' })
  expect(await payload.getByRole('row', { name: /^sub / }).textContent()).toContain('\\u202enimda')
  expect(await payload.textContent()).toContain('\\u200broles')
  await page.getByText('As it is written').click()
  expect(await page.locator('.decoder-output').textContent()).not.toMatch(/[\u202e\u200b\u2066]/)
})

browserTest(
  'what was found out of a token is never said of the one that was pasted meanwhile',
  async (visit) => {
    const page = await visit.open('/decoder')
    await paste(page, freshToken())
    await page.evaluate((keys) => {
      // The page looks after what has changed once it is painted: here, a good while later.
      window.requestAnimationFrame = () => 0
      const answered = new Promise<void>((resolve) => addEventListener('keys come', () => resolve()))
      window.fetch = () => answered.then(() => Response.json(keys))
    }, keySet(key))
    await check(page)
    await page.getByRole('button', { name: 'Checking…' }).waitFor()
    const forged = `${encode({ alg: 'ES256', kid: key.kid })}.${encode(claims({ sub: 'mallory' }))}.AAAA`
    await page.getByLabel('Token', { exact: true }).evaluate((area: HTMLTextAreaElement, text) => {
      area.value = text
      area.dispatchEvent(new Event('input', { bubbles: true }))
      dispatchEvent(new Event('keys come'))
    }, forged)
    await page.getByRole('cell', { name: 'mallory' }).waitFor()
    await page.getByRole('button', { name: 'Check the signature' }).waitFor()
    expect(await verdict(page).textContent()).toBe(NOT_VERIFIED)
  },
)

browserTest('what is broken, unsigned, encrypted, secret or no token at all is said', async (visit) => {
  const page = await visit.open('/decoder')
  const says = async (text: string, words: string) => {
    await paste(page, text)
    await page.getByRole('listitem').filter({ hasText: words }).first().waitFor()
  }
  await says(`${encode({ alg: 'none' })}.${encode(claims())}.`, 'The token says that it is not signed')
  await check(page)
  await answer(page, 'there is nothing to check')
  await says(freshToken({ exp: undefined }), 'The token never expires')
  await says(freshToken().slice(0, 150), 'It may have been cut off.')
  expect(await page.getByRole('button', { name: 'Check the signature' }).count()).toBe(0)
  await says(`${encode({ alg: 'dir', enc: 'A256GCM' })}..a.b.c`, 'This is an encrypted token (JWE)')
  await says('hello world', 'This is no JWT.')
  await says(`lk1_${'Ab3-_x9Z'.repeat(9)}`, 'This is a Latchkey refresh token: keep it secret.')
  expect(await page.locator('.decoder-output').textContent()).not.toContain('Ab3')
})

browserTest('a megabyte is refused politely, and at once', async (visit) => {
  const page = await visit.open('/decoder')
  await paste(page, freshToken())
  const start = performance.now()
  await page.getByLabel('Token', { exact: true }).evaluate((area: HTMLTextAreaElement) => {
    const clipboardData = new DataTransfer()
    clipboardData.setData('text', 'x'.repeat(1_000_000))
    area.dispatchEvent(new ClipboardEvent('paste', { clipboardData, bubbles: true, cancelable: true }))
  })
  await page.getByRole('alert').filter({ hasText: 'That has 1,000,000 characters' }).waitFor()
  expect(await pasted(page)).toBe('')
  await paste(page, `${'e'.repeat(400_000)}.${'e'.repeat(600_000)}`)
  await page.getByRole('alert').filter({ hasText: 'That has 1,000,001 characters' }).waitFor()
  expect(await pasted(page)).toBe('')
  expect(performance.now() - start).toBeLessThan(4000)
  await paste(page, freshToken())
  await page.getByRole('heading', { name: 'A signed token' }).waitFor()
})

browserTest('everything can be done with the keyboard, and the ends are heard', async (visit) => {
  const page = await visit.open('/decoder')
  await page.getByLabel('Token', { exact: true }).focus()
  await page.keyboard.insertText(freshToken())
  await page.getByRole('status').filter({ hasText: 'A signed token, decoded, not verified.' }).waitFor()
  await page.keyboard.press('Tab')
  await page.keyboard.press('ArrowRight')
  await page.keyboard.press('ArrowRight')
  expect(await page.getByRole('radio', { name: 'A pasted key' }).isChecked()).toBe(true)
  await page.keyboard.press('Tab')
  await page.keyboard.insertText(JSON.stringify(key.jwk))
  await page.keyboard.press('Tab')
  await page.keyboard.press('Enter')
  await answer(page, 'The signature holds')
})
