import { type Service, serve } from '../shared/service.ts'

/** Runs the service for one API, with its data in this folder. Its address is its public origin too: the `iss` of its tokens. */
export async function startService(folder: string, audience: string): Promise<Service> {
  return await serve(folder, {
    // What is set for the test's sake, such as where the data lies, wins.
    LATCHKEY_LOG_LEVEL: 'warn',
    ...process.env,
    PORT: '0',
    LATCHKEY_AUDIENCE: audience,
  })
}
