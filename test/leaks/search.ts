/** A secret that was used, under the name that a report may show. */
export interface Secret {
  name: string
  value: string | Buffer
}

/** A place to search, under the name that a report may show. */
export interface Place {
  name: string
  content: Buffer
}

/** Shorter than this, chance finds it too. */
const MIN_BYTES = 6

/** Where which secret lies, in whichever form: `NAME as FORM in PLACE`. */
export function findSecrets(secrets: readonly Secret[], places: readonly Place[]): string[] {
  return secrets.flatMap(({ name, value }) =>
    formsOf(Buffer.from(value)).flatMap(([form, bytes]) =>
      places
        .filter(({ content }) => content.includes(bytes))
        .map((place) => `${name} as ${form} in ${place.name}`),
    ),
  )
}

/** The ways in which bytes end up in texts. */
export function formsOf(value: Buffer): [form: string, bytes: Buffer][] {
  if (value.length < MIN_BYTES) throw new Error('a secret so short is found everywhere')
  const text = value.toString('utf8')
  const texts: Record<string, string> = {
    hex: value.toString('hex'),
    HEX: value.toString('hex').toUpperCase(),
    'percent-encoding': encodeURIComponent(text.toWellFormed()),
    JSON: JSON.stringify(text).slice(1, -1),
    reversed: [...text].reverse().join(''),
  }
  // Inside other data base64 begins at any of three places; the characters that the neighbours share are left out.
  for (const shift of [0, 1, 2]) {
    const shifted = Buffer.concat([Buffer.alloc(shift), value])
    const whole = shifted.subarray(0, shifted.length - (shifted.length % 3)).toString('base64')
    const own = whole.slice(Math.ceil((shift * 4) / 3))
    texts[`base64 at ${shift}`] = own
    texts[`base64url at ${shift}`] = own.replaceAll('+', '-').replaceAll('/', '_')
  }
  const forms = new Map<string, [string, Buffer]>([[value.toString('latin1'), ['it is', value]]])
  for (const [form, written] of Object.entries(texts)) {
    if (!forms.has(written)) forms.set(written, [form, Buffer.from(written)])
  }
  return [...forms.values()]
}
