// What `npm start`, `npm test` and `npm run check` share: installing, building, testing and checking the repository.
// It owns nothing that is published, and no package imports it.

// Builds the published packages: each complete in build/<folder>/, and packed beside it as it would be published.
import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { assertComplete } from './publish/complete.ts'
import { emit } from './publish/emit.ts'
import { inlineProtocol } from './publish/inline-protocol.ts'
import { readManifest, writePublishedManifest } from './publish/manifest.ts'

const PUBLISHED = ['server', 'client', 'verifier'] as const
const root = join(import.meta.dirname, '..')
const build = join(root, 'build')

rmSync(build, { recursive: true, force: true })
const protocol = emit(root, 'protocol')
for (const folder of PUBLISHED) buildPackage(folder)
rmSync(join(build, '.emitted'), { recursive: true })
pack()

function buildPackage(folder: (typeof PUBLISHED)[number]): void {
  const source = join(root, 'packages', folder)
  const target = join(build, folder)
  const dist = join(target, 'dist')
  mkdirSync(target)
  cpSync(emit(root, folder), dist, { recursive: true })
  inlineProtocol(dist, protocol)
  if (folder === 'server') {
    cpSync(join(root, 'packages/web/dist'), join(dist, 'web'), { recursive: true })
    cpSync(join(source, 'bin'), join(target, 'bin'), { recursive: true })
  }
  cpSync(join(source, 'README.md'), join(target, 'README.md'))
  cpSync(join(root, 'LICENSE'), join(target, 'LICENSE'))

  const manifest = writePublishedManifest(readManifest(source), target)
  assertComplete(target, manifest)
}

function pack(): void {
  const folders = PUBLISHED.map((folder) => `./build/${folder}`)
  const { status, stdout } = spawnSync('npm', ['pack', '--silent', '--pack-destination', build, ...folders], {
    cwd: root,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  if (status !== 0) throw new Error('npm pack failed')
  process.stdout.write(stdout.replace(/^/gm, 'build/').replace(/build\/$/, ''))
}
