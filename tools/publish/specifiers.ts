/**
 * The three forms that the compiler writes: `from 'x'` in a statement that begins its line, `import 'x'` there, and
 * `import('x')`. A text that only speaks of one, such as the message of an error, is none.
 */
const SPECIFIER =
  /(?<before>^(?:import|export)\b[^'"();]*?\bfrom\s*|^import\s*|\bimport\s*\(\s*)(?<quote>['"])(?<specifier>[^'"\n]+)\k<quote>/gm

/** What a module imports and exports from, types included, in the order of the text. */
export function specifiersOf(code: string): string[] {
  return [...code.matchAll(SPECIFIER)].map((match) => match.groups!.specifier!)
}

export function replaceSpecifiers(code: string, replace: (specifier: string) => string): string {
  return code.replace(
    SPECIFIER,
    (_match, before: string, quote: string, specifier: string) =>
      `${before}${quote}${replace(specifier)}${quote}`,
  )
}
