import { readdirSync, readFileSync } from 'node:fs'

// USER_HZ is 100 on every Linux that Node runs on, whatever the kernel's own tick.
const TICKS_PER_SECOND = 100

/** CPU seconds that a process has used so far, user and system, all its threads together. Linux only. */
export function cpuOf(pid: number): number {
  const { own } = timesOf(pid)
  return own
}

/** The same with its children, those that have ended included, and theirs. */
export function cpuOfFamily(pid: number): number {
  const { own, endedChildren } = timesOf(pid)
  return childrenOf(pid).reduce((sum, child) => sum + cpuOfFamily(child), own + endedChildren)
}

function timesOf(pid: number): { own: number; endedChildren: number } {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
  // The command name may hold spaces and parentheses, so fields count from the last parenthesis. proc_pid_stat(5)
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const [user, system, childrenUser, childrenSystem] = fields.slice(11, 15).map(Number) as [
    number,
    number,
    number,
    number,
  ]
  return {
    own: (user + system) / TICKS_PER_SECOND,
    endedChildren: (childrenUser + childrenSystem) / TICKS_PER_SECOND,
  }
}

function childrenOf(pid: number): number[] {
  return readdirSync(`/proc/${pid}/task`).flatMap((thread) => {
    const children = readFileSync(`/proc/${pid}/task/${thread}/children`, 'latin1').trim()
    return children === '' ? [] : children.split(' ').map(Number)
  })
}

/** CPU seconds that the whole machine has used so far, all its cores together. Linux only. proc_stat(5) */
export function cpuOfMachine(): number {
  const [user, nice, system, , , irq, softirq] = readFileSync('/proc/stat', 'latin1')
    .slice('cpu '.length)
    .trimStart()
    .split(' ', 7)
    .map(Number) as [number, number, number, number, number, number, number]
  return (user + nice + system + irq + softirq) / TICKS_PER_SECOND
}

/** The memory that a process has resident now, in MB (10^6 bytes). Linux only. */
export function memoryOf(pid: number): number {
  return megabytes(pid, 'VmRSS')
}

/** The most memory that a process has ever had resident, in MB (10^6 bytes). Linux only. */
export function peakMemoryOf(pid: number): number {
  return megabytes(pid, 'VmHWM')
}

function megabytes(pid: number, field: 'VmRSS' | 'VmHWM'): number {
  const status = readFileSync(`/proc/${pid}/status`, 'latin1')
  return (Number(new RegExp(`${field}:\\s+(\\d+) kB`).exec(status)?.[1]) * 1024) / 1_000_000
}
