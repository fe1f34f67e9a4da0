import { afterEach, expect, it, vi } from 'vitest'
import { soon } from '../support/soon.ts'
import { freshWorker } from '../support/worker.ts'

const lines: string[] = []
const worker = await freshWorker({
  rateLimits: { RATE_READ: { limit: 5, period: 60 } },
  bindings: { AUTH_ISSUER: 'somebody else' },
  onLog: (line) => lines.push(line),
})
const open = await freshWorker({ pages: true })

afterEach(() => {
  open.faults.clear()
  vi.unstubAllEnvs()
})

it('runs the built Worker against a database of its own', async () => {
  expect(open.database.name).not.toBe(worker.database.name)
  expect((await open.fetch('/readyz')).status).toBe(200)
})

it('takes bindings and rate limits that differ from wrangler.toml', async () => {
  const read = async () => {
    const headers = { authorization: `Bearer ${await worker.token('admin', 1)}` }
    return (await worker.fetch('/v1/dispatch/orders', { headers })).status
  }
  expect(await read()).toBe(401)
  vi.stubEnv('AUTH_ISSUER', 'somebody else')
  expect(await Promise.all(Array.from({ length: 20 }, read))).toContain(429)
})

it('lets a token in that it was given for a role', async () => {
  const authorization = `Bearer ${await open.token('admin', 1)}`
  expect((await open.fetch('/v1/dispatch/orders', { headers: { authorization } })).status).toBe(200)
})

it('meets the faults that are set between it and its database', async () => {
  const readiness = async () => (await open.fetch('/readyz')).status
  open.faults.set({ refuse: 1 })
  await expect.poll(readiness, soon).toBe(503)
  open.faults.clear()
  await expect.poll(readiness, soon).toBe(200)
})

it('fires a cron trigger and waits for its run; one that nobody knows fails', async () => {
  expect(await open.scheduled('* * * * *')).toMatchObject({ outcome: 'ok' })
  expect(await open.scheduled('1 2 3 4 5')).toMatchObject({ outcome: 'exception' })
})

it('hands over what the Worker logs', async () => {
  await worker.fetch('/healthz', { headers: { 'x-request-id': 'look-for-this' } })
  await vi.waitFor(() => expect(lines.join('\n')).toContain('look-for-this'), soon)
})

it('serves the static assets, Swagger UI among them', async () => {
  const style = await open.fetch('/docs/swagger-ui.css')
  expect(style.status).toBe(200)
  expect(style.headers.get('content-type')).toContain('text/css')
  expect((await open.fetch('/docs')).headers.get('content-security-policy')).toContain("script-src 'self'")
})
