import { rmSync } from 'node:fs'
import { installPackages } from './project.ts'

/** Installs once for all tests; what it returns is called after the last one. */
export default function setup(): () => void {
  const folder = installPackages()
  process.env.PACKAGING_PROJECT = folder
  return () => rmSync(folder, { recursive: true, force: true })
}
