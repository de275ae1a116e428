import { expect, test } from 'vitest'
import { replaceSpecifiers, specifiersOf } from '../../tools/publish/specifiers.ts'

const MODULE = `import { a } from './a.ts';
import './effect.ts';
import type {
    B,
    C,
} from "./bc.ts";
export * from './d.ts';
export { e as from } from './e.ts';
export declare const f: import("./f.ts").F;
const { g } = await import('./g.ts');
throw new TypeError("store must be the module: import * as Store from 'some-store'");
/** import { h } from './h.ts' */
`

test('what a built module imports is found, and not what its texts speak of', () => {
  expect(specifiersOf(MODULE)).toEqual([
    './a.ts',
    './effect.ts',
    './bc.ts',
    './d.ts',
    './e.ts',
    './f.ts',
    './g.ts',
  ])
})

test('an import is pointed elsewhere, and nothing else changes', () => {
  const moved = replaceSpecifiers(MODULE, (specifier) => specifier.replace('./', './moved/'))
  expect(moved.replaceAll('/moved/', '/')).toBe(MODULE)
  expect(specifiersOf(moved)).toEqual(specifiersOf(MODULE).map((name) => name.replace('./', './moved/')))
})
