// What every hosted page has around its content. It owns the header, the colours and the type; no page's content.

import type { ComponentChildren } from 'preact'
import { Mark } from './mark.tsx'

const PAGES = [
  { path: '/', name: 'Live session' },
  { path: '/docs', name: 'API' },
  { path: '/decoder', name: 'Decoder' },
] as const

interface ShellProps {
  current: (typeof PAGES)[number]['path']
  children: ComponentChildren
}

export function Shell({ current, children }: ShellProps) {
  return (
    <>
      <a class="skip-link" href="#main">
        Skip to the content
      </a>
      <header class="masthead">
        <a class="brand" href="/">
          <Mark />
          Latchkey
        </a>
        <nav aria-label="Pages">
          {PAGES.map(({ path, name }) => (
            <a key={path} href={path} aria-current={path === current ? 'page' : undefined}>
              {name}
            </a>
          ))}
        </nav>
      </header>
      <main id="main" tabIndex={-1}>
        {children}
      </main>
    </>
  )
}
