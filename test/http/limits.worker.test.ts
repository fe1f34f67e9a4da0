import { expect, it } from 'vitest'
import { ratePeriodSeconds } from '../../functions/http/limits.ts'
import { builtWorker } from '../support/built-worker.ts'
import { freshWorker } from '../support/worker.ts'

const app = await freshWorker({
  rateLimits: { RATE_READ: { limit: 3, period: 60 }, RATE_WRITE: { limit: 2, period: 60 } },
})
const path = '/v1/dispatch/stores'

let somebody = 0

/** The limits count from one full minute to the next: what ran over one is tried again, by somebody new. */
async function withinAMinute<Seen>(attempt: (who: number) => Promise<Seen>): Promise<Seen> {
  const minute = () => Math.floor(Date.now() / 60_000)
  const before = minute()
  const seen = await attempt(++somebody)
  return minute() === before ? seen : withinAMinute(attempt)
}

async function statuses(count: number, ask: () => Promise<Response>): Promise<number[]> {
  const seen = []
  for (let at = 0; at < count; at += 1) seen.push((await ask()).status)
  return seen
}

const as = async (who: string | number, init: RequestInit = {}) => {
  const authorization = `Bearer ${await app.token('admin', who)}`
  return () => app.fetch(path, { ...init, headers: { authorization } })
}

it('ends the reads of one caller, not of another', async () => {
  const seen = await withinAMinute(async (who) => statuses(5, await as(who)))
  expect(seen).toEqual([200, 200, 200, 429, 429])
  expect(await statuses(1, await as('another'))).toEqual([200])
})

it('counts each tenant apart, however their tokens name the caller', async () => {
  const balances = async (tenantId: number, sub: string) => {
    const authorization = `Bearer ${await app.token('tenant', sub, tenantId)}`
    return () => app.fetch('/v1/ledger/summary', { headers: { authorization } })
  }
  const seen = await withinAMinute(async (who) => [
    await statuses(4, await balances(2 * who, 'server')),
    await statuses(1, await balances(2 * who, 'another server')),
    await statuses(1, await balances(2 * who + 1, 'server')),
  ])
  expect(seen).toEqual([[200, 200, 200, 429], [429], [200]])
})

it('counts writes apart from reads, and refused ones too', async () => {
  const seen = await withinAMinute(async (who) => [
    ...(await statuses(3, await as(who, { method: 'POST' }))),
    ...(await statuses(1, await as(who))),
  ])
  expect(seen).toEqual([400, 400, 429, 200])
})

it('says how long to wait', async () => {
  const refused = await withinAMinute(async (who) => {
    const ask = await as(who)
    await statuses(3, ask)
    return ask()
  })
  expect(refused.status).toBe(429)
  expect(refused.headers.get('retry-after')).toBe('60')
  expect(refused.headers.get('ratelimit')).toBe('"read";r=0;t=60')
  expect(await refused.json()).toMatchObject({ code: 'rate_limited', retryable: true, class: 'read' })
})

it('counts callers without a good token by their address, so that tokens cannot be guessed', async () => {
  const guesses = (who: number) => () =>
    app.fetch(path, { headers: { authorization: 'Bearer a.b.c', 'cf-connecting-ip': `192.0.2.${who}` } })
  expect(await withinAMinute((who) => statuses(4, guesses(who)))).toEqual([401, 401, 429, 429])
})

it('waits for the window that wrangler.toml gives both limits', async () => {
  const simple = { period: ratePeriodSeconds }
  const { config } = await builtWorker()
  expect(config.options.ratelimits).toMatchObject({
    RATE_READ: { simple },
    RATE_WRITE: { simple },
  })
})
