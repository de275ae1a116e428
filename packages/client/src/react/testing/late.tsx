import { Who } from './app.tsx'

/** Code that the page gets later than the rest. */
export default function Late() {
  return (
    <p>
      late <Who />
    </p>
  )
}
