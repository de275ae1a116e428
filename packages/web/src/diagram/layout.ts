import type { Lifeline, Row } from './rows.ts'

export interface Place {
  row: Row
  /** The line that an arrow runs on, or the middle of a note. */
  y: number
}

export interface Layout {
  height: number
  x: Record<Lifeline, number>
  places: Place[]
}

const TOP = 22
const BOTTOM = 26
const HEIGHTS = { note: 40, arrow: 34, 'arrow with detail': 48 }

/** Where everything goes, in pixels, for a drawing that is `width` wide. */
export function layOut(rows: readonly Row[], width: number, hasApi: boolean): Layout {
  const edge = Math.max(34, Math.min(width * 0.1, 90))
  const middle = hasApi ? width * 0.62 : width - edge
  let bottom = TOP
  const places = rows.map((row) => {
    const isDetailed = row.kind === 'arrow' && row.detail !== undefined
    const height = HEIGHTS[isDetailed ? 'arrow with detail' : row.kind]
    const y = row.kind === 'note' ? bottom + height / 2 + 2 : bottom + 24
    bottom += height
    return { row, y }
  })
  return { height: bottom + BOTTOM, x: { browser: edge, service: middle, api: width - edge }, places }
}
