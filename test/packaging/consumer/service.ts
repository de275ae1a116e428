import { type AuthOptions, createAuth, createNodeServer } from 'latchkey'

const options: AuthOptions = { url: 'https://auth.example.com', secret: 'a secret' }
const auth = await createAuth(options)
const answer: Response = await auth.fetch(new Request('https://auth.example.com/auth/me'))
createNodeServer(auth.fetch).listen(answer.status)
await auth.close()
