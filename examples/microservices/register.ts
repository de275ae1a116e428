import { runLatchkey } from './program.ts'

/** What a part shows to the service when it asks for the feed. */
export type Credentials = Record<'CLIENT_ID' | 'CLIENT_SECRET', string>

/**
 * Registers parts with the service, as an operator does once for each: `latchkey services add NAME`. Here it is done at every
 * start, so that no secret has to be kept, and those of the start before end.
 */
export async function register(
  names: readonly string[],
  environment: NodeJS.ProcessEnv,
): Promise<Credentials[]> {
  const registered = await runLatchkey(['services', 'list'], environment)
  const outdated = registered.split('\n').filter((line) => names.some((name) => line.endsWith(`  ${name}`)))
  const ids = outdated.map((line) => line.split(' ')[0]!)
  await Promise.all(ids.map((id) => runLatchkey(['services', 'remove', id], environment)))
  return await Promise.all(names.map((name) => add(name, environment)))
}

async function add(name: string, environment: NodeJS.ProcessEnv): Promise<Credentials> {
  const printed = await runLatchkey(['services', 'add', name], environment)
  const [CLIENT_ID] = /svc_\S+/.exec(printed) ?? []
  const [CLIENT_SECRET] = /lks_\S+/.exec(printed) ?? []
  if (!CLIENT_ID || !CLIENT_SECRET) throw new Error(`${name} could not be registered`)
  return { CLIENT_ID, CLIENT_SECRET }
}
