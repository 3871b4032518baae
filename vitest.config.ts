import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    exclude: ['**/node_modules/**'],
    globalSetup: 'test/helpers/server.ts',
    pool: 'forks',
    // More only make each other slow: every file drives processes of its own beside the server.
    maxWorkers: 2,
    testTimeout: 30_000,
    hookTimeout: 30_000,
    // A file that passes takes one line.
    slowTestThreshold: 60_000,
  },
});
