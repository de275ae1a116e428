import { useState } from 'preact/hooks'
import type { LiveSession } from './live-session.ts'

interface Action {
  name: string
  what: string
  run(): Promise<void>
  tone?: 'primary' | 'danger'
  developmentOnly?: true
}

function actionsOf(live: LiveSession): Action[] {
  return [
    { name: 'Call the API', what: 'with the access token', run: () => live.callApi(1), tone: 'primary' },
    { name: 'Make ten calls at once', what: 'one refresh serves them all', run: () => live.callApi(10) },
    {
      name: 'Let the token run out',
      what: 'then call the API again',
      run: live.letTokenRunOut,
      developmentOnly: true,
    },
    { name: 'Refresh now', what: 'new access token, new cookie', run: live.refresh },
    {
      name: 'Replay an old token',
      what: 'as a thief would',
      run: live.replay,
      tone: 'danger',
      developmentOnly: true,
    },
  ]
}

export function Actions({ live }: { live: LiveSession }) {
  const [running, setRunning] = useState<string | null>(null)
  const actions = actionsOf(live).filter(({ developmentOnly }) => live.isDevelopment || !developmentOnly)

  async function run(action: Action) {
    setRunning(action.name)
    await action.run()
    setRunning(null)
  }

  return (
    <section class="card" aria-labelledby="actions-title">
      <h2 id="actions-title">Put it to use</h2>
      <ul class="actions">
        {actions.map((action) => (
          <li key={action.name}>
            <button
              type="button"
              class={action.tone}
              aria-describedby={idOf(action)}
              aria-disabled={running !== null}
              onClick={() => running === null && run(action)}
            >
              {action.name}
            </button>
            <span class="what" id={idOf(action)}>
              {action.what}
            </span>
          </li>
        ))}
        <li>
          <a class="button" href="/" target="_blank" rel="noopener" aria-describedby="second-tab">
            Open a second tab
          </a>
          <span class="what" id="second-tab">
            the same session, shared
          </span>
        </li>
      </ul>
    </section>
  )
}

function idOf({ name }: Action): string {
  return `what-${name.toLowerCase().replaceAll(' ', '-')}`
}
