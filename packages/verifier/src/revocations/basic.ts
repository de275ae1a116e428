/** `Authorization` of a registered service: both halves form-encoded first, whatever they hold. RFC 6749 §2.3.1, RFC 7617 */
export function basicCredentials(clientId: string, clientSecret: string): string {
  return `Basic ${btoa(`${formEncode(clientId)}:${formEncode(clientSecret)}`)}`
}

function formEncode(text: string): string {
  return new URLSearchParams([['', text]]).toString().slice(1)
}
