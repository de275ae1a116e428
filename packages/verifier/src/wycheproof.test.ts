import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { invalid } from './errors.ts'
import type { JsonWebKeyMembers, JsonWebKeySet } from './keys/jwk.ts'
import { KeyRing } from './keys/key-ring.ts'
import { toKeySet } from './keys/key-source.ts'
import { outcome } from './testing/setup.ts'
import { ALGORITHMS } from './token/algorithm.ts'
import { splitCompact } from './token/compact.ts'
import { readHeader } from './token/header.ts'
import { checkSignature } from './token/signature.ts'

/*
 * Project Wycheproof's vectors carry no access tokens but arbitrary payloads, so they are put through everything below the
 * claims and `typ`: compact form, header, key lookup, signature.
 */

interface Vector {
  tcId: number
  comment: string
  jws: string | object
  result: 'valid' | 'invalid'
}

interface Group<Key> {
  public?: Key
  private: Key
  tests: Vector[]
}

function load<Key>(file: string): { numberOfTests: number; testGroups: Group<Key>[] } {
  return JSON.parse(readFileSync(new URL(`../test-vectors/${file}`, import.meta.url), 'utf8'))
}

async function checkSigned(jws: Vector['jws'], keys: JsonWebKeySet): Promise<void> {
  const parts = splitCompact(String(jws))
  const header = readHeader(parts.header, new Set(ALGORITHMS))
  const key = await new KeyRing(keys).find(header.kid)
  if (!key) throw invalid('kid must name a key')
  await checkSignature(parts, header, key)
}

/** Signed soundly, with an algorithm that we refuse by choice. `alg` as the vector's own header has it. */
function algorithmOf({ jws }: Vector): string {
  return JSON.parse(Buffer.from(String(jws).split('.')[0] ?? '', 'base64url').toString()).alg
}

interface Tally {
  invalid: number
  valid: number
  outOfScope: Record<string, number>
}

async function run(
  vectors: readonly (readonly [Vector, JsonWebKeySet])[],
): Promise<{ tally: Tally; wrong: string[] }> {
  const tally: Tally = { invalid: 0, valid: 0, outOfScope: {} }
  const wrong: string[] = []
  for (const [vector, keys] of vectors) {
    const inScope =
      vector.result === 'valid' && ALGORITHMS.some((algorithm) => algorithm === algorithmOf(vector))
    const fate = await outcome(checkSigned(vector.jws, keys))
    if (fate !== (inScope ? 'accepted' : 'TOKEN_INVALID'))
      wrong.push(`${vector.tcId} ${vector.comment}: ${fate}`)

    if (vector.result === 'invalid') tally.invalid++
    else if (inScope) tally.valid++
    else tally.outOfScope[algorithmOf(vector)] = (tally.outOfScope[algorithmOf(vector)] ?? 0) + 1
  }
  return { tally, wrong }
}

describe('Project Wycheproof', () => {
  test('every JWS that is invalid is refused, and every valid one of our algorithms holds', async () => {
    const { testGroups, numberOfTests } = load<JsonWebKeyMembers>('json_web_signature_test.json')
    const vectors = testGroups.flatMap((group) =>
      group.tests.map((vector) => [vector, { keys: [group.public ?? group.private] }] as const),
    )
    const { tally, wrong } = await run(vectors)

    expect(wrong).toEqual([])
    expect(vectors).toHaveLength(numberOfTests)
    expect(tally).toEqual({
      invalid: 355,
      valid: 10,
      // Sound, but not ours: these are refused for their algorithm.
      outOfScope: { HS256: 10, RS384: 4, RS512: 4, PS256: 6, PS384: 6, PS512: 4, ES512: 2 },
    })
  })

  test('every key set that is unfit is refused, and the valid one of our algorithms holds', async () => {
    const { testGroups, numberOfTests } = load<JsonWebKeySet>('json_web_key_test.json')
    const vectors = testGroups.flatMap((group) =>
      group.tests.map((vector) => [vector, toKeySet(group.public ?? group.private)] as const),
    )
    const { tally, wrong } = await run(vectors)

    expect(wrong).toEqual([])
    expect(vectors).toHaveLength(numberOfTests)
    expect(tally).toEqual({ invalid: 21, valid: 1, outOfScope: { HS256: 2, HS384: 1, HS512: 1 } })
  })
})
