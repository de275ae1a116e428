// Runs in the browser: signing in and out, by the page's own client.

import { AuthClientError, createAuthClient } from '@latchkey/client'

const auth = createAuthClient()
const says = document.querySelector('#says')!

document.querySelector<HTMLFormElement>('#sign-in')?.addEventListener('submit', async (event) => {
  event.preventDefault()
  const form = new FormData(event.target as HTMLFormElement, event.submitter)
  const credentials = { email: String(form.get('email')), password: String(form.get('password')) }
  try {
    await (form.get('what') === 'register' ? auth.register(credentials) : auth.login(credentials))
    location.reload()
  } catch (error) {
    says.textContent = error instanceof AuthClientError ? error.code : 'Something went wrong'
  }
})

document.querySelector('#sign-out')?.addEventListener('click', async () => {
  try {
    await auth.logout()
    location.reload()
  } catch {
    says.textContent = 'Signed out here. The service will be told as soon as it can be reached.'
  }
})

if (document.body.dataset.status === 'signed-in') {
  // Another tab signed out, or the session was ended: what was rendered for its user goes.
  auth.subscribe(({ status }) => {
    if (status === 'signed-out') {
      document.querySelector('main')!.innerHTML = '<p>You are signed out. <a href="">Sign in</a></p>'
    }
  })
  // The page holds no token yet. With its first one it knows which session the other tabs speak of.
  auth.getAccessToken().catch(() => {
    says.textContent = 'We cannot be reached just now.'
  })
}
