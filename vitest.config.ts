import { availableParallelism } from 'node:os'
import { defineConfig } from 'vitest/config'
import { closingLine } from './test/support/closing-line.ts'

// Dates without a zone are read in the process' own: Workers run in UTC, so do we.
process.env['TZ'] = 'UTC'

const globalSetup = ['./test/support/global-setup.ts']

export default defineConfig({
  test: {
    reporters: ['default', closingLine()],
    // A test file waits for Postgres and workerd more than it computes: one more than there are cores.
    maxWorkers: availableParallelism() + 1,
    projects: [
      { test: { name: 'unit', include: ['test/**/*.unit.test.ts'] } },
      {
        test: {
          name: 'db',
          include: ['test/**/*.db.test.ts'],
          globalSetup,
          testTimeout: 60_000,
          hookTimeout: 90_000,
        },
      },
      {
        test: {
          name: 'race',
          include: ['test/**/*.race.test.ts'],
          globalSetup,
          testTimeout: 60_000,
          hookTimeout: 90_000,
        },
      },
      {
        test: {
          name: 'worker',
          include: ['test/**/*.worker.test.ts'],
          globalSetup,
          testTimeout: 60_000,
          hookTimeout: 90_000,
        },
      },
    ],
  },
})
