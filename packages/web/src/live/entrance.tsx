import { useRef, useState } from 'preact/hooks'
import { errorInWords } from '../words/errors.ts'
import type { LiveSession } from './live-session.ts'

const WAYS = {
  register: {
    name: 'Sign up',
    busy: 'Signing up…',
    autocomplete: 'new-password',
    hint: 'At least eight characters, of any kind. Long and easy to remember beats short and strange.',
  },
  login: { name: 'Sign in', busy: 'Signing in…', autocomplete: 'current-password', hint: null },
} as const

type Way = keyof typeof WAYS

export function Entrance({ live }: { live: LiveSession }) {
  const [way, setWay] = useState<Way>(live.lastEmail === null ? 'register' : 'login')
  return (
    <section class="card entrance">
      <h1 tabIndex={-1}>Watch a session live</h1>
      <p class="lead">
        Sign up with any address: nothing is sent to it. Then see what your browser, Latchkey and an API say
        to each other, while the access token runs out and is renewed.
      </p>
      <fieldset class="ways">
        <legend class="visually-hidden">Sign up or sign in</legend>
        {(Object.keys(WAYS) as Way[]).map((name) => (
          <label key={name}>
            <input type="radio" name="way" checked={way === name} onChange={() => setWay(name)} />
            <span>{WAYS[name].name}</span>
          </label>
        ))}
      </fieldset>
      <CredentialsForm key={way} way={way} live={live} />
    </section>
  )
}

function CredentialsForm({ way, live }: { way: Way; live: LiveSession }) {
  const { name, busy, autocomplete, hint } = WAYS[way]
  const [problem, setProblem] = useState<string | null>(null)
  const [isBusy, setBusy] = useState(false)
  const [isShown, setShown] = useState(false)
  const emailInput = useRef<HTMLInputElement>(null)

  async function submit(event: SubmitEvent) {
    event.preventDefault()
    const form = new FormData(event.currentTarget as HTMLFormElement)
    setBusy(true)
    setProblem(null)
    try {
      await live.enter(way, { email: String(form.get('email')), password: String(form.get('password')) })
    } catch (error) {
      setBusy(false)
      setProblem(errorInWords(error))
      emailInput.current?.focus()
    }
  }

  const describedBy = [hint && 'password-hint', problem && 'form-problem'].filter(Boolean).join(' ')
  return (
    <form onSubmit={submit} aria-busy={isBusy}>
      <label class="field" for="email">
        E-mail address
      </label>
      <input
        ref={emailInput}
        id="email"
        name="email"
        type="email"
        autocomplete="username"
        required
        defaultValue={live.lastEmail ?? ''}
        aria-invalid={problem !== null}
        aria-describedby={problem === null ? undefined : 'form-problem'}
      />
      <label class="field" for="password">
        Password
      </label>
      <div class="password">
        <input
          id="password"
          name="password"
          {...(isShown ? ({ type: 'text' } as const) : ({ type: 'password' } as const))}
          autocomplete={autocomplete}
          required
          maxLength={256}
          aria-invalid={problem !== null}
          aria-describedby={describedBy === '' ? undefined : describedBy}
        />
        <button type="button" class="quiet" aria-pressed={isShown} onClick={() => setShown(!isShown)}>
          Show<span class="visually-hidden"> the password</span>
        </button>
      </div>
      {hint !== null && (
        <p class="hint" id="password-hint">
          {hint}
        </p>
      )}
      <p class="form-problem" id="form-problem" role="alert">
        {problem}
      </p>
      <button type="submit" class="primary" disabled={isBusy}>
        {isBusy ? busy : name}
      </button>
    </form>
  )
}
