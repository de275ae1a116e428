// oidc-provider: the refresh_token grant of a native public client, every token rotated. ES256 access tokens of 900 s, as ours, which it
// does not store; no ID token, which a refresh without the scope `openid` has none of. Its adapter is ours, since it brings none for
// SQL: a row of JSON for each thing, as those that it names in its documentation have it. It asks the adapter for one thing at a
// time, so that marking the old token and adding the new one are two commits.
import { generateKeyPairSync, randomUUID } from 'node:crypto'
import Provider from 'oidc-provider'
import { ACCESS_SECONDS, listen, ORIGIN, openDatabase, REFRESH_SECONDS } from './peer.js'

const AUDIENCE = 'https://api.example.com'
const CLIENT = 'bench'
const SCOPE = 'api offline_access'

const database = openDatabase(`
  CREATE TABLE IF NOT EXISTS users (id TEXT PRIMARY KEY, email TEXT NOT NULL UNIQUE);
  CREATE TABLE IF NOT EXISTS things (
    model TEXT NOT NULL, id TEXT NOT NULL, payload TEXT NOT NULL, grant_id TEXT, uid TEXT, user_code TEXT,
    consumed_at INTEGER, expires_at INTEGER, PRIMARY KEY (model, id)
  );
  CREATE INDEX IF NOT EXISTS things_by_grant ON things (grant_id) WHERE grant_id IS NOT NULL;
  CREATE INDEX IF NOT EXISTS things_by_uid ON things (uid) WHERE uid IS NOT NULL;
  CREATE INDEX IF NOT EXISTS things_by_user_code ON things (user_code) WHERE user_code IS NOT NULL;
`)
const insertUser = database.prepare('INSERT INTO users VALUES (?, ?)')
const findUser = database.prepare('SELECT id, email FROM users WHERE id = ?')
const statements = {
  upsert: database.prepare('INSERT OR REPLACE INTO things VALUES (?, ?, ?, ?, ?, ?, NULL, ?)'),
  find: database.prepare('SELECT * FROM things WHERE model = ? AND id = ?'),
  findByUid: database.prepare('SELECT * FROM things WHERE model = ? AND uid = ?'),
  findByUserCode: database.prepare('SELECT * FROM things WHERE model = ? AND user_code = ?'),
  consume: database.prepare('UPDATE things SET consumed_at = ? WHERE model = ? AND id = ?'),
  destroy: database.prepare('DELETE FROM things WHERE model = ? AND id = ?'),
  revokeByGrantId: database.prepare('DELETE FROM things WHERE model = ? AND grant_id = ?'),
}

const seconds = () => Math.floor(Date.now() / 1000)

class SqliteAdapter {
  constructor(model) {
    this.model = model
  }

  async upsert(id, payload, expiresIn) {
    const { grantId = null, uid = null, userCode = null } = payload
    const expiresAt = expiresIn === undefined ? null : seconds() + expiresIn
    statements.upsert.run(this.model, id, JSON.stringify(payload), grantId, uid, userCode, expiresAt)
  }

  async find(id) {
    return this.#payloadOf(statements.find.get(this.model, id))
  }

  async findByUid(uid) {
    return this.#payloadOf(statements.findByUid.get(this.model, uid))
  }

  async findByUserCode(userCode) {
    return this.#payloadOf(statements.findByUserCode.get(this.model, userCode))
  }

  async consume(id) {
    statements.consume.run(seconds(), this.model, id)
  }

  async destroy(id) {
    statements.destroy.run(this.model, id)
  }

  async revokeByGrantId(grantId) {
    statements.revokeByGrantId.run(this.model, grantId)
  }

  #payloadOf(row) {
    if (row === undefined || (row.expires_at !== null && row.expires_at <= seconds())) return undefined
    return { ...JSON.parse(row.payload), ...(row.consumed_at === null ? {} : { consumed: row.consumed_at }) }
  }
}

const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const provider = new Provider(ORIGIN, {
  adapter: SqliteAdapter,
  jwks: { keys: [{ ...privateKey.export({ format: 'jwk' }), alg: 'ES256', use: 'sig', kid: 'bench' }] },
  clients: [
    {
      client_id: CLIENT,
      application_type: 'native',
      token_endpoint_auth_method: 'none',
      grant_types: ['authorization_code', 'refresh_token'],
      redirect_uris: ['com.example.app:/callback'],
      id_token_signed_response_alg: 'ES256',
    },
  ],
  cookies: { keys: [randomUUID()] },
  scopes: ['api', 'offline_access', 'openid'],
  rotateRefreshToken: true,
  ttl: { RefreshToken: REFRESH_SECONDS, Grant: REFRESH_SECONDS, AccessToken: ACCESS_SECONDS },
  findAccount: (_, id) => {
    const user = findUser.get(id)
    return user && { accountId: id, claims: () => ({ sub: id, email: user.email }) }
  },
  features: {
    devInteractions: { enabled: false },
    resourceIndicators: {
      enabled: true,
      defaultResource: () => AUDIENCE,
      useGrantedResource: () => true,
      getResourceServerInfo: () => ({
        scope: 'api',
        audience: AUDIENCE,
        accessTokenTTL: ACCESS_SECONDS,
        accessTokenFormat: 'jwt',
        jwt: { sign: { alg: 'ES256' } },
      }),
    },
  },
})

listen('oidc-provider', provider.callback(), async () => {
  const accountId = randomUUID()
  insertUser.run(accountId, `${accountId}@example.com`)
  const client = await provider.Client.find(CLIENT)
  const grant = new provider.Grant({ accountId, clientId: CLIENT })
  grant.addOIDCScope('offline_access')
  grant.addResourceScope(AUDIENCE, 'api')
  const grantId = await grant.save(REFRESH_SECONDS)
  const token = new provider.RefreshToken({
    accountId,
    client,
    grantId,
    gty: 'authorization_code',
    resource: AUDIENCE,
    scope: SCOPE,
    rotations: 0,
    authTime: seconds(),
    iiat: seconds(),
  })
  return await token.save()
})
