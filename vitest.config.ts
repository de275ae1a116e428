import { configDefaults, defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['packages/*/src/**/*.test.{ts,tsx}', 'test/**/*.test.ts'],
    // Needs the built packages: `npm run check` runs it.
    exclude: [...configDefaults.exclude, 'test/packaging/**'],
    testTimeout: 20_000,
  },
})
