/** Milliseconds of the one clock that all processes of a machine share, where `performance.now()` begins anew in each. */
export function machineNow(): number {
  // CLOCK_MONOTONIC
  return Number(process.hrtime.bigint()) / 1_000_000
}
