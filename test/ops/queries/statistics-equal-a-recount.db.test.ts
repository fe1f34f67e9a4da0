import { beforeEach, describe, expect, it } from 'vitest'
import { urlAs } from '../../../dev/postgres/urls.ts'
import { named } from '../../../functions/core/named.ts'
import { foldQueries, recordQueries } from '../../../functions/core/record-queries.ts'
import { listQueries } from '../../../functions/ops/queries/list.ts'
import { readQuery } from '../../../functions/ops/queries/read.ts'
import { freshEnvironment } from '../../core/environment.ts'

const { database, ctx } = await freshEnvironment()
const { admin } = database
const own = `(select oid from pg_database where datname = current_database())`

beforeEach(async () => {
  await admin.query(`select pg_stat_statements_reset(0, ${own}, 0)`)
  await admin.query('truncate core.query_stats, core.query_marks, core.query_texts, core.query_reads')
})

const sell = (count: number) => ctx().db.query(named('shop.sell')`select generate_series(1, ${count}::int)`)
const buy = () => ctx().db.query(named('shop.buy')`select count(*) from core.outbox where topic = ${'x'}`)

async function times(count: number, run: () => Promise<unknown>): Promise<void> {
  for (let n = 0; n < count; n += 1) await run()
}

/** A reading, although the last one is not five minutes ago. */
async function read(): Promise<void> {
  await admin.query(`update core.query_reads set read_at = now() - interval '1 hour'`)
  await ctx().db.query(recordQueries())
}

const callsOf = async (name: string) => {
  const { rows } = await admin.query(
    'select coalesce(sum(calls), 0)::int as calls, coalesce(sum(rows), 0)::int as rows, coalesce(sum(resets), 0)::int as resets from core.query_stats where name = $1',
    [name],
  )
  return rows[0]
}

describe('the statistics of statements', () => {
  it('add up to the calls that were made, over many readings', async () => {
    await times(3, () => sell(2))
    await read()
    await times(4, () => sell(5))
    await buy()
    await read()
    await read()
    expect(await callsOf('shop.sell')).toEqual({ calls: 7, rows: 26, resets: 0 })
    expect(await callsOf('shop.buy')).toEqual({ calls: 1, rows: 1, resets: 0 })
  })

  it('go on after somebody reset the counters of Postgres, also when the new value passed the old one', async () => {
    await times(2, () => sell(1))
    await read()
    await admin.query(`select pg_stat_statements_reset(0, ${own}, 0)`)
    await times(5, () => sell(1))
    await read()
    expect(await callsOf('shop.sell')).toEqual({ calls: 7, rows: 7, resets: 1 })
  })

  it('do not add up a statement again that was idle for longer than marks are kept', async () => {
    await times(3, () => sell(1))
    await read()
    for (const days of [30, 31]) {
      await admin.query(`update core.query_marks set read_at = read_at - $1 * interval '1 day'`, [days])
      await read()
      await ctx().db.query(foldQueries())
    }
    await read()
    expect(await callsOf('shop.sell')).toEqual({ calls: 3, rows: 3, resets: 0 })
  })

  it('go on after Postgres evicted one statement and met it again', async () => {
    await times(3, () => sell(1))
    await buy()
    await read()
    await admin.query(
      `select pg_stat_statements_reset(0, ${own}, queryid) from pg_stat_statements where query like '%shop.sell%' and dbid = ${own}`,
    )
    await read()
    await times(2, () => sell(1))
    await buy()
    await read()
    expect(await callsOf('shop.sell')).toEqual({ calls: 5, rows: 5, resets: 1 })
    expect(await callsOf('shop.buy')).toMatchObject({ calls: 2, resets: 0 })
  })

  it('lose calls if a reset is only noticed by a smaller number (negative control)', async () => {
    await times(2, () => sell(1))
    await read()
    await admin.query(`select pg_stat_statements_reset(0, ${own}, 0)`)
    await times(5, () => sell(1))
    await admin.query(
      `update core.query_marks m set stats_since = s.stats_since, total_ms = 0, blocks_hit = 0, wal_bytes = 0
      from pg_stat_statements s where s.queryid = m.query_id and s.dbid = ${own} and m.name = 'shop.sell'`,
    )
    await read()
    expect((await callsOf('shop.sell')).calls).toBeLessThan(7)
  })

  it('are read every five minutes, however often the clock ticks', async () => {
    await sell(1)
    await read()
    await sell(1)
    expect(await ctx().db.query(recordQueries())).toMatchObject([
      { outcome: { rows: 0, outcome: 'skipped' } },
    ])
    expect(await callsOf('shop.sell')).toMatchObject({ calls: 1 })
  })

  it('are the same after their old readings were added up by the hour', async () => {
    await times(4, () => sell(3))
    await read()
    await admin.query(`insert into core.query_stats
      select name, minutes, begins - interval '3 days' - n * interval '5 minutes', calls, total_ms, squares_ms, rows,
        blocks_hit, blocks_read, temp_bytes, wal_bytes, resets
      from core.query_stats, generate_series(0, 9) n where name = 'shop.sell'`)
    const before = await callsOf('shop.sell')
    await ctx().db.query(foldQueries())
    expect(await callsOf('shop.sell')).toEqual(before)
    const { rows } = await admin.query(`select count(*)::int as n from core.query_stats where minutes = 60`)
    expect(rows[0].n).toBeLessThanOrEqual(2)
  })
})

describe('GET /v1/ops/queries', () => {
  it('lists each statement with its calls, times and share', async () => {
    await times(3, () => sell(2))
    await buy()
    await read()
    const { why, data, coverage, asOf } = await listQueries(ctx(), { order: 'calls' })
    expect([why, coverage]).toEqual([null, null])
    expect(asOf).not.toBeNull()
    const found = data.find(({ name }) => name === 'shop.sell')
    expect(found).toMatchObject({
      calls: 3,
      rows: 6,
      p95Ms: null,
      was: null,
      trend: null,
      tempBytes: 0,
      resets: 0,
    })
    expect(found?.meanMs).toBeCloseTo((found?.totalMs ?? 0) / 3)
    expect(found?.serverP95Ms).toBeGreaterThanOrEqual(found?.meanMs ?? Number.POSITIVE_INFINITY)
    expect(data.reduce((sum, { share }) => sum + share, 0)).toBeCloseTo(1)
  })

  it('compares a statement with the same hour of the week before', async () => {
    await times(2, () => sell(1))
    await read()
    await admin.query(`insert into core.query_stats
      select name, 60, begins - interval '7 days 1 minute', 10, 10 * total_ms / calls, squares_ms, rows,
        blocks_hit, blocks_read, temp_bytes, wal_bytes, resets
      from core.query_stats where name = 'shop.sell'`)
    const from = new Date(Date.now() - 2 * 60 * 60_000).toISOString()
    const { data } = await listQueries(ctx(), { order: 'total', from })
    const found = data.find(({ name }) => name === 'shop.sell')
    expect(found?.was?.perMinute).toBeCloseTo(10 / 120)
    expect(found?.trend).toBeCloseTo(1)
  })

  it('shows the generic plan of one statement, and says why where there is none', async () => {
    await buy()
    await ctx().db.query(named('shop.wait')`select now() - interval '10 seconds' as then`)
    await read()
    const bought = await readQuery(ctx(), 'shop.buy', {})
    expect(bought?.statements).toMatchObject([{ why: null, plan: expect.stringContaining('Aggregate') }])
    expect(bought?.statements[0]?.text).toContain('/* shop.buy */')
    expect(bought?.series).toMatchObject([{ minutes: 5, calls: 1 }])
    const { data } = await listQueries(ctx(), { order: 'total' })
    const listed = data.find(({ name }) => name === 'shop.buy')
    expect(listed?.share).toBeLessThan(1)
    expect(bought?.figures?.share).toBe(listed?.share)
    const waited = await readQuery(ctx(), 'shop.wait', {})
    expect(waited?.statements).toMatchObject([{ plan: null, why: expect.stringContaining('cannot plan') }])
    expect(await readQuery(ctx(), 'shop.unknown', {})).toBeNull()
  })

  it('shows no utility statement, no parameter and no statement of another role', async () => {
    const canary = 'canary-7f3a'
    const worker = await database.connect(database.workerUrl)
    await worker.query(`set /* shop.secret */ application_name = '${canary}'`)
    await worker.query(`select /* shop.phone */ '${canary}'::text as phone`)
    await worker.query('begin')
    await worker.query(`alter /* shop.alter */ role current_user password '${canary}'`)
    await worker.query('rollback')
    await admin.query(`select /* shop.admin */ '${canary}'`)
    await read()
    const list = await listQueries(ctx(), { order: 'total' })
    const names = list.data.map(({ name }) => name)
    expect(names).toContain('shop.phone')
    for (const name of ['shop.secret', 'shop.alter', 'shop.admin']) expect(names).not.toContain(name)
    const shown = JSON.stringify([list, await Promise.all(names.map((name) => readQuery(ctx(), name, {})))])
    expect(shown).not.toContain(canary)
  })

  it('takes no statement of another role, also for a role that may read those of all', async () => {
    const role = `${database.name}_reader`
    await admin.query(`create role ${role} login password 'p' in role lockstep_app, pg_read_all_stats`)
    const reader = await database.connect(urlAs(database.ownerUrl, { user: role, password: 'p' }))
    try {
      await admin.query('select /* shop.admin */ 1')
      await reader.query('select /* shop.mine */ 1')
      const { rows } = await reader.query('select name from core.own_statements()')
      expect(rows).toEqual([{ name: 'shop.mine' }])
    } finally {
      await reader.end()
      await admin.query(`drop role ${role}`)
    }
  })

  it('says why nothing is known before the first reading', async () => {
    expect(await listQueries(ctx(), { order: 'total' })).toMatchObject({
      asOf: null,
      why: expect.stringContaining('No data has been collected yet'),
      data: [],
    })
  })
})

describe('a database without pg_stat_statements', () => {
  it('is read without a failure, and the list says why it knows nothing', async () => {
    await admin.query('drop extension pg_stat_statements')
    try {
      expect(await ctx().db.query(recordQueries())).toMatchObject([{ outcome: { rows: 0, outcome: 'ok' } }])
      expect(await listQueries(ctx(), { order: 'total' })).toMatchObject({
        why: expect.stringContaining('The extension pg_stat_statements does not exist'),
        data: [],
      })
    } finally {
      await admin.query('create extension pg_stat_statements schema public')
    }
  })
})
