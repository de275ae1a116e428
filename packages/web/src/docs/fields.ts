import type { Schema } from './openapi.ts'

/** One member of a JSON object, flat: `user.email`, `sessions[].id`. */
export interface Field {
  name: string
  type: string
  isRequired: boolean
  description: string
}

export function fieldsOf(schema: Schema, prefix = ''): Field[] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, member]) => {
    const path = `${prefix}${name}`
    const isRequired = schema.required?.includes(name) ?? false
    const field = { name: path, type: typeOf(member), isRequired, description: describe(member) }
    if (member.properties) return [field, ...fieldsOf(member, `${path}.`)]
    if (member.items?.properties) return [field, ...fieldsOf(member.items, `${path}[].`)]
    return [field]
  })
}

function typeOf({ type, format, items, enum: values, const: only }: Schema): string {
  if (only !== undefined) return JSON.stringify(only)
  if (values !== undefined) return values.map((value) => JSON.stringify(value)).join(' or ')
  if (type === 'array') return items === undefined ? 'array' : `array of ${typeOf(items)}`
  const name = Array.isArray(type) ? type.join(' or ') : (type ?? 'any')
  return format === undefined ? name : `${name}, ${format}`
}

function describe({ description, default: usual }: Schema): string {
  const parts = [description, usual === undefined ? undefined : `default ${JSON.stringify(usual)}`]
  return parts.filter((part) => part !== undefined).join('; ')
}
