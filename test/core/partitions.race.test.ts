import { beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { withPartitions } from '../../functions/core/partitions.ts'
import { pidOf } from '../support/blocking.ts'
import { untilLasts } from '../support/lasting.ts'
import { sent } from '../support/sent.ts'
import { failure, freshEnvironment, times } from './environment.ts'

await untilLasts('day', 60)
const { database, ctx } = await freshEnvironment()
const { admin, connect } = database

beforeAll(async () => {
  await admin.query('create schema sample; grant usage on schema sample to lockstep_app')
  await admin.query(
    'create table sample.days (at timestamptz not null, folded boolean not null default false) partition by range (at)',
  )
  await admin.query('grant select, insert on sample.days to lockstep_app')
  await admin.query(`create function sample.is_folded(first_moment timestamptz, next_moment timestamptz) returns boolean language sql volatile as
    $$ select coalesce(bool_and(folded), true) from sample.days where at >= first_moment and at < next_moment $$`)
  await admin.query(
    `insert into core.partitioned values ('sample.days', 'time', 'day', 2, 3, 'sample.is_folded')`,
  )
})

beforeEach(async () => {
  const { rows } = await admin.query(
    `select inhrelid::regclass::text as name from pg_inherits where inhparent = 'sample.days'::regclass`,
  )
  for (const { name } of rows) await admin.query(`drop table ${name}`)
})

async function stored(): Promise<number> {
  const { rows } = await admin.query('select count(*)::int as count from sample.days')
  return rows[0].count
}

describe('partitions under races', () => {
  it('gives twelve rows of a day without partition the same one, and stores all', async () => {
    await times(12, () =>
      withPartitions(ctx(), { table: 'sample.days', moments: () => [new Date()] }, () =>
        ctx().db.query(sent`insert into sample.days values (now())`),
      ),
    )
    expect(await stored()).toBe(12)
  })

  it('lets two keepers do the work once', async () => {
    await admin.query(`select core.make_partition('sample.days', now() - interval '5 days')`)
    const clients = await Promise.all([connect(), connect(), connect()])
    const runs = await Promise.all(
      clients.map((client) =>
        client.query(
          `select made, dropped, error from core.keep_partitions() where relation = 'sample.days'`,
        ),
      ),
    )
    const rows = runs.map(({ rows: [row] }) => row)
    expect(rows.map(({ made }) => made).toSorted((a, b) => a - b)).toEqual([0, 0, 3])
    expect(rows.map(({ dropped }) => dropped).toSorted((a, b) => a - b)).toEqual([0, 0, 1])
    expect(rows.map(({ error }) => error)).toEqual([null, null, null])
  })

  it('shows two keepers that break each other without the lock', async () => {
    const { rows } = await admin.query(
      `select pg_get_functiondef('core.make_partition(text, timestamptz)'::regprocedure) as text`,
    )
    const broken = rows[0].text
      .replaceAll('make_partition', 'make_unlocked')
      .replace(/perform pg_advisory_xact_lock.*\n/, '')
    expect(broken).not.toContain('pg_advisory')
    await admin.query(broken)
    const [one, other] = await Promise.all([connect(), connect()])
    await one.query(`begin; select core.make_unlocked('sample.days', now())`)
    const pid = pidOf(other)
    const second = failure(other.query(`select core.make_unlocked('sample.days', now())`))
    await untilBlocked(pid)
    await one.query('commit')
    expect(await second).toMatchObject({ code: expect.stringMatching(/^(23505|42P07)$/) })
  })

  it('keeps the late row that arrives between the question and the drop', async () => {
    await admin.query(`select core.make_partition('sample.days', now() - interval '5 days')`)
    const writer = await connect()
    await writer.query(`begin; insert into sample.days values (now() - interval '5 days')`)
    // The keeper sees no unfolded row yet. It gives up on the lock, and the row commits.
    const keeper = admin.query(
      `select dropped, waiting from core.keep_partitions() where relation = 'sample.days'`,
    )
    expect((await keeper).rows).toEqual([{ dropped: 0, waiting: 1 }])
    await writer.query('commit')
    await admin.query('select from core.keep_partitions()')
    expect(await stored()).toBe(1)
  })

  it('asks again under the lock, for the row that committed while the keeper waited for it', async () => {
    await admin.query(`select core.make_partition('sample.days', now() - interval '5 days')`)
    expect(await lateRowSurvives('core.drop_partition')).toBe(true)
  })

  it('shows a late row that is lost when the keeper asks before it locks only', async () => {
    await admin.query(`select core.make_partition('sample.days', now() - interval '5 days')`)
    const { rows } = await admin.query(
      `select pg_get_functiondef('core.drop_partition(text, regclass, timestamptz, timestamptz)'::regprocedure) as text`,
    )
    const broken = rows[0].text
      .replaceAll('drop_partition', 'drop_unasked')
      .replace(/if not core\.is_folded\([^;]*;\s*end if;/, '')
    expect(broken).not.toContain('is_folded')
    await admin.query(broken)
    expect(await lateRowSurvives('core.drop_unasked')).toBe(false)
  })
})

/** A writer commits a row while the keeper, which found everything folded, waits for its lock. */
async function lateRowSurvives(drop: string): Promise<boolean> {
  const [writer, keeper] = await Promise.all([connect(), connect()])
  const { rows } = await admin.query(
    `select inhrelid::regclass::text as name from pg_inherits where inhparent = 'sample.days'::regclass`,
  )
  await writer.query(`begin; insert into sample.days values (now() - interval '5 days')`)
  // The keeper gives up on a lock after a quarter of a second, in which a busy machine may not look.
  const signature = `${drop}(text, regclass, timestamptz, timestamptz)`
  const { rows: sound } = await admin.query('select pg_get_functiondef($1::regprocedure) as text', [
    signature,
  ])
  await admin.query(`alter function ${signature} set lock_timeout = '1min'`)
  onTestFinished(async () => {
    await admin.query(sound[0].text)
  })
  const pid = pidOf(keeper)
  const day = `date_trunc('day', now() - interval '5 days', 'UTC')`
  const dropping = keeper
    .query(`select ${drop}('sample.days', '${rows[0].name}', ${day}, ${day} + interval '1 day')`)
    .then(
      () => true,
      () => false,
    )
  await untilBlocked(pid)
  await writer.query('commit')
  await dropping
  return (await stored()) === 1
}

async function untilBlocked(pid: number): Promise<void> {
  const blockers = async () => {
    const { rows } = await admin.query('select cardinality(pg_blocking_pids($1)) as blockers', [pid])
    return rows[0].blockers
  }
  await expect.poll(blockers).toBe(1)
}
