import { bytesToId, idToBytes } from '../../ids.ts'

/** The names of our keys. In a cluster, what stands in braces decides where a key lies. */
export class KeyNames {
  readonly #prefix: string
  readonly #sessions: string
  readonly #users: string
  readonly channel: string

  constructor(prefix: string) {
    this.#prefix = prefix
    this.#sessions = `${prefix}:{`
    this.#users = `${prefix}:user:{`
    this.channel = `${prefix}:revocations`
  }

  session(id: string): string {
    return `${this.#sessions}${short(id)}}`
  }

  /** The sorted set of the user's sessions. */
  user(id: string): string {
    return `${this.#users}${short(id)}}`
  }

  /** What is written to see whether anything can be written. */
  get ping(): string {
    return `${this.#prefix}:ping`
  }

  /** What the keys of all sessions look like, and nothing else does. */
  get anySession(): string {
    return `${this.#sessions}*}`
  }

  sessionIdOf(key: string): string {
    return bytesToId(Buffer.from(key.slice(this.#sessions.length, -1), 'base64url'))
  }
}

/** 22 characters instead of 36: a million sessions have two million keys. */
function short(id: string): string {
  return idToBytes(id).toString('base64url')
}
