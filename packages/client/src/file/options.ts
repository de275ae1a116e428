import { homedir } from 'node:os'
import { resolve } from 'node:path'
import { defaultPath } from './place.ts'

/** Give `app` or `path`. */
export interface FileStorageOptions {
  /**
   * The app's name, such as `mytool`: letters, digits, `.`, `_` and `-`. The file is then `latchkey/session.json` in the
   * app's folder of `$XDG_STATE_HOME` or `~/.local/state`, on macOS of `~/Library/Application Support`, on Windows of
   * `%LOCALAPPDATA%`.
   */
  app?: string
  /** The file itself, in a folder that is the user's alone (mode 700). Both are made when they are missing. */
  path?: string
  /**
   * How long the refresh of another process may stand still before the others go on: more than 0, up to 60. In a queue
   * that moves a process waits twice as long, and for one that has ended not at all. @default 10
   */
  waitSeconds?: number
}

export interface FileStorageSettings {
  path: string
  waitMs: number
}

export function readOptions({ app, path, waitSeconds = 10 }: FileStorageOptions): FileStorageSettings {
  if ((app === undefined) === (path === undefined)) throw new TypeError('give app or path, and not both')
  if (!(waitSeconds > 0 && waitSeconds <= 60)) throw new TypeError('waitSeconds must be above 0, up to 60')
  return { path: path === undefined ? pathOf(app) : checkPath(path), waitMs: waitSeconds * 1000 }
}

function pathOf(app: unknown): string {
  if (typeof app !== 'string' || !/^[A-Za-z0-9][\w.-]{0,63}$/.test(app)) {
    throw new TypeError('app must be a name of 1 to 64 letters, digits, ".", "_" and "-"')
  }
  return defaultPath(app, { platform: process.platform, environment: process.env, home: homedir() })
}

/** Taken from where the process is now, so that changing folders later changes nothing. */
function checkPath(path: unknown): string {
  if (typeof path !== 'string' || path === '' || path.includes('\0') || /[/\\]$/.test(path)) {
    throw new TypeError('path must name a file')
  }
  return resolve(path)
}
