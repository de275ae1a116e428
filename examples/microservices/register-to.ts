// node register-to.ts FOLDER NAME…: registers each part, and leaves its credentials in FOLDER/NAME.env. For compose.yaml.

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { register } from './register.ts'

const [folder = '.', ...names] = process.argv.slice(2)
const registered = await register(names, {})
for (const [i, { CLIENT_ID, CLIENT_SECRET }] of registered.entries()) {
  const lines = `CLIENT_ID=${CLIENT_ID}\nCLIENT_SECRET=${CLIENT_SECRET}\n`
  writeFileSync(join(folder, `${names[i]}.env`), lines, { mode: 0o600 })
}
