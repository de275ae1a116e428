import type { Environment } from './environment.ts'
import type { Exclusive } from './lock.ts'
import type { Settings } from './options.ts'
import type { RecordKeeper } from './record.ts'
import type { Service } from './service.ts'
import type { Session } from './session.ts'
import type { Tabs } from './tabs.ts'

/** What sign-in, refresh and sign-out work with. */
export interface Parts {
  settings: Settings
  environment: Environment
  service: Service
  session: Session
  records: RecordKeeper
  /** Everything that changes the cookie or the record goes through here, so no two answers cross. */
  exclusive: Exclusive
  tabs: Tabs
}
