import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'
import { freshWorker } from '../support/worker.ts'

const readme = readFileSync(join(import.meta.dirname, '../../functions/ops/README.md'), 'utf8')
const [, tour = ''] = /## Tour\n.*?```sh\n(.*?)```/s.exec(readme) ?? []
const [, queries = ''] = /```sql\n(.*?)```/s.exec(readme) ?? []
const app = await freshWorker()

it('the commands of the tour answer', async () => {
  const script = tour.replace(/^(worker|admin)=.*$/gm, '')
  const env = { ...process.env, worker: app.url, admin: await app.token('admin', '1') }
  const { stdout } = await promisify(execFile)('bash', ['-c', script], { env })
  const lines = stdout.trim().split('\n')
  // The text for Prometheus begins with the comments of its first metric.
  const metrics = lines.filter((line) => /^(# (HELP|TYPE) )?[a-z_]+[ {]/.test(line))
  expect(metrics.length).toBe(5)
  const answers = lines
    .filter((line) => !metrics.includes(line))
    .map((line) => JSON.parse(line) as { status?: number; code?: string })
  const refused = answers.filter(({ code }) => code !== undefined)
  // An empty system has no order.
  expect(refused).toMatchObject([{ code: 'not_found' }])
  expect(answers.length).toBeGreaterThan(15)
})

it('the statements for psql run', async () => {
  const statements = queries.split(/;\n/).filter((statement) => statement.trim() !== '')
  expect(statements.length).toBe(8)
  for (const statement of statements)
    expect(Array.isArray((await app.database.admin.query(statement)).rows)).toBe(true)
})

it('each endpoint that the README names exists', async () => {
  const named = [...readme.matchAll(/`GET (\/[^`{?]*)[`?]/g)].map(([, path = '']) => path)
  expect(named.length).toBeGreaterThan(15)
  const authorization = `Bearer ${await app.token('admin', '1')}`
  for (const path of new Set(named.filter((one) => one !== '/v1/ops/live' && !one.endsWith('/')))) {
    const response = await app.fetch(path, { headers: { authorization } })
    expect([path, response.status]).toEqual([path, 200])
  }
})
