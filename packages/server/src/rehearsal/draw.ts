import { createHash } from 'node:crypto'

/** The next number for a name, from 0 up to but not 1. */
export type Draw = (name: string) => number

/**
 * Draws by a seed. The nth draw for a name is the same in every run, whatever was drawn for other names in between: so
 * the tenth refresh meets the same fate again, however many other requests come before it.
 */
export function createDraw(seed: number): Draw {
  const drawn = new Map<string, number>()
  return (name) => {
    const count = (drawn.get(name) ?? 0) + 1
    drawn.set(name, count)
    return createHash('sha256').update(`${seed} ${name} ${count}`).digest().readUInt32BE() / 2 ** 32
  }
}
