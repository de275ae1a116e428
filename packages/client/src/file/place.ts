import { posix, win32 } from 'node:path'

export interface Host {
  platform: string
  environment: { readonly [name: string]: string | undefined }
  home: string
}

/** Where an app keeps what it knows of its user, by the customs of the platform. Not among the settings, which people share. */
export function defaultPath(app: string, { platform, environment, home }: Host): string {
  const { join } = platform === 'win32' ? win32 : posix
  return join(stateFolder({ platform, environment, home }), app, 'latchkey', 'session.json')
}

function stateFolder({ platform, environment, home }: Host): string {
  if (platform === 'win32') return environment.LOCALAPPDATA || win32.join(home, 'AppData', 'Local')
  if (platform === 'darwin') return posix.join(home, 'Library', 'Application Support')
  const chosen = environment.XDG_STATE_HOME ?? ''
  // "All paths set in these environment variables must be absolute": others are to be ignored.
  return posix.isAbsolute(chosen) ? chosen : posix.join(home, '.local', 'state')
}
