interface Schema {
  [keyword: string]: unknown
}

/**
 * What is wrong with a value under a JSON Schema of the few keywords that the service's document uses; a keyword that
 * is not known here is an error, so that nothing goes unchecked.
 */
export function schemaErrors(
  value: unknown,
  schema: Schema,
  resolve: (ref: string) => Schema,
  at = '$',
): string[] {
  const check = (inner: unknown, innerSchema: unknown, where: string) =>
    schemaErrors(inner, innerSchema as Schema, resolve, where)
  return Object.entries(schema).flatMap(([keyword, wanted]): string[] => {
    const wrong = (holds: boolean) => (holds ? [] : [`${at}: ${keyword} ${JSON.stringify(wanted)}`])
    switch (keyword) {
      case '$ref':
        return check(value, resolve(wanted as string), at)
      case 'type':
        return wrong([wanted].flat().some((type) => hasType(value, type as string)))
      case 'const':
        return wrong(value === wanted)
      case 'enum':
        return wrong((wanted as unknown[]).includes(value))
      case 'pattern':
        return wrong(typeof value !== 'string' || new RegExp(wanted as string, 'u').test(value))
      case 'minimum':
        return wrong(typeof value !== 'number' || value >= (wanted as number))
      case 'maximum':
        return wrong(typeof value !== 'number' || value <= (wanted as number))
      case 'anyOf':
        return wrong((wanted as unknown[]).some((option) => check(value, option, at).length === 0))
      case 'items':
        return Array.isArray(value) ? value.flatMap((item, i) => check(item, wanted, `${at}[${i}]`)) : []
      case 'properties':
        return Object.entries(wanted as Record<string, unknown>).flatMap(([name, inner]) =>
          isObject(value) && name in value ? check(value[name], inner, `${at}.${name}`) : [],
        )
      case 'required':
        return (wanted as string[]).flatMap((name) =>
          !isObject(value) || name in value ? [] : [`${at}: ${name} is missing`],
        )
      case 'additionalProperties':
        return []
      // `format` comes with a pattern where it matters; the rest is for people.
      case 'format':
      case 'description':
      case 'default':
        return []
      default:
        return [`${at}: the keyword ${keyword} is not known here`]
    }
  })
}

/** The members of an object that its schema does not name, at any depth. */
export function undocumented(value: unknown, schema: Schema, at = '$'): string[] {
  const properties = schema.properties as Record<string, Schema> | undefined
  if (Array.isArray(value))
    return value.flatMap((item, i) => undocumented(item, schema.items as Schema, `${at}[${i}]`))
  if (!isObject(value) || properties === undefined) return []
  return Object.entries(value).flatMap(([name, inner]) =>
    properties[name] === undefined
      ? [`${at}.${name}`]
      : undocumented(inner, properties[name], `${at}.${name}`),
  )
}

function hasType(value: unknown, type: string): boolean {
  if (type === 'null') return value === null
  if (type === 'array') return Array.isArray(value)
  if (type === 'object') return isObject(value)
  if (type === 'integer') return Number.isInteger(value)
  return typeof value === type
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
