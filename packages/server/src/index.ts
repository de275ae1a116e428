// The public door of the `latchkey` package: the service inside an app. The command line is in cli/.

export type { NewUser } from './accounts/service.ts'
export type { ImportOptions, ImportOutcome } from './accounts/transfer/service.ts'
export type { ServiceSummary, SessionSummary } from './administration.ts'
export { type Auth, createAuth } from './auth.ts'
export type { AuthOptions, CookieOptions, ErrorListener, FailedRequest, SameSite } from './config.ts'
export { AuthError, ConfigError, type SettingProblem, StoreUnavailableError } from './errors.ts'
export type { EventListener, SecurityEvent } from './events.ts'
export type { RequestContext } from './http/context.ts'
export { createNodeServer } from './http/node-server.ts'
export type { NewService } from './services/registry.ts'
export type { Estimate } from './upkeep/estimate.ts'
export type { RoundReport, RunOptions } from './upkeep/service.ts'
