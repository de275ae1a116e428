import { configDefaults, defineConfig } from 'vitest/config'

/** Tests that compare times, or that give several tabs so much: another test beside them would be what they measure. */
const TIMED = [
  'test/accounts/timing.test.ts',
  'test/accounts/storms.test.ts',
  'test/browser/storage-channel.test.ts',
  'test/client/tabs.test.ts',
]

/**
 * What starts a service runs again on PostgreSQL, and again on Redis beside PostgreSQL. Tests of pages, adapters, gateways,
 * examples and other people's verifiers are about tokens and browsers: for them one store is like another.
 */
const ON_EVERY_STORE = [
  'accounts',
  'cli',
  'client',
  'faults',
  'http',
  'keys',
  'leaks',
  'limits',
  'nodes',
  'oauth',
  'refresh',
  'rehearsal',
  'revocations',
  'server-rendering',
].map((folder) => `test/${folder}/**/*.test.ts`)

/** With Redis, what is over for long leaves by itself. */
const ON_EVERY_SQL_STORE = [...ON_EVERY_STORE, 'test/upkeep/**/*.test.ts']

const ONCE = [
  ...TIMED,
  // About the file of SQLite: how it is locked, damaged, copied, killed and repaired.
  'test/faults/{damaged-file,growth,kill,locked-file}.test.ts',
  'test/refresh/restore.test.ts',
  // They start servers of their own, to kill them.
  'test/faults/{dry-pool,kill-nodes,kill-stores,standstill}.test.ts',
  // About settings, help and what is read off a token: no store has a part in it.
  'test/cli/{configuration,decode,help,launcher}.test.ts',
  'test/http/threat-model.test.ts',
]

const onEveryStore = {
  include: ON_EVERY_STORE,
  exclude: [...configDefaults.exclude, ...ONCE],
  globalSetup: 'test/support/stores/servers.ts',
  setupFiles: 'test/support/stores/absent.ts',
}

export default defineConfig({
  test: {
    // Limits for machines that are slow. What a test promises within a time, it says itself.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    expect: { poll: { timeout: 10_000 } },
    // A shared machine can pause for seconds, which no time limit here allows for. What fails twice is a fault; Vitest
    // names what needed its second try.
    retry: process.env.CI === undefined ? 0 : 1,
    // Most of the time goes into services and browsers in processes of their own.
    maxWorkers: 2,
    projects: [
      {
        extends: true,
        test: {
          name: 'all',
          include: ['packages/*/src/**/*.test.{ts,tsx}', 'test/**/*.test.ts'],
          // Packaging needs the built packages: `npm run check` runs it.
          exclude: [...configDefaults.exclude, 'test/packaging/**', ...TIMED],
          provide: { store: 'sqlite' },
        },
      },
      {
        extends: true,
        test: {
          name: 'postgres',
          ...onEveryStore,
          include: ON_EVERY_SQL_STORE,
          provide: { store: 'postgres' },
        },
      },
      { extends: true, test: { name: 'redis', ...onEveryStore, provide: { store: 'redis' } } },
      {
        extends: true,
        test: {
          name: 'timed',
          include: TIMED,
          provide: { store: 'sqlite' },
          maxWorkers: 1,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
})
