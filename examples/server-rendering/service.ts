import { type Service, serve } from '../shared/service.ts'

/** Runs the service for the site at this address, with its data beside this file. */
export async function startService(siteUrl: string): Promise<Service> {
  return await serve(import.meta.dirname, {
    // What is set for the test's sake, such as where the data lies, wins.
    LATCHKEY_LOG_LEVEL: 'warn',
    // Links from other sites and mails open the page signed in, too.
    LATCHKEY_COOKIE_SAME_SITE: 'lax',
    ...process.env,
    PORT: '0',
    LATCHKEY_URL: siteUrl,
    // The site says who its visitors are.
    LATCHKEY_TRUST_PROXY: '127.0.0.1',
  })
}
