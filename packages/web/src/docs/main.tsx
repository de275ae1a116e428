import { render } from 'preact'
import { ApiPage } from './api-page.tsx'
import { endpointsOf } from './endpoints.ts'
import { loadOpenApi, type OpenApi } from './openapi.ts'

const page = document.getElementById('page') as HTMLElement

function show(document: OpenApi) {
  render(<ApiPage info={document.info} endpoints={endpointsOf(document)} />, page)
  // The browser looked for the anchor before there was anything to find.
  if (location.hash !== '') globalThis.document.getElementById(location.hash.slice(1))?.scrollIntoView()
}

loadOpenApi().then(show, () => {
  render(<p role="alert">The service does not answer. Please load the page again.</p>, page)
})
