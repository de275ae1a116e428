import { styleText } from 'node:util'
import {
  type CheckedSignature,
  describeTimes,
  escapeUnseen,
  type Finding,
  type Inspection,
  meaningOf,
  NOT_VERIFIED,
  type Part,
  type TokenTimes,
  type UncheckedSignature,
} from '@latchkey/verifier/inspect'

/** What became of the signature; the first two only where keys were given. */
export type SignatureState =
  | CheckedSignature
  | UncheckedSignature
  | { result: 'no keys'; text: string }
  | { result: 'not asked'; text: string }

export interface ReportOptions {
  /** In seconds since the epoch. */
  now: number
  colours: boolean
}

const BAR_WIDTH = 40

/**
 * What `latchkey decode` prints. Whoever wrote the token wrote the values, so no character of theirs reaches the terminal that does
 * more there than be seen.
 */
export function decodeReport(
  inspection: Inspection,
  signature: SignatureState,
  options: ReportOptions,
): string {
  const paint: Paint = options.colours
    ? (style, text) => styleText(style, text, { validateStream: false })
    : (_, text) => text
  if (inspection.kind === 'no token') return lines(findingLines(inspection.findings, paint))

  const times =
    inspection.kind === 'signed' && inspection.payload.members !== null
      ? describeTimes(inspection.payload.members, options.now)
      : null
  return lines([
    ...signatureLines(signature, paint),
    '',
    ...partLines('Header', inspection.header, null, paint),
    ...(inspection.kind === 'signed' ? ['', ...partLines('Payload', inspection.payload, times, paint)] : []),
    ...(times === null ? [] : ['', ...lifetimeLines(times, paint)]),
    ...(inspection.findings.length === 0 ? [] : ['', ...findingLines(inspection.findings, paint)]),
  ])
}

/** The same for programs, as one JSON text. */
export function decodeJson(inspection: Inspection, signature: SignatureState, now: number): string {
  // A refresh token is no part of an inspection, and a signed one need not be repeated.
  const shown = { ...inspection, token: undefined }
  const claims = inspection.kind === 'signed' ? inspection.payload.members : null
  const times = claims === null ? undefined : describeTimes(claims, now)
  const json = JSON.stringify({ ...shown, times, signature }, null, 2)
  return lines(json.split('\n').map(escapeUnseen))
}

type Paint = (style: 'bold' | 'dim' | 'red' | 'yellow' | 'green' | 'cyan', text: string) => string

function signatureLines({ result, text }: SignatureState, paint: Paint): string[] {
  if (result === 'holds') return [paint('green', text)]
  // What a parser says of keys that are none may quote them.
  return [paint(result === 'not asked' ? 'yellow' : 'red', NOT_VERIFIED), escapeUnseen(text)]
}

function partLines(title: string, { text, members }: Part, times: TokenTimes | null, paint: Paint): string[] {
  const heading = paint('bold', title)
  if (members === null) return [heading, text === null ? '  (cannot be read)' : `  ${escapeUnseen(text)}`]

  const entries = Object.entries(members).map(([name, value]) => ({
    name: escapeUnseen(name),
    value: escapeUnseen(JSON.stringify(value)),
    note: noteOn(name, times),
  }))
  const width = Math.max(...entries.map(({ name }) => Math.min(name.length, 16)))
  return [
    heading,
    ...entries.map(({ name, value, note }) => {
      const remark = note === undefined ? '' : `  ${paint('dim', note)}`
      return `  ${paint('cyan', name.padEnd(width))}  ${value}${remark}`
    }),
  ]
}

function noteOn(name: string, times: TokenTimes | null): string | undefined {
  const time = times?.claims.find((claim) => claim.name === name)
  if (time === undefined) return meaningOf(name)
  return time.instant === null ? time.text : `${time.instant.replace('.000Z', 'Z')}, ${time.text}`
}

function lifetimeLines({ state, text, lifetimeSeconds, leftSeconds }: TokenTimes, paint: Paint): string[] {
  const words = paint(state === 'running' ? 'green' : 'red', text)
  if (lifetimeSeconds === null || leftSeconds === null) return [words]
  const left = Math.ceil(Math.min(1, leftSeconds / lifetimeSeconds) * BAR_WIDTH)
  return [`[${'#'.repeat(left)}${'-'.repeat(BAR_WIDTH - left)}] ${words}`]
}

const STYLES = { danger: 'red', warning: 'yellow', note: 'dim' } as const

function findingLines(findings: readonly Finding[], paint: Paint): string[] {
  return findings.map(
    ({ code, severity, text }) => `${paint(STYLES[severity], `${severity} ${code}`)}: ${text}`,
  )
}

function lines(text: readonly string[]): string {
  return text.map((line) => `${line}\n`).join('')
}
