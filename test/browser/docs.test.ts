import { expect } from 'vitest'
import { browserTest } from './chromium.ts'

browserTest('/docs shows every endpoint of the service, with its fields and error codes', async (visit) => {
  const page = await visit.open('/docs')
  const response = await fetch(`${visit.service.url}/openapi.json`)
  const { paths } = (await response.json()) as { paths: { [path: string]: object } }
  const count = Object.values(paths).flatMap((operations) => Object.keys(operations)).length
  await page.getByText(`${count} endpoints`).waitFor()
  expect(await page.getByRole('article').count()).toBe(count)

  const refresh = page.getByRole('article').filter({ hasText: 'Rotate the refresh token and get' })
  await refresh.getByText('Idempotency-Key').waitFor()
  await refresh.getByText('REFRESH_SUPERSEDED').waitFor()
  await refresh.getByText('accessToken').waitFor()
})

browserTest('/docs is searched by path, field or error code', async (visit) => {
  const page = await visit.open('/docs')
  await page.getByLabel('Search').fill('EMAIL_TAKEN')
  await page.getByText(/^1 of \d+ endpoints$/).waitFor()
  expect(await page.getByRole('article').getByRole('heading').allTextContents()).toEqual([
    'POST/auth/register',
  ])
  await page.getByLabel('Search').fill('no such thing')
  await page.getByText('Nothing has all of these words.').waitFor()
})
