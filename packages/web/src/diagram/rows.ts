// The sequence diagram of the calls. It owns how they are worded, laid out and drawn, and makes none.

import type { Call, Callee, JournalEntry } from '../calls/journal.ts'

export type Lifeline = 'browser' | Callee

export type Tone = 'request' | 'good' | 'refused' | 'calm' | 'alarm'

/** What an arrow carries. Sealed: in a cookie that no script can read, so this page neither. */
export interface Detail {
  text: string
  isSealed: boolean
}

/** One line of the diagram, in words. */
export type Row = { id: number; label: string; tone: Tone } & (
  | { kind: 'arrow'; from: Lifeline; to: Lifeline; detail?: Detail; isLost: boolean }
  | { kind: 'note'; at: Lifeline }
)

export const LIFELINE_NAMES: Record<Lifeline, string> = {
  browser: 'Browser',
  service: 'Latchkey',
  api: 'Your API',
}

const STATUS_NAMES: { [status: number]: string } = { 200: 'OK', 201: 'Created', 204: 'No Content' }

const CONSEQUENCES: { [error: string]: string } = {
  TOKEN_EXPIRED: 'so the client renews it and asks again',
  TOKEN_REVOKED: 'the session behind it is over',
  REFRESH_MISSING: 'there was no cookie: nobody is signed in here',
  SESSION_REVOKED: 'nothing of this session works any more',
}

export function toRow(entry: JournalEntry): Row {
  const { id } = entry
  if (entry.kind === 'note') return { id, kind: 'note', at: entry.at, label: entry.text, tone: entry.tone }
  const { call } = entry
  if (entry.kind === 'request') {
    const label = `${entry.isRepeat ? 'again: ' : ''}${call.method} ${shortPath(call.path)}`
    const detail = carried(call)
    return {
      id,
      kind: 'arrow',
      from: 'browser',
      to: call.callee,
      label,
      detail,
      tone: 'request',
      isLost: false,
    }
  }
  const back = { id, kind: 'arrow', from: call.callee, to: 'browser' } as const
  if (entry.kind === 'no answer') return { ...back, label: 'no answer', tone: 'refused', isLost: true }
  const { status, error } = entry
  const isGood = status < 400
  return {
    ...back,
    label: `${status} ${error ?? STATUS_NAMES[status] ?? ''}`.trimEnd(),
    detail: isGood ? received(call) : consequence(error),
    tone: isGood ? 'good' : 'refused',
    isLost: false,
  }
}

/** The same line for those who hear it. */
export function spoken(row: Row): string {
  if (row.kind === 'note') return `${LIFELINE_NAMES[row.at]}: ${row.label}`
  const detail = row.detail === undefined ? '' : `, ${row.detail.text}`
  return `${LIFELINE_NAMES[row.from]} to ${LIFELINE_NAMES[row.to]}: ${row.label}${detail}`
}

function carried({ credential }: Call): Detail | undefined {
  if (credential === 'bearer') return open('access token, as Bearer')
  if (credential === 'expired bearer') return open('access token that ran out, as Bearer')
  if (credential === 'cookie') return sealed('refresh token, in the HttpOnly cookie')
  return undefined
}

function received({ path }: Call): Detail | undefined {
  if (path === '/auth/login' || path === '/auth/register' || path === '/auth/refresh') {
    return sealed('new access token, new HttpOnly cookie')
  }
  return path === '/auth/logout' ? sealed('cookie cleared') : undefined
}

function consequence(error: string | undefined): Detail | undefined {
  const text = error === undefined ? undefined : CONSEQUENCES[error]
  return text === undefined ? undefined : open(text)
}

const open = (text: string): Detail => ({ text, isSealed: false })
const sealed = (text: string): Detail => ({ text, isSealed: true })

/** A session id in a path says nothing to a reader and would not fit. */
function shortPath(path: string): string {
  return path.replace(/^(\/auth\/sessions\/)(.{6}).+$/, '$1$2…')
}
