import { expect, test } from 'vitest'
import { parseJsonObject } from './json.ts'

const parse = (json: string) => parseJsonObject(new TextEncoder().encode(json))

test('an object is read as it was written, white space and nested objects included', () => {
  const values = [
    {},
    { a: 1 },
    { a: { b: { a: [{ b: '":,{}[]\\"' }] } }, b: '\\', c: '\\\\"', '"': ':' },
    { ключ: '🔑' },
  ]
  for (const value of values) {
    expect(parse(JSON.stringify(value))).toEqual(value)
    expect(parse(` \n${JSON.stringify(value, null, 2)}\t`)).toEqual(value)
  }
  expect(parse('{"key":"\\ud83d\\udd11","\\u0061":"\\"\\u005c"}')).toEqual({ key: '🔑', a: '"\\' })
})

test('only an object is an object', () => {
  for (const json of [
    '',
    'null',
    '[]',
    '[{}]',
    '"{}"',
    '1',
    'true',
    '{}{}',
    '{"a":1,}',
    "{'a':1}",
    '{"a":1',
  ]) {
    expect([json, parse(json)]).toEqual([json, undefined])
  }
})

test('a member that is named twice is found, however its name is written and whatever stands between', () => {
  const repeated = [
    '{"a":1,"a":1}',
    '{"a":1,"b":"a","a":2}',
    '{"a":{"a":1},"a":2}',
    '{"a":"\\\\","a":1}',
    '{"\\u0061":1,"a":2}',
    '{"__proto__":{},"__proto__":{}}',
    '{"":1,"":2}',
    '{"1":1,"1":2}',
  ]
  for (const json of repeated) expect([json, parse(json)]).toEqual([json, undefined])
})

test('a name that means something to JavaScript is a name like any other', () => {
  const header = parse('{"__proto__":{"alg":"none"},"constructor":1}')
  expect(header?.alg).toBeUndefined()
  expect(Object.keys(header ?? {})).toEqual(['__proto__', 'constructor'])
})
