import { expect, inject, it } from 'vitest'
import { ratePeriodSeconds } from '../../functions/http/limits.ts'
import { freshWorker } from '../support/worker.ts'

const app = await freshWorker({
  rateLimits: { RATE_READ: { limit: 3, period: 60 }, RATE_WRITE: { limit: 2, period: 60 } },
})
const path = '/v1/dispatch/stores'

async function statuses(count: number, ask: () => Promise<Response>): Promise<number[]> {
  const seen = []
  for (let at = 0; at < count; at += 1) seen.push((await ask()).status)
  return seen
}

const as = async (sub: string, init: RequestInit = {}) => {
  const authorization = `Bearer ${await app.token('admin', sub)}`
  return () => app.fetch(path, { ...init, headers: { authorization } })
}

it('ends the reads of one principal, not of another', async () => {
  expect(await statuses(5, await as('ada'))).toEqual([200, 200, 200, 429, 429])
  expect(await statuses(1, await as('grace'))).toEqual([200])
})

it('counts writes apart from reads, and refused ones too', async () => {
  expect(await statuses(3, await as('edsger', { method: 'POST' }))).toEqual([400, 400, 429])
  expect(await statuses(1, await as('edsger'))).toEqual([200])
})

it('says how long to wait', async () => {
  const ask = await as('barbara')
  await statuses(3, ask)
  const refused = await ask()
  expect(refused.status).toBe(429)
  expect(refused.headers.get('retry-after')).toBe('60')
  expect(refused.headers.get('ratelimit')).toBe('"read";r=0;t=60')
  expect(await refused.json()).toMatchObject({ code: 'rate_limited', retryable: true, class: 'read' })
})

it('counts callers without a good token by their address, so that tokens cannot be guessed', async () => {
  const guess = () =>
    app.fetch(path, { headers: { authorization: 'Bearer a.b.c', 'cf-connecting-ip': '192.0.2.7' } })
  expect(await statuses(4, guess)).toEqual([401, 401, 429, 429])
})

it('waits for the window that wrangler.toml gives both limits', () => {
  const simple = { period: ratePeriodSeconds }
  expect(inject('worker')?.config.options.ratelimits).toMatchObject({
    RATE_READ: { simple },
    RATE_WRITE: { simple },
  })
})
