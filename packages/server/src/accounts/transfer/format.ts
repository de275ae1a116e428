// Many accounts at once, in and out: the lines that they travel in, and what happens to each.
// It does not read files, nor own what a single account may be: that is beside this folder.
import { z } from 'zod'
import { isId } from '../../ids.ts'
import { type Instant, toTimestamp } from '../../time.ts'
import type { AccountWithPassword, PasswordHash } from '../account.ts'
import { canonicalEmail } from '../email.ts'
import { readImportedHash, UNREADABLE_HASH, withoutFramework } from '../imported-hash.ts'

/** What a line says of a user. What it leaves out is undefined: an update leaves that as it is. */
export interface UserLine {
  id: string | undefined
  email: string
  emailVerified: boolean | undefined
  roles: readonly string[] | undefined
  password: PasswordHash | null
  createdAt: Instant | undefined
  disabledAt: Instant | null | undefined
}

/** A line that cannot be taken, and why. The reason repeats nothing of it but the names of its members. */
export interface RefusedLine {
  reason: string
}

const FORMAT_VERSION = 1
const MAX_LINE_LENGTH = 65_536
const MAX_ROLES = 100
const MAX_ROLE_LENGTH = 200

const instant = z.iso
  .datetime({ offset: true, error: 'is no time: write it as 2026-01-31T12:00:00Z' })
  .transform((text) => Date.parse(text))

const lineSchema = z.strictObject(
  {
    version: z
      .literal(FORMAT_VERSION, `is not ${FORMAT_VERSION}: another version wrote this line`)
      .optional(),
    id: z.string('is no UUID').toLowerCase().refine(isId, 'is no UUID').optional(),
    email: z.string('is needed'),
    emailVerified: z.boolean('is neither true nor false').optional(),
    passwordHash: z.string('is no text').nullish(),
    pepperId: z.string('is no text').nullish(),
    roles: z
      .array(
        z
          .string('is no text')
          .min(1, 'is empty')
          .max(MAX_ROLE_LENGTH, 'is too long')
          // Half of a surrogate pair is no text: every token that holds one is refused. RFC 8259 §8.2
          .refine((role) => role.isWellFormed(), 'is no well-formed text'),
        'is no list',
      )
      .max(MAX_ROLES, `are more than ${MAX_ROLES}`)
      .optional(),
    createdAt: instant.optional(),
    disabledAt: instant.nullish(),
  },
  {
    error: ({ code, keys }) =>
      code === 'unrecognized_keys' ? `has members that are not known: ${namesOf(keys)}` : 'is no JSON object',
  },
)

/** @param knowsPepper whether hashes that were mixed with a pepper can be checked here */
export function readUserLine(text: string, knowsPepper: (id: string) => boolean): UserLine | RefusedLine {
  if (text.length > MAX_LINE_LENGTH)
    return { reason: `the line is longer than ${MAX_LINE_LENGTH} characters` }
  const parsed = lineSchema.safeParse(parseJson(text))
  if (!parsed.success) {
    const [issue] = parsed.error.issues
    return { reason: `${issue?.path.join('.') || 'the line'} ${issue?.message}` }
  }
  const { email, passwordHash, pepperId, version: _, ...rest } = parsed.data
  const canonical = canonicalEmail(email)
  if (canonical === null) return { reason: 'email is not an e-mail address' }
  const password = readPassword(passwordHash ?? null, pepperId ?? null, knowsPepper)
  if (password !== null && 'reason' in password) return password
  return {
    id: rest.id,
    email: canonical,
    emailVerified: rest.emailVerified,
    roles: rest.roles,
    password,
    createdAt: rest.createdAt,
    disabledAt: rest.disabledAt,
  }
}

export function isRefused(line: UserLine | RefusedLine): line is RefusedLine {
  return 'reason' in line
}

/** An account as a line, without its end. */
export function toUserLine(
  { account, password }: AccountWithPassword,
  { withPasswordHash }: { withPasswordHash: boolean },
): string {
  const { id, email, emailVerified, roles, createdAt, disabledAt } = account
  return JSON.stringify({
    version: FORMAT_VERSION,
    id,
    email,
    emailVerified,
    roles,
    createdAt: toTimestamp(createdAt),
    disabledAt: disabledAt === null ? null : toTimestamp(disabledAt),
    ...(withPasswordHash && password !== null
      ? { passwordHash: password.phc, ...(password.pepperId === null ? {} : { pepperId: password.pepperId }) }
      : {}),
  })
}

function readPassword(
  text: string | null,
  pepperId: string | null,
  knowsPepper: (id: string) => boolean,
): PasswordHash | RefusedLine | null {
  if (text === null) return pepperId === null ? null : { reason: 'pepperId stands without a passwordHash' }
  const phc = withoutFramework(text)
  const hash = readImportedHash(phc)
  if (hash === null) return { reason: `passwordHash ${UNREADABLE_HASH}` }
  if (pepperId !== null && !knowsPepper(pepperId)) {
    return { reason: 'passwordHash is mixed with a pepper that is not in this database' }
  }
  return { phc, pepperId }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** Whoever takes a column for another one may have named a member by what it should have held. */
function namesOf(keys: unknown): string {
  return (keys as string[]).map((key) => (/^\w{1,40}$/.test(key) ? key : '...')).join(', ')
}
