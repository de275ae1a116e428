import { MAX_INSPECTED_LENGTH } from '@latchkey/verifier/inspect'
import { useRef, useState } from 'preact/hooks'

interface PasteProps {
  text: string
  onText(text: string): void
}

export function Paste({ text, onText }: PasteProps) {
  const [refusedLength, setRefusedLength] = useState<number | null>(null)
  const area = useRef<HTMLTextAreaElement>(null)

  function take(pasted: string) {
    const isTooLong = pasted.length > MAX_INSPECTED_LENGTH
    setRefusedLength(isTooLong ? pasted.length : null)
    // What is too long for a token is not even laid out: that would take the page's time.
    if (isTooLong && area.current !== null) area.current.value = ''
    onText(isTooLong ? '' : pasted)
  }

  function refuseEnormous(event: ClipboardEvent) {
    const pasted = event.clipboardData?.getData('text') ?? ''
    if (pasted.length <= MAX_INSPECTED_LENGTH) return
    event.preventDefault()
    take(pasted)
  }

  function clear() {
    take('')
    area.current?.focus()
  }

  return (
    <section class="card">
      <h1>Decode a token</h1>
      <p class="lead">
        All of it happens on this machine: the token is neither sent nor stored, and gone when you leave the
        page.
      </p>
      <div class="section-head paste-head">
        <label class="field" for="token">
          Token
        </label>
        <button type="button" class="quiet" onClick={clear}>
          Clear
        </button>
      </div>
      {/* No name, no completion, no spelling: browsers restore, remember or send away what such fields hold. */}
      <textarea
        id="token"
        ref={area}
        rows={9}
        value={text}
        placeholder="eyJhbGciOi…"
        autocomplete="off"
        autocapitalize="off"
        spellcheck={false}
        translate={false}
        aria-describedby="token-hint token-problem"
        aria-invalid={refusedLength !== null}
        onPaste={refuseEnormous}
        onInput={(event) => take(event.currentTarget.value)}
      />
      <p class="hint" id="token-hint">
        As you copied it: with or without the word Bearer, quotes or line breaks.
      </p>
      <p class="form-problem" id="token-problem" role="alert">
        {refusedLength !== null &&
          `That has ${refusedLength.toLocaleString()} characters, and no token has more than ${MAX_INSPECTED_LENGTH.toLocaleString()}. It was not taken.`}
      </p>
    </section>
  )
}
