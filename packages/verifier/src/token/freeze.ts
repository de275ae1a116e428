/** Makes a JSON value unchangeable down to its leaves. Without recursion: a payload can be nested deeper than the stack is. */
export function deepFreeze<Value>(value: Value): Value {
  const open: unknown[] = [value]
  while (open.length > 0) {
    const next = open.pop()
    if (typeof next !== 'object' || next === null) continue
    Object.freeze(next)
    for (const name in next) {
      const member = next[name as keyof typeof next] as unknown
      if (typeof member === 'object' && member !== null) open.push(member)
    }
  }
  return value
}
