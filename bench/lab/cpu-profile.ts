import { readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'

const ROOT = join(import.meta.dirname, '../..')

/** What `node --cpu-prof` writes, as far as we read it. */
interface CpuProfile {
  nodes: { id: number; callFrame: CallFrame; children?: number[] }[]
  samples: number[]
  /** Microseconds before each sample. */
  timeDeltas: number[]
}

interface CallFrame {
  functionName: string
  url: string
  lineNumber: number
}

export interface SelfTime {
  /** The function, with its file and line where it has one. */
  name: string
  /** A package, a folder of ours, a module of Node, or a part of the engine. */
  place: string
  microseconds: number
}

/**
 * Self time by function, greatest first, of the busiest thread that left a profile in `directory`. Idle time is left
 * out, and so is everything before the last `seconds`: starting and warming up are no part of a refresh.
 */
export function readSelfTimes(directory: string, seconds: number): SelfTime[] {
  const threads = readdirSync(directory)
    .filter((file) => file.endsWith('.cpuprofile'))
    .map((file) => selfTimes(JSON.parse(readFileSync(join(directory, file), 'utf8')) as CpuProfile, seconds))
  return threads.sort((a, b) => total(b) - total(a))[0] ?? []
}

export function total(times: readonly SelfTime[]): number {
  return times.reduce((sum, { microseconds }) => sum + microseconds, 0)
}

/** The same times, one line for each place. */
export function byPlace(times: readonly SelfTime[]): Map<string, number> {
  const places = new Map<string, number>()
  for (const { place, microseconds } of times) places.set(place, (places.get(place) ?? 0) + microseconds)
  return new Map([...places].sort(([, a], [, b]) => b - a))
}

function selfTimes({ nodes, samples, timeDeltas }: CpuProfile, seconds: number): SelfTime[] {
  const frames = new Map(nodes.map(({ id, callFrame }) => [id, callFrame]))
  const callers = new Map(nodes.flatMap(({ id, children = [] }) => children.map((child) => [child, id])))
  const times = new Map<string, SelfTime>()
  let left = timeDeltas.reduce((sum, delta) => sum + delta, 0)
  samples.forEach((id, index) => {
    const frame = frames.get(id)!
    left -= timeDeltas[index] ?? 0
    if (left > seconds * 1_000_000) return
    if (frame.functionName === '(idle)') return
    const name = nameOf(frame, frames.get(callers.get(id) ?? id)!)
    const time = times.get(name) ?? { name, place: placeOf(frame), microseconds: 0 }
    time.microseconds += timeDeltas[index] ?? 0
    times.set(name, time)
  })
  return [...times.values()].sort((a, b) => b.microseconds - a.microseconds)
}

/** Native functions have no file; their caller says which of them it is. */
function nameOf(frame: CallFrame, caller: CallFrame): string {
  if (frame.functionName.startsWith('(')) return frame.functionName
  if (frame.url === '') return `${frame.functionName || 'native'} ← ${caller.functionName || 'anonymous'}`
  return `${frame.functionName || 'anonymous'} ${shortened(frame.url)}:${frame.lineNumber + 1}`
}

function placeOf({ functionName, url }: CallFrame): string {
  if (functionName.startsWith('(')) return functionName
  if (url === '') return 'native code'
  if (url.startsWith('node:'))
    return url.startsWith('node:internal/') ? url.split('/').slice(0, 2).join('/') : url
  const dependency = /.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(url)?.[1]
  return dependency ?? shortened(url).split('/').slice(0, -1).join('/')
}

function shortened(url: string): string {
  if (!url.startsWith('file://')) return url
  return relative(ROOT, new URL(url).pathname).replace(/^.*node_modules\//, '')
}
