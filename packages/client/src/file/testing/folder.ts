// What the file storage's tests stand on: real folders. It owns nothing that is published.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'

/** A folder of mode 700 that goes away with the test. */
export function privateFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-file-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}
