import type { Fetch } from './authorized-fetch.ts'
import { errorFrom, type Service } from './service.ts'

/** Sends what a signed-in user does with the account: one request with the access token. */
export function createAccount(service: Service, send: Fetch) {
  return async <Result>(method: string, path: string, body?: object): Promise<Result> => {
    const answer = await service(path, { method, body }, send)
    const { sessions } = (answer.body ?? {}) as { sessions?: Result }
    // A captive portal's 200 has done nothing.
    if (answer.status !== 204 && !sessions) throw errorFrom(answer)
    return sessions as Result
  }
}
