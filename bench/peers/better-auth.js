// Better Auth. Its own sessions have no refresh token at all: a cookie names a row, and each request reads that. The closest thing that
// it does is the refresh_token grant of its OAuth 2.1 provider, which is a plugin: a public client, every token rotated, ES256
// access tokens of 900 s for one resource, no ID token. The old row is marked as revoked and the new one added in two commits.
// Migrated by its own migrations, over its own dialect for node:sqlite, rate limits off.
import { createHash, randomBytes } from 'node:crypto'
import { oauthProvider } from '@better-auth/oauth-provider'
import { betterAuth } from 'better-auth'
import { getMigrations } from 'better-auth/db/migration'
import { toNodeHandler } from 'better-auth/node'
import { jwt } from 'better-auth/plugins'
import { ACCESS_SECONDS, listen, ORIGIN, openDatabase, REFRESH_SECONDS } from './peer.js'

const AUDIENCE = 'https://api.example.com'
const CLIENT = 'bench'
const SCOPES = ['api', 'offline_access']

const auth = betterAuth({
  baseURL: ORIGIN,
  secret: randomBytes(32).toString('hex'),
  database: openDatabase(),
  rateLimit: { enabled: false },
  telemetry: { enabled: false },
  // It complains of the tables that are about to be made.
  logger: { disabled: true },
  emailAndPassword: { enabled: true },
  plugins: [
    jwt({ jwks: { keyPairConfig: { alg: 'ES256' } } }),
    oauthProvider({
      loginPage: '/sign-in',
      consentPage: '/consent',
      scopes: ['openid', ...SCOPES],
      accessTokenExpiresIn: ACCESS_SECONDS,
      refreshTokenExpiresIn: REFRESH_SECONDS,
      silenceWarnings: { oauthAuthServerConfig: true, openidConfig: true },
    }),
  ],
})
const { runMigrations } = await getMigrations(auth.options)
await runMigrations()

const { adapter } = await auth.$context
await adapter.create({
  model: 'oauthClient',
  data: {
    clientId: CLIENT,
    name: CLIENT,
    public: true,
    tokenEndpointAuthMethod: 'none',
    applicationType: 'native',
    grantTypes: ['authorization_code', 'refresh_token'],
    responseTypes: ['code'],
    redirectUris: ['com.example.app:/callback'],
    scopes: SCOPES,
    createdAt: new Date(),
    updatedAt: new Date(),
  },
})
await adapter.create({
  model: 'oauthResource',
  data: { identifier: AUDIENCE, name: 'api', createdAt: new Date(), updatedAt: new Date() },
})
await adapter.create({
  model: 'oauthClientResource',
  data: { clientId: CLIENT, resourceId: AUDIENCE, createdAt: new Date() },
})

listen('better-auth', toNodeHandler(auth), async () => {
  const now = new Date()
  const email = `${randomBytes(16).toString('hex')}@example.com`
  const user = await adapter.create({
    model: 'user',
    data: { name: 'Bench', email, emailVerified: true, createdAt: now, updatedAt: now },
  })
  const expiresAt = new Date(now.getTime() + REFRESH_SECONDS * 1000)
  const session = await adapter.create({
    model: 'session',
    data: {
      userId: user.id,
      token: randomBytes(16).toString('hex'),
      expiresAt,
      createdAt: now,
      updatedAt: now,
    },
  })
  const token = randomBytes(24).toString('base64url')
  await adapter.create({
    model: 'oauthRefreshToken',
    data: {
      token: createHash('sha256').update(token).digest('base64url'),
      clientId: CLIENT,
      sessionId: session.id,
      userId: user.id,
      resources: [AUDIENCE],
      scopes: SCOPES,
      createdAt: now,
      expiresAt,
      authTime: now,
    },
  })
  return token
})
