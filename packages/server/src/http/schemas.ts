import { AUTH_ERROR_CODES, SESSION_END_REASONS } from '@latchkey/protocol'
import { z } from 'zod'
import { OAUTH_ERROR_CODES } from './oauth-errors.ts'

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

/** A parameter without a value is one that was left out. RFC 6749 §3.2 */
const parameter = z
  .string()
  .optional()
  .transform((text) => (text === '' ? undefined : text))

const clientFields = {
  client_id: parameter.describe('Who asks, where HTTP Basic does not say'),
  client_secret: parameter.describe("A registered service's secret, where HTTP Basic does not say"),
}

/** Every schema that the service validates with or answers by, under its name in the OpenAPI document. */
export const SCHEMAS = {
  Registration: z.object({
    email,
    password: z.string().describe('8 to 256 characters, none of the common ones'),
    client: client.default('browser'),
  }),
  Login: z.object({
    email,
    password: z.string(),
    client: client.default('browser'),
    refreshToken: z
      .string()
      .optional()
      .describe(
        'The last one that a native app had, spent or ended: it tells the device from a stranger who guesses, and is not refreshed',
      ),
  }),
  RefreshRequest: z.object({
    refreshToken: z.string().optional().describe('Native sessions only; browsers send the cookie'),
  }),
  LogoutRequest: z.object({
    refreshToken: z.string().optional().describe('Of any generation of the session'),
  }),
  PasswordChange: z.object({ currentPassword: z.string(), newPassword: z.string() }),
  // The document alone says what is required: which error its absence gets depends on what else is wrong. RFC 6749 §5.2
  TokenRequest: z
    .object({
      grant_type: parameter.describe('`refresh_token`'),
      refresh_token: parameter.describe('Of a native session'),
      scope: parameter.describe('Refused: no scope is granted here, so none can be asked for'),
      client_id: parameter.describe('`latchkey-native`, or nothing: it is a public client'),
      client_secret: parameter.describe('Empty, or nothing'),
    })
    .meta({ required: ['grant_type', 'refresh_token'] }),
  RevocationRequest: z
    .object({
      token: parameter.describe('A refresh token of any generation, or an access token'),
      token_type_hint: parameter.describe('Not needed, and not believed'),
      ...clientFields,
    })
    .meta({ required: ['token'] }),
  IntrospectionRequest: z
    .object({
      token: parameter.describe('An access token'),
      token_type_hint: parameter.describe('Not needed'),
      ...clientFields,
    })
    .meta({ required: ['token'] }),
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
  OAuthTokens: z.object({
    access_token: z.string(),
    token_type: z.literal('Bearer'),
    expires_in: z.int().describe('Seconds'),
    refresh_token: z.string(),
    refresh_expires_in: z.int().describe('Seconds'),
  }),
  Introspection: z.looseObject({
    active: z.boolean().describe('Where it is false, nothing else is told'),
    token_type: z.literal('Bearer').optional(),
    iss: z.string().optional(),
    sub: z.string().optional().describe("The user's id"),
    aud: z.union([z.string(), z.array(z.string())]).optional(),
    exp: z.int().optional(),
    iat: z.int().optional(),
    jti: z.string().optional(),
    client_id: z.string().optional(),
    sid: z.string().optional().describe("The session's id"),
    roles: z.array(z.string()).optional(),
    auth_time: z.int().optional(),
    amr: z.array(z.string()).optional(),
  }),
  OAuthError: z.object({ error: z.enum(OAUTH_ERROR_CODES), error_description: z.string() }),
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
