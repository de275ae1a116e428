// What reading the caller's options takes: each function throws a TypeError that names the option.

/** A misspelt option would leave the check that it was meant to tighten as it is. */
export function checkNames(options: object, names: ReadonlySet<string>, prefix = ''): void {
  const unknown = Object.keys(options).find((name) => !names.has(name))
  if (unknown) throw new TypeError(`${prefix}${unknown} is not an option`)
}

export function readWhole(name: string, value: unknown, least: number, most: number): number {
  if (typeof value !== 'number' || !Number.isInteger(value) || value < least || value > most) {
    throw new TypeError(`${name} must be a whole number from ${least} to ${most}`)
  }
  return value
}

export function isFilled(value: unknown): value is string {
  return typeof value === 'string' && value !== ''
}
