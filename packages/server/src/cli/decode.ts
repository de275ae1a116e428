import { readFile } from 'node:fs/promises'
import {
  checkTokenSignature,
  fetchKeySet,
  type Inspection,
  inspectToken,
  MAX_INSPECTED_LENGTH,
  type TokenKeys,
} from '@latchkey/verifier/inspect'
import { decodeJson, decodeReport, type SignatureState } from './decode-report.ts'

export interface DecodeFlags {
  /** The address or the file of a key set. */
  jwks?: string | undefined
  /** The file of one key. */
  key?: string | undefined
  json: boolean
}

/** `latchkey decode [TOKEN]`. Resolves to the exit code. */
export async function decode(given: string | undefined, flags: DecodeFlags): Promise<number> {
  // Who reads the output may have seen enough, as `head` has.
  process.stdout.on('error', () => {})
  if (given === undefined && process.stdin.isTTY) {
    process.stderr.write('latchkey: pipe a token in, or give one (--help says what is better)\n')
    return 2
  }
  const text = given === undefined || given === '-' ? await readStandardInput() : given
  const inspection = inspectToken(text)
  const signature = await signatureOf(text, inspection, flags)
  const now = Date.now() / 1000

  if (flags.json) process.stdout.write(decodeJson(inspection, signature, now))
  else {
    const stream = inspection.kind === 'no token' ? process.stderr : process.stdout
    // https://no-color.org
    const colours = stream.isTTY === true && !process.env.NO_COLOR
    stream.write(decodeReport(inspection, signature, { now, colours }))
  }
  return exitCode(inspection, signature)
}

function exitCode(inspection: Inspection, { result }: SignatureState): number {
  if (inspection.kind === 'no token' || (inspection.kind === 'signed' && !inspection.isWhole)) return 2
  return result === 'holds' || result === 'not asked' ? 0 : 1
}

async function signatureOf(
  text: string,
  { kind }: Inspection,
  { jwks, key }: DecodeFlags,
): Promise<SignatureState> {
  const place = jwks ?? key
  // Who gives no token has no keys fetched for it.
  if (place === undefined || kind === 'no token') {
    return { result: 'not asked', text: 'Its signature is checked with --jwks URL|FILE or --key FILE.' }
  }
  try {
    const keys: TokenKeys = /^https?:/i.test(place) ? await fetchKeySet(place) : await readFile(place, 'utf8')
    return await checkTokenSignature(text, keys)
  } catch (error) {
    return { result: 'no keys', text: `The keys cannot be had: ${explain(error as Error)}` }
  }
}

function explain({ message, cause }: Error): string {
  return cause instanceof Error && cause.message !== '' ? `${message}: ${cause.message}` : message
}

/** What is longer than any token is not read to its end. */
async function readStandardInput(): Promise<string> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of process.stdin) {
    chunks.push(chunk as Buffer)
    size += (chunk as Buffer).length
    if (size > 4 * MAX_INSPECTED_LENGTH) break
  }
  // The line end is the pipe's, and nothing to speak of.
  return Buffer.concat(chunks)
    .toString()
    .replace(/\r?\n$/, '')
}
