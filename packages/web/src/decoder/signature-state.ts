import type { CheckedSignature, UncheckedSignature } from '@latchkey/verifier/inspect'

/** What is known of the signature of the token on the page. */
export type SignatureState =
  | { result: 'not checked' }
  | { result: 'no keys'; text: string }
  | CheckedSignature
  | UncheckedSignature
