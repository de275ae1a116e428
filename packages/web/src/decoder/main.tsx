import { render } from 'preact'
import { DecoderPage } from './decoder-page.tsx'

render(<DecoderPage />, document.getElementById('page') as HTMLElement)
