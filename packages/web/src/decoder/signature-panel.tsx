import { checkTokenSignature } from '@latchkey/verifier/inspect'
import { useEffect, useRef, useState } from 'preact/hooks'
import { type KeysFrom, loadKeys } from './keys.ts'
import type { SignatureState } from './signature-state.ts'

const SOURCES: Record<KeysFrom, { name: string; hint: string }> = {
  service: { name: 'This service', hint: 'The keys that this Latchkey service publishes.' },
  url: {
    name: 'A JWKS URL',
    hint: 'The address is asked for its keys, without a word of the token. It must allow other pages to read them (CORS).',
  },
  pasted: { name: 'A pasted key', hint: 'A JWK, a JWKS, or a public key in PEM. It stays on this machine.' },
}

interface SignaturePanelProps {
  token: string
  onChecked(state: SignatureState): void
}

export function SignaturePanel({ token, onChecked }: SignaturePanelProps) {
  const [from, setFrom] = useState<KeysFrom>('service')
  const [url, setUrl] = useState('')
  const [pasted, setPasted] = useState('')
  const [isBusy, setBusy] = useState(false)
  const [answer, setAnswer] = useState('')
  const current = useRef(0)

  /** What was found out of another token, or by other keys, is not true of these. */
  function forgetAnswer() {
    current.current++
    setBusy(false)
    setAnswer('')
  }
  useEffect(forgetAnswer, [token])
  function change(apply: () => void) {
    apply()
    forgetAnswer()
    onChecked({ result: 'not checked' })
  }

  async function check(event: SubmitEvent) {
    event.preventDefault()
    const attempt = ++current.current
    setBusy(true)
    setAnswer('')
    const state = await loadKeys(from, from === 'url' ? url : pasted).then(
      (keys): Promise<SignatureState> => checkTokenSignature(token, keys),
      (error: Error): SignatureState => ({ result: 'no keys', text: error.message }),
    )
    if (attempt !== current.current) return
    setBusy(false)
    setAnswer('text' in state ? state.text : '')
    onChecked(state)
  }

  return (
    <section class="card" aria-labelledby="signature-title">
      <h2 id="signature-title">Does its signature hold?</h2>
      <form onSubmit={check} aria-busy={isBusy} autocomplete="off">
        <fieldset class="ways">
          <legend class="visually-hidden">Check against</legend>
          {(Object.keys(SOURCES) as KeysFrom[]).map((source) => (
            <label key={source}>
              <input
                type="radio"
                name="from"
                checked={from === source}
                onChange={() => change(() => setFrom(source))}
              />
              <span>{SOURCES[source].name}</span>
            </label>
          ))}
        </fieldset>
        {from === 'url' && (
          <>
            <label class="field" for="jwks-url">
              Address of the key set
            </label>
            <input
              id="jwks-url"
              type="url"
              required
              value={url}
              placeholder="https://auth.example.com/.well-known/jwks.json"
              autocomplete="off"
              aria-describedby="keys-hint"
              onInput={({ currentTarget: { value } }) => change(() => setUrl(value))}
            />
          </>
        )}
        {from === 'pasted' && (
          <>
            <label class="field" for="pasted-key">
              Public key
            </label>
            <textarea
              id="pasted-key"
              required
              rows={5}
              maxLength={262_144}
              value={pasted}
              placeholder="-----BEGIN PUBLIC KEY-----"
              autocomplete="off"
              autocapitalize="off"
              spellcheck={false}
              translate={false}
              aria-describedby="keys-hint"
              onInput={({ currentTarget: { value } }) => change(() => setPasted(value))}
            />
          </>
        )}
        <p class="hint" id="keys-hint">
          {SOURCES[from].hint}
        </p>
        <button type="submit" class="primary" disabled={isBusy}>
          {isBusy ? 'Checking…' : 'Check the signature'}
        </button>
        <p class="signature-answer" role="status">
          {answer}
        </p>
      </form>
    </section>
  )
}
