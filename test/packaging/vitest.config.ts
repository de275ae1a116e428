import { join } from 'node:path'
import { defineConfig } from 'vitest/config'

// Apart from `npm test`, because it needs `npm run build` before it and installs from the registry.
export default defineConfig({
  test: {
    include: ['test/packaging/**/*.test.ts'],
    globalSetup: join(import.meta.dirname, 'setup.ts'),
    maxWorkers: 2,
    testTimeout: 60_000,
    // Hashing a password may take a second on a busy machine.
    expect: { poll: { timeout: 10_000 } },
  },
})
