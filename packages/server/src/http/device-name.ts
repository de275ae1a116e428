import Bowser from 'bowser'

/** A name for a device in words, such as `Firefox on Linux`; null where its user agent tells nothing. */
export function deviceName(userAgent: string): string | null {
  if (userAgent === '') return null
  const { browser, os } = Bowser.parse(userAgent)
  const parts = [browser.name, os.name].filter((part) => part !== undefined && part !== '')
  return parts.length === 0 ? null : parts.join(' on ')
}
