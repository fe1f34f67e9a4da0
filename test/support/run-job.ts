import { expect } from 'vitest'
import type { TestWorker } from './worker.ts'

/** Runs one job as an operator does. A tick of the clock would run all jobs of its minute, and take a second. */
export async function runJob(app: TestWorker, name: string): Promise<void> {
  const response = await app.fetch(`/v1/ops/jobs/${name}/run`, {
    method: 'POST',
    headers: { authorization: `Bearer ${await app.token('admin', 1)}` },
  })
  expect([response.status, await response.json()]).toMatchObject([200, { ran: true }])
}
