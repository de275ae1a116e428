import { openTables } from '../auth.ts'
import type { Settings } from './settings.ts'
import { optionsOf, print } from './with-service.ts'

type Tables = Awaited<ReturnType<typeof openTables>>

/** `latchkey migrate` */
export async function migrate(settings: Settings, { dryRun }: { dryRun: boolean }): Promise<void> {
  const tables = await openTables(optionsOf(settings))
  try {
    const pending = await tables.pending()
    if (pending.length === 0) print('Nothing to do: the database has every migration of this version.')
    else if (dryRun) await show(tables, pending)
    else await apply(tables, pending)
  } finally {
    await tables.close()
  }
}

async function show(tables: Tables, pending: readonly string[]): Promise<void> {
  for (const name of pending) {
    print(`-- ${name}`)
    for (const statement of await tables.statementsOf(name)) print(`${statement};`)
    print('')
  }
  print(`-- ${migrations(pending.length)} pending, to be applied in one transaction. Nothing was changed.`)
}

async function apply(tables: Tables, pending: readonly string[]): Promise<void> {
  print(`Applying ${migrations(pending.length)}: all of them, or none.`)
  const applied = await tables.migrate()
  for (const name of applied) print(`applied  ${name}`)
  // Another process may have been first.
  print(applied.length === 0 ? 'Another process has applied them meanwhile.' : 'The database is up to date.')
}

function migrations(count: number): string {
  return `${count} ${count === 1 ? 'migration' : 'migrations'}`
}
