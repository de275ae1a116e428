import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Finding, Rows } from '../scenario.ts'
import { svgOf } from './plot.ts'
import { type Result, readResult, resultsDirectory } from './result.ts'

const DOCS = join(import.meta.dirname, '../../docs')
const BLOCK = /<!-- bench: ([^>]+) -->\n[\s\S]*?<!-- \/bench -->/g

/** The pages that show figures. */
const PAGES = ['performance.md', 'scaling.md']

/**
 * Writes the tables of the pages, between `<!-- bench: NAME -->` and `<!-- /bench -->`, and the pictures that it shows, from
 * what was measured last. A name is `SCENARIO/TABLE`, `SCENARIO/machine`, or `findings SCENARIO SCENARIO ...`. Returns the files
 * that were written. Rough figures go to copies of the pages.
 */
export function writePage(scenarios: readonly string[], quick: boolean): string[] {
  const results = new Map<string, Result>()
  for (const scenario of scenarios) {
    const result = readResult(scenario, quick)
    if (result !== undefined) results.set(scenario, result)
  }
  const directory = quick ? resultsDirectory(quick) : DOCS
  mkdirSync(join(directory, 'images'), { recursive: true })
  const written = PAGES.map((name) => {
    const page = join(directory, name)
    const text = readFileSync(join(DOCS, name), 'utf8')
    writeFileSync(
      page,
      text.replace(BLOCK, (block, table: string) => {
        const content = contentOf(table, results)
        return content === undefined ? block : `<!-- bench: ${table} -->\n${content}\n<!-- /bench -->`
      }),
    )
    return page
  })
  for (const { scenario, plots } of results.values()) {
    for (const [name, plot] of Object.entries(plots)) {
      const file = join(directory, 'images', `bench-${scenario}-${name}.svg`)
      writeFileSync(file, svgOf(plot))
      written.push(file)
    }
  }
  return written
}

function contentOf(name: string, results: ReadonlyMap<string, Result>): string | undefined {
  const [kind, ...scenarios] = name.split(' ')
  if (kind === 'findings') {
    const findings = scenarios.flatMap((scenario) => results.get(scenario)?.findings ?? [])
    return findings.length === 0
      ? undefined
      : markdown([['', 'measured', 'promised'], ...findings.map(cells)])
  }
  const [scenario = '', table = ''] = name.split('/')
  const result = results.get(scenario)
  if (result === undefined) return undefined
  if (table === 'machine') return machine(result)
  const rows = result.tables[table]
  return rows === undefined ? undefined : markdown(rows)
}

function cells({ what, measured, promised = '', holds }: Finding): string[] {
  return [what, measured, holds === false ? `${promised}: **not held**` : promised]
}

function machine({ machine, measuredAt }: Result): string {
  const { cores, node, fileSystem, flushMicros } = machine
  const flush = (flushMicros / 1000).toFixed(1)
  return `${cores} cores, ${fileSystem}, ${flush} ms for a flush to the disk, Node ${node}, on ${measuredAt.slice(0, 10)}; load and service on the same machine.`
}

function markdown(rows: Rows): string {
  const [headings = [], ...body] = rows
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  const alignment = headings.map((_, column) =>
    body.some((row) => /^[\d.,]+/.test(row[column] ?? '')) ? '--:' : '---',
  )
  return [line(headings), `|${alignment.join('|')}|`, ...body.map(line)].join('\n')
}
