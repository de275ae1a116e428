// Shows who is signed in, and signs up.
import { createAuthClient } from '@latchkey/client'

const auth = createAuthClient({ baseUrl: import.meta.env.VITE_LATCHKEY_URL })

const show = ({ user }) => {
  document.querySelector('output').textContent = user?.email ?? 'nobody'
}
auth.subscribe(show)
document.querySelector('form').addEventListener('submit', (event) => {
  event.preventDefault()
  const { email, password } = Object.fromEntries(new FormData(event.target))
  auth.register({ email, password })
})

await auth.getAccessToken()
show(auth.state)
