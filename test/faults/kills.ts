import { setTimeout as delay } from 'node:timers/promises'

/** How often a test kills: a few times as part of all tests, and as often as `LATCHKEY_KILLS` says alone. */
export function killCount(usually: number): number {
  return process.env.LATCHKEY_KILLS === undefined ? usually : Number(process.env.LATCHKEY_KILLS)
}

/** The instant of a kill is the one thing here that is left to chance. */
export async function aRandomWhile(): Promise<void> {
  await delay(20 + Math.random() * 300)
}
