import { render } from 'preact'
import { createLiveSession } from './live-session.ts'
import { LiveView } from './live-view.tsx'

const live = createLiveSession()
render(<LiveView live={live} />, document.getElementById('page') as HTMLElement)
void live.start()
