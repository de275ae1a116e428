import { expect, test } from 'vitest'
import { PASSWORD, startAuth } from '../support/auth.ts'
import { runSql } from '../support/stores/look.ts'

const EMAIL = 'ada@example.com'
const BCRYPT = 'Yam4fX3Zk8WrCQDhn05FwuvZyXsbWhC3hFBvAVGYMu6J72ONcudv6'
const SALT = '8PHy8/T19vf4+fr7/P3+/w'
const SCRYPT_DIGEST = 'AQ5subzQ4Qz1c1cv1Cmy0tzQUr7WAfraNXrBvAF/zRE'

/** `PASSWORD`, as other systems keep it: argon2 and bcrypt by their libraries, the rest by Python's hashlib. */
const HASHES = {
  argon2id: '$argon2id$v=19$m=64,t=2,p=2$JLaUHkBny5VldjxeFSqW/w$M5XsHLhWAMVoatnE9aeqtLra70n4dI0ePSEHyGm7ZhU',
  'argon2id, version 16':
    '$argon2id$v=16$m=64,t=2,p=1$vLzsYcQ0pKaBa7yYLcn6cQ$w4/4jQ3hqczqBbeN/mRh+/hJ8oeHOtEQgQTxgOqtzRs',
  argon2i: '$argon2i$v=19$m=64,t=2,p=2$kT4FDcyIVUrEHpJlLIoS+w$ITEcMTrWlfBF0cTIf3LKE+/SRMouszdxoa1PShlWSyk',
  argon2d: '$argon2d$v=19$m=64,t=2,p=2$dmmvdCQSXlM5qsBB7BVxKA$V/uydKisRRUrSZeWFVBsUXoRBSJrNLPAHdmDdJsTttA',
  'argon2id of Django':
    'argon2$argon2id$v=19$m=64,t=2,p=2$JLaUHkBny5VldjxeFSqW/w$M5XsHLhWAMVoatnE9aeqtLra70n4dI0ePSEHyGm7ZhU',
  'bcrypt 2a': `$2a$04$${BCRYPT}`,
  'bcrypt 2b': `$2b$04$${BCRYPT}`,
  'bcrypt 2y': `$2y$04$${BCRYPT}`,
  'bcrypt of Django': `bcrypt$$2b$04$${BCRYPT}`,
  scrypt: `$scrypt$ln=10,r=8,p=1$${SALT}$${SCRYPT_DIGEST}`,
  'scrypt in parallel': `$scrypt$ln=10,r=8,p=2$${SALT}$VLUmHpk3AnoGx46SPRkqT1asleiCaFPmedIaUBdWzuQ`,
  'scrypt of Django':
    'scrypt$1024$seasalt$8$5$IRW54fsfBNK3PyFZMJc6zupYXnw/eoIxHj+FRbG3AMH9Oeo8QvV/IG+jlX0eG+HeGJNkc3wOgzb1Su1mfqaX9g==',
  'PBKDF2 with SHA-1': `$pbkdf2-sha1$i=1000,l=20$${SALT}$qGrRCxs5urZ12o9/u90cdKBPmLQ`,
  'PBKDF2 with SHA-256': `$pbkdf2-sha256$i=1000,l=32$${SALT}$3sbRqmB682A3X9nyzzjkHQGEqhszH01LQ+cYyQ9C2U0`,
  'PBKDF2 with SHA-512': `$pbkdf2-sha512$i=1000$${SALT}$LheGv5YHxaQQ+d/DTttUMVwljHxtimnNVRjAzl9IDxXjD3K40ZR+9JOS4QKbeOhbhl8yyVaqNaqm/uzM9gp5XQ`,
  'PBKDF2 with SHA-1 of passlib': '$pbkdf2$1000$8PHy8/T19vf4.fr7/P3./w$qGrRCxs5urZ12o9/u90cdKBPmLQ',
  'PBKDF2 with SHA-256 of passlib':
    '$pbkdf2-sha256$1000$8PHy8/T19vf4.fr7/P3./w$3sbRqmB682A3X9nyzzjkHQGEqhszH01LQ.cYyQ9C2U0',
  'PBKDF2 with SHA-512 of passlib':
    '$pbkdf2-sha512$1000$8PHy8/T19vf4.fr7/P3./w$LheGv5YHxaQQ.d/DTttUMVwljHxtimnNVRjAzl9IDxXjD3K40ZR.9JOS4QKbeOhbhl8yyVaqNaqm/uzM9gp5XQ',
  'PBKDF2 with SHA-1 of Django': 'pbkdf2_sha1$1000$seasalt$HYcYTez4Sf/8jiVzMmeKzWg8IMA=',
  'PBKDF2 with SHA-256 of Django': 'pbkdf2_sha256$1000$seasalt$Zl9cr7otg8I8zbvkDnJf8yiY+Ruw505dNR+Jb5kI+tQ=',
}

test.each(Object.entries(HASHES))(
  'LR-22: a user imported with %s signs in with the password, and with no other; the hash becomes one of our own',
  async (_, passwordHash) => {
    const { auth, send, store } = await startAuth()
    await auth.users.create({ email: EMAIL, passwordHash })
    const login = async (password: string) =>
      (await send('POST', '/auth/login', { body: { email: EMAIL, password } })).status
    expect(await login('not the password')).toBe(401)
    expect(await login('')).toBe(401)
    expect(await login(PASSWORD)).toBe(200)
    const [stored] = await runSql(store, 'select password_phc, pepper_id from users')
    expect(stored).toMatchObject({
      password_phc: expect.stringMatching(/^\$argon2id\$v=19\$m=8192,t=1,p=1\$/),
      pepper_id: expect.stringMatching(/^p/),
    })
    expect(await login(PASSWORD)).toBe(200)
    expect(await login('not the password')).toBe(401)
  },
)

/** Each names what is wrong with it. */
const REFUSED = {
  'more than half a gibibyte of scrypt': `$scrypt$ln=20,r=8,p=1$${SALT}$${SCRYPT_DIGEST}`,
  'scrypt that takes seconds': `$scrypt$ln=19,r=8,p=3$${SALT}$${SCRYPT_DIGEST}`,
  'scrypt with an absurd cost': `$scrypt$ln=999999999,r=999999999,p=999999999$${SALT}$${SCRYPT_DIGEST}`,
  'scrypt whose N is no power of two': 'scrypt$1000$seasalt$8$1$IRW54fsfBNK3PyFZMJc6zupYXnw/eoIx',
  'scrypt in another order': `$scrypt$r=8,ln=10,p=1$${SALT}$${SCRYPT_DIGEST}`,
  'scrypt without a salt': `$scrypt$ln=10,r=8,p=1$$${SCRYPT_DIGEST}`,
  'scrypt without a digest': `$scrypt$ln=10,r=8,p=1$${SALT}$`,
  'a digest that is guessed at once': `$scrypt$ln=10,r=8,p=1$${SALT}$AQ5s`,
  'PBKDF2 that takes seconds': `$pbkdf2-sha256$i=10000001$${SALT}$3sbRqmB682A3X9nyzzjkHQGEqhszH01LQ+cYyQ9C2U0`,
  'PBKDF2 that takes seconds by its length': `$pbkdf2-sha1$i=5000000$${SALT}$${'a'.repeat(160)}`,
  'PBKDF2 whose length is another one': `$pbkdf2-sha256$i=1000,l=64$${SALT}$3sbRqmB682A3X9nyzzjkHQGEqhszH01LQ+cYyQ9C2U0`,
  'PBKDF2 with no iteration': `$pbkdf2-sha256$i=0$${SALT}$3sbRqmB682A3X9nyzzjkHQGEqhszH01LQ+cYyQ9C2U0`,
  'PBKDF2 with MD5': `$pbkdf2-md5$i=1000$${SALT}$3sbRqmB682A3X9nyzzjkHQGEqhszH01LQ+cYyQ9C2U0`,
  'PBKDF2 with a number too many': `$pbkdf2-sha256$01000$${SALT}$3sbRqmB682A3X9nyzzjkHQGEqhszH01LQ+cYyQ9C2U0`,
  'a salt of a kilobyte': `$pbkdf2-sha256$1000$${'a'.repeat(1024)}$3sbRqmB682A3X9nyzzjkHQGEqhszH01LQ+cYyQ9C2U0`,
  'argon2id that takes seconds': `$argon2id$v=19$m=1048575,t=5,p=1$${SALT}$${SCRYPT_DIGEST}`,
  "Django's bcrypt of a digest": `bcrypt_sha256$$2b$04$${BCRYPT}`,
  "Django's plain digest": 'sha1$seasalt$cff36ea83f5706ce9aa7454e63e431fc726b2dc8',
  'a line after it': `${HASHES.scrypt}\n`,
}

test.each(Object.entries(REFUSED))('a hash is refused when it is imported: %s', async (_, passwordHash) => {
  const { auth } = await startAuth()
  const refused = auth.users.create({ email: EMAIL, passwordHash })
  await expect(refused).rejects.toMatchObject({ code: 'INVALID_REQUEST' })
  await expect(refused, 'and not shown').rejects.not.toThrow(passwordHash)
  expect(await auth.users.find({ email: EMAIL })).toBeUndefined()
})
