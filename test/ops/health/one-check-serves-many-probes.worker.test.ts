import { beforeEach, expect, it } from 'vitest'
import { anAnswersTime, soon } from '../../support/soon.ts'
import { freshWorker } from '../../support/worker.ts'

const unlimited = { limit: 1_000_000, period: 60 } as const
const app = await freshWorker({ rateLimits: { RATE_READ: unlimited } })

/** The statements of readiness that Postgres has executed. */
const checks = async () => {
  const { rows } = await app.database.admin.query(
    `select coalesce(sum(calls), 0)::int as calls from pg_stat_statements s
    join pg_database d on d.oid = s.dbid
    where d.datname = current_database() and s.query like '%/* ops.check-database */%'`,
  )
  return Number(rows[0].calls)
}
const probe = async () => (await app.fetch('/readyz')).status

beforeEach(() => app.faults.clear())

it('fifty probes at once cost Postgres one check, and one more for each second that ends among them', async () => {
  await probe()
  const [before, began] = [await checks(), performance.now()]
  const statuses = await Promise.all(Array.from({ length: 50 }, probe))
  expect(new Set(statuses)).toEqual(new Set([200]))
  const seconds = Math.ceil((performance.now() - began) / 1_000)
  expect((await checks()) - before).toBeLessThanOrEqual(1 + seconds)
})

it('a database that fails is seen by a probe a second later, and so is its return', async () => {
  expect(await probe()).toBe(200)
  app.faults.set({ refuse: 1 })
  await anAnswersTime()
  expect(await probe()).toBe(503)
  app.faults.clear()
  await anAnswersTime()
  expect(await probe()).toBe(200)
})

it('a check that hangs gives way to another one, and no probe sees it', async () => {
  app.faults.set({ blackhole: 1, times: 1, match: 'ops.check-database' })
  const statuses: number[] = []
  const hung = async () => {
    statuses.push(...(await Promise.all(Array.from({ length: 5 }, probe))))
    return app.faults.counts.blackhole
  }
  await expect.poll(hung, { ...soon, interval: 100 }).toBe(1)
  expect(new Set(statuses)).toEqual(new Set([200]))
})
