// What the benchmarks found, kept as JSON beside this file: one file for each scenario, and the pictures and tables made of them.
// It measures nothing.

/** A figure over a scale of which each step is so many times the one before, such as connections. */
interface Lines {
  kind: 'lines'
  title: string
  xLabel: string
  yLabel: string
  x: readonly number[]
  series: readonly { name: string; y: readonly number[] }[]
}

/** One figure for each of several, longest bar for the greatest. */
interface Bars {
  kind: 'bars'
  title: string
  yLabel: string
  bars: readonly { name: string; value: number }[]
}

export type Plot = Lines | Bars

const WIDTH = 720
const FONT = '13px system-ui, -apple-system, "Segoe UI", Helvetica, Arial, sans-serif'
/** For each colour, what it is on white and on black. The first is for what others are measured by. */
const COLOURS = [
  ['#6e7781', '#8b949e'],
  ['#0969da', '#58a6ff'],
  ['#bc4c00', '#f0883e'],
  ['#8250df', '#bc8cff'],
  ['#1a7f37', '#3fb950'],
] as const
const COLOUR_OF: Readonly<Record<string, number>> = {
  floor: 0,
  sqlite: 1,
  latchkey: 1,
  postgresql: 2,
  redis: 3,
}

/** A picture that brings its own background, light or dark as the reader's system is. */
export function svgOf(plot: Plot): string {
  const { height, body } = plot.kind === 'lines' ? lines(plot) : bars(plot)
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img" aria-label="${escaped(plot.title)}">
<style>
${theme(0, '#ffffff', '#1f2328', '#59636e', '#d1d9e0')}
@media (prefers-color-scheme: dark) {
${theme(1, '#0d1117', '#e6edf3', '#9198a1', '#3d444d')}
}
</style>
<rect class="back" width="${WIDTH}" height="${height}" rx="6"/>
<text class="title" x="20" y="28">${escaped(plot.title)}</text>
${body.join('\n')}
</svg>
`
}

function theme(scheme: 0 | 1, back: string, text: string, quiet: string, grid: string): string {
  return [
    `text { font: ${FONT}; fill: ${quiet}; } .title, .name { fill: ${text}; } .title { font-weight: 600; }`,
    `.back { fill: ${back}; } .grid { stroke: ${grid}; stroke-width: 1; }`,
    ...COLOURS.map(
      (colour, index) =>
        `.line${index} { stroke: ${colour[scheme]}; fill: none; stroke-width: 2; } .fill${index} { fill: ${colour[scheme]}; }`,
    ),
  ].join('\n')
}

const TOP = 60
const BOTTOM = 300
const LEFT = 76
const RIGHT = 600
const LABEL_HEIGHT = 17

function lines({ xLabel, yLabel, x, series }: Lines): { height: number; body: string[] } {
  const ceiling = roundUp(Math.max(...series.flatMap(({ y }) => y)))
  const xOf = (index: number) => (x.length === 1 ? LEFT : LEFT + ((RIGHT - LEFT) * index) / (x.length - 1))
  const yOf = (value: number) => BOTTOM - ((BOTTOM - TOP) * value) / ceiling
  const grid = [0, 0.25, 0.5, 0.75, 1].map((share) => {
    const y = yOf(share * ceiling)
    return `<line class="grid" x1="${LEFT}" x2="${RIGHT}" y1="${y}" y2="${y}"/><text x="${LEFT - 8}" y="${y + 4}" text-anchor="end">${number(share * ceiling)}</text>`
  })
  const ticks = x.map(
    (value, index) =>
      `<text x="${xOf(index)}" y="${BOTTOM + 20}" text-anchor="middle">${number(value)}</text>`,
  )
  const drawn = series.map(({ name, y }, index) => {
    const colour = colourOf(name, index)
    const points = y.map((value, at) => `${xOf(at).toFixed(1)},${yOf(value).toFixed(1)}`)
    const dots = points.map((point) => {
      const [cx, cy] = point.split(',')
      return `<circle class="fill${colour}" cx="${cx}" cy="${cy}" r="3.5"/>`
    })
    return `<polyline class="line${colour}" points="${points.join(' ')}"/>${dots.join('')}`
  })
  return {
    height: BOTTOM + 56,
    body: [
      ...grid,
      ...ticks,
      `<text x="20" y="48">${escaped(yLabel)}</text>`,
      `<text x="${(LEFT + RIGHT) / 2}" y="${BOTTOM + 42}" text-anchor="middle">${escaped(xLabel)}</text>`,
      ...drawn,
      ...endLabels(series.map(({ name, y }, index) => ({ name, index, at: yOf(y.at(-1) ?? 0) }))),
    ],
  }
}

/** Each line is named where it ends; names that would cover each other move apart. */
function endLabels(labels: { name: string; index: number; at: number }[]): string[] {
  let free = 0
  return labels
    .sort((a, b) => a.at - b.at)
    .map(({ name, index, at }) => {
      const y = Math.max(at + 4, free)
      free = y + LABEL_HEIGHT
      return `<circle class="fill${colourOf(name, index)}" cx="${RIGHT + 14}" cy="${y - 4}" r="3.5"/><text class="name" x="${RIGHT + 24}" y="${y}">${escaped(name)}</text>`
    })
}

function bars({ yLabel, bars }: Bars): { height: number; body: string[] } {
  const step = 36
  const left = 150
  const longest = Math.max(...bars.map(({ value }) => value))
  return {
    height: TOP + bars.length * step + 16,
    body: [
      `<text x="20" y="48">${escaped(yLabel)}</text>`,
      ...bars.map(({ name, value }, index) => {
        const y = TOP + 6 + index * step
        const width = Math.max(2, ((RIGHT - left) * value) / longest)
        const colour = COLOUR_OF[name.toLowerCase()] ?? 0
        return `<text class="name" x="${left - 10}" y="${y + 16}" text-anchor="end">${escaped(name)}</text><rect class="fill${colour}" x="${left}" y="${y}" width="${width.toFixed(1)}" height="22" rx="3"/><text x="${left + width + 8}" y="${y + 16}">${number(value)}</text>`
      }),
    ],
  }
}

function colourOf(name: string, index: number): number {
  return COLOUR_OF[name.toLowerCase()] ?? (index + 1) % COLOURS.length
}

/** The next of some numbers, times a power of ten, a quarter of which is short. */
function roundUp(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value))
  return ([1, 1.2, 1.6, 2, 3, 4, 6, 8, 10].find((step) => step * power >= value) ?? 10) * power
}

function number(value: number): string {
  return value.toLocaleString('en', { maximumFractionDigits: value < 10 ? 2 : 0 })
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;')
}
