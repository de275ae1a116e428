import { readFileSync } from 'node:fs'

// USER_HZ is 100 on every Linux that Node runs on, whatever the kernel's own tick.
const TICKS_PER_SECOND = 100

/** CPU seconds that a process has used so far, user and system, all its threads together. Linux only. */
export function cpuOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
  // The command name may hold spaces and parentheses, so fields count from the last parenthesis. proc_pid_stat(5)
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND
}

/** The most memory that a process has ever had resident, in MB (10^6 bytes). Linux only. */
export function peakMemoryOf(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'latin1')
  return (Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1]) * 1024) / 1_000_000
}
