import { MEANING, NAMES, takes } from './faults.ts'
import type { Plan } from './plan.ts'

/** The grammar, for `--help`. */
export const REHEARSAL_HELP = [
  'Faults to rehearse, such as --rehearse drop-refresh-answer=10%,delay=200-2000ms,clock=+1h',
  ...columns(NAMES.map((name) => [`${name}=${takes(name)}`, MEANING[name]])),
  'WHEN is a share of the requests (10%), or a spell (10s/60s: the first 10 s of every 60 s).',
  'TIME is a time (500ms, 2s) or a range (200-2000ms); OFFSET has a sign (+1h, -30m).',
  'Names with "refresh" concern POST /auth/refresh and POST /oauth/token, the others all of /auth/.',
  'Only in development, with a loopback address and origin.',
].join('\n')

/** What is said at the start, a line each. */
export function announcement({ items }: Plan, seed: number): string[] {
  const given = items.filter(({ name }) => name !== 'seed')
  return [
    'REHEARSAL: this service breaks on purpose.',
    ...columns([
      ...given.map(({ name, text }): [string, string] => [text, MEANING[name]]),
      [`seed=${seed}`, MEANING.seed],
    ]),
  ]
}

function columns(rows: readonly (readonly [string, string])[]): string[] {
  const width = Math.max(...rows.map(([first]) => first.length))
  return rows.map(([first, second]) => `  ${first.padEnd(width)}  ${second}`)
}
