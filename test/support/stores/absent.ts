// Where a store's programs are not installed, every test of its project is skipped, and says why.
import { beforeEach, inject } from 'vitest'

const servers = inject('store') === 'sqlite' ? undefined : inject('servers')

beforeEach((context) => {
  if (servers !== undefined && 'missing' in servers) context.skip(servers.missing)
})
