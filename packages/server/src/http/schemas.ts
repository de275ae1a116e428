import { AUTH_ERROR_CODES, SESSION_END_REASONS } from '@latchkey/protocol'
import { z } from 'zod'

const client = z
  .enum(['browser', 'native'])
  .describe('How the refresh token travels: HttpOnly cookie, or JSON body')
const email = z.string().describe('Trimmed, NFC and lower-cased; at most 254 characters')
const instant = z.iso.datetime()

const User = z.object({
  id: z.uuid(),
  email: z.string(),
  emailVerified: z.boolean(),
  roles: z.array(z.string()),
  createdAt: instant,
})

const Session = z.object({
  id: z.uuid(),
  current: z.boolean().describe('Whether it is the session that asked'),
  client,
  createdAt: instant,
  lastUsedAt: instant,
  expiresAt: instant.describe('When it ends if nothing refreshes it'),
  ip: z.string().nullable(),
  userAgent: z.string().nullable(),
  device: z.string().nullable().describe('A name for the device in words'),
})

/** Every schema that the service validates with or answers by, under its name in the OpenAPI document. */
export const SCHEMAS = {
  Registration: z.object({
    email,
    password: z.string().describe('8 to 256 characters, none of the common ones'),
    client: client.default('browser'),
  }),
  Login: z.object({ email, password: z.string(), client: client.default('browser') }),
  RefreshRequest: z.object({
    refreshToken: z.string().optional().describe('Native sessions only; browsers send the cookie'),
  }),
  LogoutRequest: z.object({
    refreshToken: z.string().optional().describe('Of any generation of the session'),
  }),
  PasswordChange: z.object({ currentPassword: z.string(), newPassword: z.string() }),
  User,
  Session,
  Tokens: z.object({
    accessToken: z.string(),
    tokenType: z.literal('Bearer'),
    expiresIn: z.int().describe('Seconds'),
    user: User,
    sessionId: z.uuid(),
    refreshToken: z.string().optional().describe('Native sessions only'),
    refreshExpiresIn: z.int().optional().describe('Seconds. Native sessions only'),
  }),
  Me: z.object({ user: User, session: Session }),
  Sessions: z.object({ sessions: z.array(Session) }),
  Problem: z.object({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    error: z.enum(AUTH_ERROR_CODES),
    reason: z
      .enum(SESSION_END_REASONS)
      .optional()
      .describe('Why the session ended; only with SESSION_REVOKED'),
  }),
} as const
