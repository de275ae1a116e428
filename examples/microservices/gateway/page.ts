// Runs in the browser. It keeps asking both APIs with the token that it has or had, so that one can watch a token die.

import { AuthClientError, createAuthClient } from '@latchkey/client'

const auth = createAuthClient()
const find = (id: string) => document.getElementById(id)!

/** The last one. An app would use `auth.fetch`, and never hold a token itself. */
let token: string | null = null

auth.subscribe(({ status, user, ended }) => {
  find('sign-in').hidden = status !== 'signed-out'
  find('signed-in').hidden = status !== 'signed-in'
  find('user').textContent = user?.email ?? ''
  if (ended?.code === 'SESSION_REVOKED') say('You were signed out elsewhere.')
})

find('sign-in').addEventListener('submit', async (event) => {
  event.preventDefault()
  const form = new FormData(event.target as HTMLFormElement, (event as SubmitEvent).submitter)
  const credentials = { email: String(form.get('email')), password: String(form.get('password')) }
  await attempt(async () => {
    await (form.get('what') === 'register' ? auth.register(credentials) : auth.login(credentials))
    say('')
    await ask()
  })
})

find('sign-out').addEventListener('click', () =>
  attempt(async () => {
    await auth.logout()
    say('You are signed out.')
    await ask()
  }),
)

find('sign-out-elsewhere').addEventListener('click', () =>
  attempt(async () => {
    const { status } = await auth.fetch('/auth/sessions', { method: 'DELETE' })
    say(status === 204 ? 'Your other sessions have ended.' : 'That did not work. Please try again.')
  }),
)

await attempt(async () => {
  await auth.getAccessToken()
  await ask()
})
setInterval(() => attempt(ask), 1000)

async function ask(): Promise<void> {
  if (auth.status === 'signed-in') token = await auth.getAccessToken()
  if (token === null) return
  find('answers').hidden = false
  const answers = await Promise.all(['orders', 'stock'].map((api) => askOne(api, `Bearer ${token}`)))
  // The session is over, then: the service knows for sure.
  if (answers.includes('TOKEN_REVOKED') && auth.status === 'signed-in') await auth.refresh()
}

async function askOne(api: string, authorization: string): Promise<string | undefined> {
  const response = await fetch(`/${api}`, { headers: { authorization } })
  const body = await response.json()
  const place = find(api)
  place.className = response.ok ? '' : 'refused'
  place.textContent = response.ok
    ? body.map((entry: object) => Object.values(entry).slice(0, 2).join(': ')).join(' · ')
    : `${response.status} ${body.error}`
  return body.error
}

async function attempt(work: () => Promise<void>): Promise<void> {
  try {
    await work()
  } catch (error) {
    if (!(error instanceof AuthClientError)) say('We cannot be reached just now.')
    else if (error.code !== 'SESSION_REVOKED') say(error.code)
  }
}

function say(text: string): void {
  find('says').textContent = text
}
