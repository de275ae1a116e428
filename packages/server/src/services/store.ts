import type { StoredService } from './service.ts'

/** Where registered services live. Every change is durable once it resolves; rejects only with `StoreUnavailableError`. */
export interface ServiceStore {
  add(service: StoredService): Promise<void>

  find(id: string): Promise<StoredService | undefined>

  /** The oldest first. */
  list(): Promise<StoredService[]>

  /** False where there was none. */
  remove(id: string): Promise<boolean>
}
