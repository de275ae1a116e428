import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks'
import type { JournalEntry } from '../calls/journal.ts'
import { type Layout, layOut, type Place } from './layout.ts'
import { type Detail, LIFELINE_NAMES, type Lifeline, spoken, toRow } from './rows.ts'

/** Narrower frames scroll sideways. */
const NARROWEST = 300

interface DiagramProps {
  entries: readonly JournalEntry[]
  hasApi: boolean
}

/** Draws the calls with the newest at the bottom, and says the same in a list for those who do not see it. */
export function Diagram({ entries, hasApi }: DiagramProps) {
  const frame = useRef<HTMLElement>(null)
  const { width, height: frameHeight } = useSize(frame)
  const rows = entries.map(toRow)
  const lifelines: Lifeline[] = hasApi ? ['browser', 'service', 'api'] : ['browser', 'service']
  const layout = layOut(rows, width, hasApi)
  const height = Math.max(layout.height, frameHeight)
  useFollow(frame, entries.at(-1)?.id)

  return (
    <div class="diagram">
      <svg class="lifeline-names" width={width} height={30} aria-hidden="true">
        {lifelines.map((name) => (
          <text
            key={name}
            x={Math.max(40, Math.min(layout.x[name], width - 40))}
            y={20}
            class="lifeline-name"
          >
            {LIFELINE_NAMES[name]}
          </text>
        ))}
      </svg>
      <section
        class="diagram-frame"
        ref={frame}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reachable by keyboard
        tabIndex={0}
        aria-label="Sequence diagram of the calls"
      >
        <svg width={width} height={height} aria-hidden="true">
          {lifelines.map((name) => (
            <line key={name} class="lifeline" x1={layout.x[name]} x2={layout.x[name]} y1={0} y2={height} />
          ))}
          {layout.places.map((place) => (
            <RowDrawing key={place.row.id} place={place} layout={layout} width={width} />
          ))}
        </svg>
        <ol class="visually-hidden">
          {rows.map((row) => (
            <li key={row.id}>{spoken(row)}</li>
          ))}
        </ol>
        {rows.length === 0 && <p class="diagram-empty">Every call will be drawn here as it happens.</p>}
      </section>
    </div>
  )
}

function RowDrawing({ place, layout, width }: { place: Place; layout: Layout; width: number }) {
  return place.row.kind === 'note' ? (
    <Note place={place} layout={layout} width={width} />
  ) : (
    <Arrow place={place} layout={layout} />
  )
}

function Arrow({ place: { row, y }, layout: { x } }: { place: Place; layout: Layout }) {
  if (row.kind !== 'arrow') return null
  const [start, end] = [x[row.from], x[row.to]]
  const forward = end > start ? 1 : -1
  const tip = row.isLost ? (start + end) / 2 : end
  const text = Math.min(start, end) + 14
  return (
    <g class={`row arrow tone-${row.tone}`}>
      <line class="shaft" x1={start} x2={tip - forward * 7} y1={y} y2={y} />
      {row.isLost ? (
        <path class="lost" d={`M${tip - 5} ${y - 5}l10 10m0 -10l-10 10`} />
      ) : (
        <path class="head" d={`M${tip} ${y}l${-forward * 9} -4.5v9z`} />
      )}
      <circle class="tail" cx={start} cy={y} r={3} />
      <text class="label" x={text} y={y - 7}>
        {row.label}
      </text>
      {row.detail !== undefined && <DetailLine detail={row.detail} x={text} y={y + 15} />}
    </g>
  )
}

function DetailLine({ detail, x, y }: { detail: Detail; x: number; y: number }) {
  return (
    <>
      {detail.isSealed && <path class="seal" d={`M${x} ${y - 4.5}h9v6h-9zm2 0v-2a2.5 2.5 0 0 1 5 0v2`} />}
      <text class="detail" x={detail.isSealed ? x + 14 : x} y={y}>
        {detail.text}
      </text>
    </>
  )
}

function Note({ place: { row, y }, layout, width }: { place: Place; layout: Layout; width: number }) {
  if (row.kind !== 'note') return null
  const size = Math.min(row.label.length * 7.3 + 26, width - 16)
  const left = Math.max(8, Math.min(layout.x[row.at] - size / 2, width - size - 8))
  return (
    <g class={`row note tone-${row.tone}`}>
      <rect x={left} y={y - 13} width={size} height={26} rx={13} />
      <text class="label" x={left + size / 2} y={y + 4}>
        {row.label}
      </text>
    </g>
  )
}

function useSize(frame: { current: HTMLElement | null }): { width: number; height: number } {
  const [size, setSize] = useState({ width: 560, height: 0 })
  useLayoutEffect(() => {
    const element = frame.current
    if (element === null) return
    const observer = new ResizeObserver(() =>
      setSize({ width: Math.max(NARROWEST, element.clientWidth), height: element.clientHeight }),
    )
    observer.observe(element)
    return () => observer.disconnect()
  }, [frame])
  return size
}

/** Keeps the newest row in sight. */
function useFollow(frame: { current: HTMLElement | null }, newest: number | undefined): void {
  useEffect(() => {
    if (newest !== undefined) frame.current?.scrollTo({ top: frame.current.scrollHeight })
  }, [frame, newest])
}
