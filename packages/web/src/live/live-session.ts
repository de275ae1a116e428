// The page at `/`: a session that can be opened, used, worn out, attacked and closed, in front of the reader's eyes.
// It owns what the buttons do; how a session behaves is the client's and the service's.

import { type AuthClient, createAuthClient, type SessionEnd } from '@latchkey/client'
import type { SessionInfo } from '@latchkey/protocol'
import { createJournal, type Journal, type JournalEntry } from '../calls/journal.ts'
import { createRecordingFetch } from '../calls/recording-fetch.ts'
import { codeInWords, endInWords, errorInWords } from '../words/errors.ts'

export interface Outcome {
  text: string
  tone: 'good' | 'calm' | 'bad'
}

export interface LiveSession {
  readonly auth: AuthClient
  readonly journal: Journal
  readonly outcome: Outcome | null
  readonly sessions: readonly SessionInfo[]
  /** Who was signed in last, for the next sign-in. */
  readonly lastEmail: string | null
  /** Whether the service has the helpers that only development has. */
  readonly isDevelopment: boolean
  /** The token that the next call will carry in the good one's place. */
  readonly expiredToken: string | null
  /** Looks whether the browser is signed in already. */
  start(): Promise<void>
  enter(way: 'register' | 'login', credentials: { email: string; password: string }): Promise<void>
  callApi(times: number): Promise<void>
  letTokenRunOut(): Promise<void>
  refresh(): Promise<void>
  replay(): Promise<void>
  loadSessions(): Promise<void>
  endSession(id: string): Promise<void>
  signOut(): Promise<void>
  subscribe(listener: () => void): () => void
}

export function createLiveSession(): LiveSession {
  const journal = createJournal()
  const send = createRecordingFetch(journal)
  const auth = createAuthClient({ fetch: send })
  const listeners = new Set<() => void>()
  const state: {
    -readonly [name in 'outcome' | 'sessions' | 'lastEmail' | 'isDevelopment']: LiveSession[name]
  } = {
    outcome: null,
    sessions: [],
    lastEmail: null,
    isDevelopment: false,
  }

  const set = (change: Partial<typeof state>) => {
    Object.assign(state, change)
    for (const listener of listeners) listener()
  }
  const say = (text: string, tone: Outcome['tone']) => set({ outcome: { text, tone } })

  let lastTokens = 0
  auth.subscribe(({ status, user, ended }) => {
    if (ended !== undefined) tellEnd(ended)
    if (status !== 'signed-in') {
      send.expiredToken = null
      return set({ sessions: [] })
    }
    const tokens = journal.entries.findLast(bringsTokens)?.id ?? 0
    if (tokens === lastTokens) {
      journal.add({
        kind: 'note',
        at: 'browser',
        text: 'another tab shares its new access token',
        tone: 'calm',
      })
    }
    lastTokens = tokens
    set({ lastEmail: user?.email ?? null })
  })

  function tellEnd(ended: SessionEnd) {
    const text = endInWords(ended)
    const isWanted = ended.code === 'LOGOUT'
    journal.add({ kind: 'note', at: 'browser', text: 'signed out', tone: isWanted ? 'calm' : 'alarm' })
    say(text, isWanted ? 'calm' : 'bad')
  }

  /** Runs what a button does; what fails is said, and what ended the session has been said already. */
  async function attempt(work: () => Promise<void>): Promise<void> {
    try {
      await work()
    } catch (error) {
      say(errorInWords(error), 'bad')
    }
  }

  async function loadSessions(): Promise<void> {
    if (auth.status !== 'signed-in') return
    set({ sessions: await auth.sessions() })
  }

  /** The helpers are not part of the workflow, so they are not drawn. */
  async function callHelper(method: 'GET' | 'POST', path: string): Promise<Response> {
    const token = method === 'POST' ? await auth.getAccessToken() : null
    return fetch(path, { method, headers: token === null ? {} : { authorization: `Bearer ${token}` } })
  }

  const apiPath = () => (state.isDevelopment ? '/dev/api/time' : '/auth/me')

  return {
    auth,
    journal,
    get outcome() {
      return state.outcome
    },
    get sessions() {
      return state.sessions
    },
    get lastEmail() {
      return state.lastEmail
    },
    get isDevelopment() {
      return state.isDevelopment
    },
    get expiredToken() {
      return send.expiredToken
    },

    start: () =>
      attempt(async () => {
        const helpers = await callHelper('GET', '/dev').catch(() => null)
        set({ isDevelopment: helpers?.ok === true })
        await auth.getAccessToken()
      }),

    enter: async (way, credentials) => {
      const user = await auth[way](credentials)
      say(way === 'register' ? `Welcome, ${user.email}.` : `Welcome back, ${user.email}.`, 'good')
    },

    callApi: (times) =>
      attempt(async () => {
        const responses = await Promise.all(Array.from({ length: times }, () => auth.fetch(apiPath())))
        const failed = responses.find((response) => !response.ok)
        if (failed === undefined) {
          say(times === 1 ? 'The API answered.' : `The API answered all ${times} calls.`, 'good')
        } else if (auth.status === 'signed-in') {
          say(codeInWords((await failed.json()).error), 'bad')
        }
      }),

    letTokenRunOut: () =>
      attempt(async () => {
        const response = await callHelper('POST', '/dev/expired-token')
        const body = await response.json()
        if (!response.ok) return say(codeInWords(body.error), 'bad')
        send.expiredToken = body.accessToken
        journal.add({ kind: 'note', at: 'browser', text: 'the access token ran out', tone: 'calm' })
        say('The access token has run out. Call the API, and see what the client does about it.', 'calm')
      }),

    refresh: () =>
      attempt(async () => {
        if ((await auth.refresh()) !== null)
          say('A new access token, and a new refresh token in the cookie.', 'good')
      }),

    replay: () =>
      attempt(async () => {
        let response = await callHelper('POST', '/dev/replay')
        if (response.status === 409) {
          await auth.refresh()
          response = await callHelper('POST', '/dev/replay')
        }
        const { status, body } = await response.json()
        if (!response.ok) return say('The replay could not be staged. Please try again.', 'bad')
        const answer = `${status} ${body?.error ?? ''}`.trim()
        journal.add({
          kind: 'note',
          at: 'service',
          text: `a thief sends an old refresh token: ${answer}`,
          tone: 'alarm',
        })
        await auth.refresh()
      }),

    loadSessions: () => attempt(loadSessions),

    endSession: (id) =>
      attempt(async () => {
        const isCurrent = state.sessions.some((session) => session.id === id && session.current)
        await auth.endSession(id)
        if (isCurrent) {
          await auth.refresh()
          return
        }
        say('That session is over.', 'good')
        await loadSessions()
      }),

    signOut: () => attempt(() => auth.logout()),

    subscribe(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
}

function bringsTokens(entry: JournalEntry): boolean {
  return (
    entry.kind === 'answer' &&
    entry.status < 300 &&
    ['/auth/register', '/auth/login', '/auth/refresh'].includes(entry.call.path)
  )
}
