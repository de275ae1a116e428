/** The three forms that our sources and the compiler write: `from 'x'`, `import 'x'` and `import('x')`. */
const SPECIFIER = /(?<before>\bfrom\s*|\bimport\s*\(?\s*)(?<quote>['"])(?<specifier>[^'"\n]+)\k<quote>/g

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
