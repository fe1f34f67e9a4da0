import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { tick } from '../../cron/index.ts'
import { keepPartitions, withPartitions } from '../../functions/core/partitions.ts'
import { partitioned } from '../../schema/kit/partitions.ts'
import { untilLasts } from '../support/lasting.ts'
import { sent } from '../support/sent.ts'
import { failure, freshEnvironment } from './environment.ts'

await untilLasts('day', 60)
const { database, ctx } = await freshEnvironment()
const { admin, workerUrl, connect } = database

const dayMs = 86_400_000
const inDays = (days: number) => new Date(Date.now() + days * dayMs)
const nameOf = (table: string, at: Date, length: 6 | 8) =>
  `${table}_${at.toISOString().slice(0, 10).replaceAll('-', '').slice(0, length)}`

/** Rows by day of a time, and rows by month of a UUIDv7 whose fold is a table that the tests write. */
beforeAll(async () => {
  await admin.query('create schema sample; grant usage on schema sample to lockstep_app')
  await admin.query(
    'create table sample.days (at timestamptz not null, note text check (note <> $$bad$$)) partition by range (at)',
  )
  await admin.query('create table sample.ids (id uuid primary key) partition by range (id)')
  await admin.query('grant select, insert on sample.days, sample.ids to lockstep_app')
  await admin.query('create table sample.folds (upto timestamptz)')
  await admin.query(`create function sample.is_folded(timestamptz, timestamptz) returns boolean language sql as
    $$ select upto >= $2 from sample.folds $$`)
  const declared = [
    ...partitioned({ table: 'sample.days', column: 'at', key: 'time', every: 'day', ahead: 2, kept: 3 }),
    ...partitioned({
      table: 'sample.ids',
      column: 'id',
      key: 'id',
      every: 'month',
      ahead: 1,
      kept: 2,
      foldedBy: 'sample.is_folded',
    }),
  ]
  for (const { kind, create } of declared) if (kind === 'kept partitions') await admin.query(create)
})

beforeEach(async () => {
  for (const table of ['days', 'ids'])
    for (const name of await partitionsOf(table)) await admin.query(`drop table sample.${name}`)
  await admin.query('delete from sample.folds')
})

async function partitionsOf(table: string): Promise<string[]> {
  const { rows } = await admin.query<{ name: string }>(
    `select relname as name from pg_inherits join pg_class on oid = inhrelid
     where inhparent = ('sample.' || $1)::regclass order by 1`,
    [table],
  )
  return rows.map(({ name }) => name)
}

async function keep(): Promise<Record<string, Record<string, unknown>>> {
  const { rows } = await admin.query('select * from core.keep_partitions()')
  return Object.fromEntries(rows.map((row) => [row.relation, row]))
}

const writeDay = (at: Date, note = '') =>
  withPartitions(ctx(), { table: 'sample.days', moments: () => [at] }, () =>
    ctx().db.query(sent`insert into sample.days values (${at.toISOString()}::timestamptz, ${note})`),
  )

describe('a row that finds no partition', () => {
  it('is stored, in a partition of its own day', async () => {
    await writeDay(inDays(-2))
    expect(await partitionsOf('days')).toEqual([nameOf('days', inDays(-2), 8)])
  })

  it('is refused without the primitive', async () => {
    const at = inDays(0).toISOString()
    expect(
      await failure(ctx().db.query(sent`insert into sample.days values (${at}::timestamptz)`)),
    ).toMatchObject({
      sqlstate: '23514',
    })
  })

  it.each([-5, 4])('stays refused when it is %i days from now, outside of what is kept', async (days) => {
    expect(await failure(writeDay(inDays(days)))).toMatchObject({ sqlstate: '23514' })
    expect(await partitionsOf('days')).toEqual([])
  })

  it('is not written twice when a check of the table refuses it', async () => {
    await keep()
    let writes = 0
    const write = withPartitions(ctx(), { table: 'sample.days', moments: () => [inDays(0)] }, () => {
      writes += 1
      return ctx().db.query(sent`insert into sample.days values (now(), 'bad')`)
    })
    expect(await failure(write)).toMatchObject({ constraint: 'days_note_check' })
    expect(writes).toBe(1)
  })
})

describe('partitions by month of UUIDv7', () => {
  it('hold each id in the month of its time, up to the last millisecond', async () => {
    // A busy machine may make an id so late that it belongs to this month.
    await keep()
    const month = new Date(`${inDays(0).toISOString().slice(0, 7)}-01T00:00:00Z`)
    const moments = [new Date(month.getTime() - 1), month]
    for (const at of moments)
      await withPartitions(ctx(), { table: 'sample.ids', moments: () => [at] }, () =>
        ctx().db.query(
          sent`insert into sample.ids select uuidv7(${at.toISOString()}::timestamptz - clock_timestamp()) from generate_series(1, 20)`,
        ),
      )
    const { rows } = await admin.query(
      `select tableoid::regclass::text as partition, bool_and(to_char(uuid_extract_timestamp(id) at time zone 'UTC', 'YYYYMM')
         = right(tableoid::regclass::text, 6)) as right_month, count(*)::int
       from sample.ids group by 1 order by 1`,
    )
    const named = moments.map((at) => `sample.${nameOf('ids', at, 6)}`)
    expect(rows.map(({ partition, right_month }) => ({ partition, right_month }))).toContainEqual({
      partition: named[1],
      right_month: true,
    })
    expect(rows.every(({ right_month }) => right_month)).toBe(true)
  })

  it('begin with the smallest id of a millisecond', async () => {
    const { rows } = await admin.query(
      `select core.first_id('2026-12-01T00:00:00Z')::text as first,
         core.first_id('2026-12-01T00:00:00Z') <= uuidv7('2026-12-01T00:00:00.0005Z'::timestamptz - clock_timestamp()) as below`,
    )
    expect(rows[0]).toMatchObject({
      first: '019ad71c-c000-0000-0000-000000000000'.replace(/^.{13}/, rows[0].first.slice(0, 13)),
    })
    expect(Number.parseInt(rows[0].first.replace('-', '').slice(0, 12), 16)).toBe(
      Date.parse('2026-12-01T00:00:00Z'),
    )
    expect(rows[0].below).toBe(true)
  })
})

describe('the keeper', () => {
  it('makes partitions as far ahead as registered, and finds nothing to do after that', async () => {
    expect(await keep()).toMatchObject({ 'sample.days': { made: 3 }, 'sample.ids': { made: 2 } })
    expect(await partitionsOf('days')).toEqual([0, 1, 2].map((days) => nameOf('days', inDays(days), 8)))
    expect(await keep()).toMatchObject({ 'sample.days': { made: 0, dropped: 0 } })
  })

  it('drops partitions past their retention, and no table of another name', async () => {
    for (const days of [-4, -3])
      await admin.query(`select core.make_partition('sample.days', $1)`, [inDays(days)])
    await admin.query(
      `create table sample.days_by_hand partition of sample.days for values from ('2001-01-01') to ('2001-01-02')`,
    )
    expect(await keep()).toMatchObject({ 'sample.days': { made: 3, dropped: 1 } })
    expect(await partitionsOf('days')).toEqual(
      [...[-3, 0, 1, 2].map((days) => nameOf('days', inDays(days), 8)), 'days_by_hand'].toSorted(),
    )
  })

  it('keeps a partition until its rows are folded, and while the fold is unknown', async () => {
    await admin.query(`select core.make_partition('sample.ids', now() - interval '4 months')`)
    expect(await keep()).toMatchObject({ 'sample.ids': { dropped: 0, waiting: 1 } })
    await admin.query(`insert into sample.folds values (now() - interval '5 months')`)
    expect(await keep()).toMatchObject({ 'sample.ids': { dropped: 0, waiting: 1 } })
    await admin.query('update sample.folds set upto = now()')
    expect(await keep()).toMatchObject({ 'sample.ids': { dropped: 1, waiting: 0 } })
  })

  it('would drop unfolded rows without the registered fold', async () => {
    await admin.query(`select core.make_partition('sample.ids', now() - interval '4 months')`)
    await admin.query(`update core.partitioned set folded_by = null where relation = 'sample.ids'`)
    try {
      expect(await keep()).toMatchObject({ 'sample.ids': { dropped: 1 } })
    } finally {
      await admin.query(
        `update core.partitioned set folded_by = 'sample.is_folded' where relation = 'sample.ids'`,
      )
    }
  })

  it('leaves a table that a reader holds, and lets others read it meanwhile', async () => {
    await admin.query(`select core.make_partition('sample.days', $1)`, [inDays(-4)])
    const reader = await connect()
    await reader.query('begin; select from sample.days')
    expect(await keep()).toMatchObject({ 'sample.days': { dropped: 0, waiting: 1, error: null } })
    expect((await admin.query('select from sample.days')).rowCount).toBe(0)
    await reader.query('commit')
    expect(await keep()).toMatchObject({ 'sample.days': { dropped: 1, waiting: 0 } })
  })

  it('keeps the other tables when one table fails, and its job tells which', async () => {
    await admin.query(`insert into core.partitioned values ('sample.absent', 'time', 'day', 1, 1)`)
    try {
      const [row] = await ctx().db.query<{ outcome: Record<string, unknown> }>(keepPartitions())
      expect(row?.outcome).toMatchObject({
        outcome: 'failed',
        error: expect.stringContaining('sample.absent: 42P01'),
      })
      expect(await partitionsOf('days')).toHaveLength(3)
    } finally {
      await admin.query(`delete from core.partitioned where relation = 'sample.absent'`)
    }
  })

  it('runs every hour', async () => {
    await tick(
      ctx,
      { cron: '7 * * * *', scheduledTime: Date.parse('2026-11-27T10:07:00Z') },
      await keeperJob(),
    )
    expect(await partitionsOf('days')).toHaveLength(3)
    const { rows } = await admin.query(`select outcome from core.job_runs where job = 'core-partitions'`)
    expect(rows).toEqual([{ outcome: 'ok' }])
  })
})

async function keeperJob() {
  const { coreJobs } = await import('../../cron/core.ts')
  return coreJobs.filter(({ name }) => name === 'core-partitions')
}

describe("the Worker's role", () => {
  const today = nameOf('days', inDays(0), 8)
  it.each([
    [
      'create a partition',
      `create table sample.days_20010101 partition of sample.days for values from ('2001-01-01') to ('2001-01-02')`,
    ],
    ['create one with the inner function', `select core.make_partition('sample.days', '2001-01-01')`],
    ['drop one', `drop table sample.${today}`],
    ['detach one', `alter table sample.days detach partition sample.${today}`],
    [
      'drop one with the inner function',
      `select core.drop_partition('sample.days', 'sample.${today}', now(), now())`,
    ],
    ['register a table', `insert into core.partitioned values ('sample.days2', 'time', 'day', 1, 1)`],
    ['shorten a retention', `update core.partitioned set kept = 1`],
  ])('cannot %s', async (_what, statement) => {
    await keep()
    const worker = await connect(workerUrl)
    await expect(worker.query(statement)).rejects.toMatchObject({ code: '42501' })
    expect(await partitionsOf('days')).toHaveLength(3)
  })

  it('makes partitions of registered tables only', async () => {
    const worker = await connect(workerUrl)
    await expect(
      worker.query(`select core.make_partitions('core.outbox', array[now()])`),
    ).rejects.toMatchObject({
      code: 'P0002',
    })
  })
})
