import { useState } from 'preact/hooks'
import { Shell } from '../shell/shell.tsx'
import { EndpointView } from './endpoint-view.tsx'
import { byGroup, type Endpoint, search } from './endpoints.ts'
import type { OpenApi } from './openapi.ts'

interface ApiPageProps {
  info: OpenApi['info']
  endpoints: readonly Endpoint[]
}

export function ApiPage({ info, endpoints }: ApiPageProps) {
  const [query, setQuery] = useState('')
  const found = search(endpoints, query)
  const groups = byGroup(found)
  return (
    <Shell current="/docs">
      <div class="docs">
        <nav class="contents" aria-label="Endpoints">
          <search>
            <label class="field" for="search">
              Search
            </label>
            <input
              id="search"
              type="search"
              placeholder="a path, a field, an error code"
              value={query}
              onInput={(event) => setQuery(event.currentTarget.value)}
            />
            <p class="hint" role="status">
              {query === ''
                ? `${endpoints.length} endpoints`
                : `${found.length} of ${endpoints.length} endpoints`}
            </p>
          </search>
          {groups.map(([group, members]) => (
            <section key={group}>
              <h2>{group}</h2>
              <ul>
                {members.map(({ id, method, path }) => (
                  <li key={id}>
                    <a href={`#${id}`}>
                      <span class={`method method-${method.toLowerCase()}`}>{method}</span> {path}
                    </a>
                  </li>
                ))}
              </ul>
            </section>
          ))}
        </nav>
        <div class="endpoints">
          <h1>The {info.title} API</h1>
          <p class="lead">{info.description}</p>
          <p class="hint">
            Version {info.version} of the contract, as this service serves it. For programs:{' '}
            <a href="/openapi.json">openapi.json</a>
          </p>
          {groups.map(([group, members]) => (
            <section key={group} aria-label={group}>
              <h2 class="group">{group}</h2>
              {members.map((endpoint) => (
                <EndpointView key={endpoint.id} endpoint={endpoint} />
              ))}
            </section>
          ))}
          {found.length === 0 && <p class="lead">Nothing has all of these words.</p>}
        </div>
      </div>
    </Shell>
  )
}
