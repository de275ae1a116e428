import { defineConfig } from 'vitest/config'

// Apart from `npm test`, because it needs `npm run build` before it and installs from the registry.
export default defineConfig({
  test: { include: ['test/packaging/**/*.test.ts'], testTimeout: 60_000, hookTimeout: 180_000 },
})
