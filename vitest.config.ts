import { availableParallelism, tmpdir } from 'node:os'
import { defineConfig } from 'vitest/config'
import { closingLine } from './test/support/closing-line.ts'
import { folderInMemory } from './test/support/memory.ts'
import { LongFirst } from './test/support/sequencer.ts'

// Dates without a zone are read in the process' own: Workers run in UTC, so do we.
process.env['TZ'] = 'UTC'
// Miniflare copies each certificate in this file into the settings of each Worker, and no test leaves this machine.
delete process.env['NODE_EXTRA_CA_CERTS']
// Every temporary folder of a run lies in it.
process.env['TMPDIR'] = folderInMemory() ?? tmpdir()

// Reading the modules anew for each file would take a quarter of the whole time.
const common = {
  isolate: false,
  testTimeout: 120_000,
  hookTimeout: 120_000,
  expect: { poll: { timeout: 30_000, interval: 50 } },
}

export default defineConfig({
  test: {
    reporters: ['default', closingLine()],
    sequence: { sequencer: LongFirst },
    // A test file waits for Postgres, workerd and Chromium as long as it computes: two more than there are cores.
    maxWorkers: availableParallelism() + 2,
    projects: [
      { test: { ...common, name: 'unit', include: ['test/**/*.unit.test.ts'] } },
      {
        test: {
          ...common,
          name: 'system',
          include: ['test/**/*.{db,race,worker,page}.test.ts'],
          // One Postgres for all files. Each makes its own databases, proxies and Workers.
          globalSetup: ['./test/support/global-setup.ts'],
          setupFiles: ['./test/support/connections.ts'],
        },
      },
    ],
  },
})
