// What tutorials build: Express, jsonwebtoken with HS256 for both tokens, cookie-parser, and one table with a row for each refresh
// token ever issued, by its SHA-256. A refresh marks the old row as revoked and adds the new one: two statements, as tutorials
// have it, or with PEER_ONE_COMMIT both in one transaction. Cheaper than ours in one respect: HS256 costs a tenth of an ES256 signature, and nobody else can verify it.
import { createHash, randomBytes, randomUUID } from 'node:crypto'
import cookieParser from 'cookie-parser'
import express from 'express'
import jwt from 'jsonwebtoken'
import { ACCESS_SECONDS, listen, openDatabase, REFRESH_SECONDS } from './peer.js'

const oneCommit = process.env.PEER_ONE_COMMIT === '1'
const accessSecret = randomBytes(64).toString('hex')
const refreshSecret = randomBytes(64).toString('hex')
const cookie = { httpOnly: true, secure: true, sameSite: 'strict', maxAge: REFRESH_SECONDS * 1000 }

const database = openDatabase(`
  CREATE TABLE IF NOT EXISTS users (id TEXT PRIMARY KEY, email TEXT NOT NULL UNIQUE);
  CREATE TABLE IF NOT EXISTS refresh_tokens (
    id INTEGER PRIMARY KEY, user_id TEXT NOT NULL REFERENCES users (id), token_hash TEXT NOT NULL UNIQUE,
    created_at INTEGER NOT NULL, expires_at INTEGER NOT NULL, revoked_at INTEGER
  );
  CREATE INDEX IF NOT EXISTS refresh_tokens_of_user ON refresh_tokens (user_id);
`)
const insertUser = database.prepare('INSERT INTO users VALUES (?, ?)')
const findUser = database.prepare('SELECT id, email FROM users WHERE id = ?')
const insertToken = database.prepare(
  'INSERT INTO refresh_tokens (user_id, token_hash, created_at, expires_at) VALUES (?, ?, ?, ?)',
)
const findToken = database.prepare('SELECT * FROM refresh_tokens WHERE token_hash = ?')
const revokeToken = database.prepare('UPDATE refresh_tokens SET revoked_at = ? WHERE id = ?')
const revokeAll = database.prepare(
  'UPDATE refresh_tokens SET revoked_at = ? WHERE user_id = ? AND revoked_at IS NULL',
)

const hash = (token) => createHash('sha256').update(token).digest('hex')

function issueRefreshToken(userId) {
  const token = jwt.sign({ sub: userId, jti: randomUUID() }, refreshSecret, { expiresIn: REFRESH_SECONDS })
  insertToken.run(userId, hash(token), Date.now(), Date.now() + REFRESH_SECONDS * 1000)
  return token
}

const app = express()
app.use(express.json())
app.use(cookieParser())

app.post('/auth/refresh', (request, response) => {
  const token = request.cookies.refreshToken
  if (!token) return response.sendStatus(401)
  let payload
  try {
    payload = jwt.verify(token, refreshSecret)
  } catch {
    return response.sendStatus(403)
  }
  const stored = findToken.get(hash(token))
  if (!stored || stored.expires_at < Date.now()) return response.sendStatus(403)
  if (stored.revoked_at) {
    revokeAll.run(Date.now(), stored.user_id)
    return response.sendStatus(403)
  }
  const user = findUser.get(payload.sub)
  if (oneCommit) database.exec('BEGIN IMMEDIATE')
  revokeToken.run(Date.now(), stored.id)
  const next = issueRefreshToken(user.id)
  if (oneCommit) database.exec('COMMIT')
  const accessToken = jwt.sign({ sub: user.id, email: user.email }, accessSecret, {
    expiresIn: ACCESS_SECONDS,
  })
  response.cookie('refreshToken', next, cookie)
  response.json({ accessToken, user })
})

listen('tutorial', app, async () => {
  const userId = randomUUID()
  insertUser.run(userId, `${userId}@example.com`)
  return issueRefreshToken(userId)
})
