import { expect, it } from 'vitest'
import { jobsAtOnce } from '../../../cron/index.ts'
import { readConnections } from '../../../functions/ops/connections/read.ts'
import { connectionSum, jobSessions, neededConnections, poolSize } from '../../../functions/ops/rules.ts'
import { freshEnvironment } from '../../core/environment.ts'

const { database, ctx } = await freshEnvironment()

it('the available connections are the sum of what is kept free and the pool', async () => {
  const one = await database.connect()
  await one.query('begin')
  await one.query('select 1')
  const seen = await readConnections(ctx())
  await one.query('rollback')
  const { rows } = await database.admin.query(
    `select current_setting('max_connections')::int as max, current_setting('superuser_reserved_connections')::int as kept`,
  )
  expect(seen.maxConnections).toBe(rows[0].max)
  expect(seen.reserved).toBeGreaterThanOrEqual(rows[0].kept)
  expect(seen.available).toBe(seen.maxConnections - seen.reserved)
  expect(seen.pool).toEqual({ size: seen.available - 5, pooled: false })
  expect(seen).toMatchObject({ need: null, why: 'No Durable Object is bound as METRICS' })
  const { available, used, need } = seen
  expect(seen.sum).toBe(connectionSum({ available, pool: seen.pool.size, used, need }))
  expect(seen.used).toBeGreaterThanOrEqual(2)
  expect(seen.groups.reduce((sum, { count }) => sum + count, 0)).toBeGreaterThanOrEqual(seen.used)
  expect(seen.oldestTransactionSeconds).toBeGreaterThanOrEqual(0)
})

it('behind a pooled endpoint of Neon the pool has nine tenths', () => {
  expect(poolSize({ max: 112, available: 105, pooled: true })).toBe(100)
  expect(poolSize({ max: 112, available: 105, pooled: false })).toBe(100)
  expect(poolSize({ max: 10, available: 3, pooled: false })).toBe(0)
  expect(connectionSum({ available: 97, pool: 92, used: 4, need: 3.1 })).toBe(
    '97 = 2 migrations + 3 operator + 92 pool; need 3.1; 4 in use, 4 %',
  )
})

it('the need is the time of all statements in a second, and a session for each job that runs at once', () => {
  // 1 000 requests a second, each of which holds a connection for 3 ms, over five minutes.
  expect(neededConnections({ held: 300 * 1_000 * 0.003, within: 300 })).toBe(3 + jobSessions)
  expect(jobSessions).toBe(jobsAtOnce)
})
