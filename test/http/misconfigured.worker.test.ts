import { expect, it } from 'vitest'
import { freshWorker } from '../support/worker.ts'

const lines: string[] = []
const app = await freshWorker({
  bindings: { DATABASE_URL: 'mysql://me:hunter2@host/db' },
  onLog: (line) => lines.push(line),
})

it('A misconfigured Worker answers 500, and logs the name of the faulty setting without its value', async () => {
  const response = await app.fetch('/healthz')
  expect(response.status).toBe(500)
  expect(await response.json()).toMatchObject({ code: 'internal' })
  await expect.poll(() => lines.join('\n')).toContain('DATABASE_URL: must be')
  expect(lines.join('\n')).not.toContain('hunter2')
  expect((await app.scheduled('* * * * *')).outcome).not.toBe('ok')
})
