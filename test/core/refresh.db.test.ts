import { sql } from 'drizzle-orm'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { makeDb } from '../../functions/core/db.ts'
import { makeMetrics } from '../../functions/core/metrics.ts'
import { type Refreshed, refreshed, refreshOf } from '../../functions/core/refresh.ts'
import { countedSource, materializedView } from '../../schema/kit/materialized.ts'
import { freshDatabase } from '../support/database.ts'
import { freshProxy } from '../support/proxy.ts'
import { sent } from '../support/sent.ts'
import { soon } from '../support/soon.ts'
import { hold, letLocksWait } from './barrier.ts'

const database = await freshDatabase()
await letLocksWait(database)
const proxy = await freshProxy(database)
const { admin } = database
const metrics = makeMetrics()
const db = makeDb(database.workerUrl, metrics, { proxy: proxy.address })

const view = materializedView({
  name: 'plain.totals',
  create:
    "create materialized view plain.totals as select kind, count(*)::int as n, case when kind = 'slow' then pg_advisory_xact_lock_shared(880100)::text else '' end as waited from plain.things group by kind",
  unique: ['kind'],
  readBy: 'lockstep_app',
  serves: 'a test',
})

beforeEach(async () => {
  await admin.query(
    'drop schema if exists plain cascade; create schema plain; grant usage on schema plain to lockstep_app',
  )
  await admin.query('create table plain.things (kind text)')
  for (const { create } of [...countedSource('plain.things'), view]) await admin.query(create)
  await admin.query(
    `delete from core.view_refreshes; delete from core.view_recounts; delete from core.source_writes where source like 'plain.%'`,
  )
})

async function refresh(...views: string[]): Promise<Refreshed[]> {
  const [row] = await db.query<{ outcome: { views: Refreshed[] } }>(
    refreshed('tests.refresh', refreshOf(views.length > 0 ? views : ['plain.totals'])),
  )
  return row?.outcome.views ?? []
}

/** Begins a refresh of a view whose query takes until the function that this returns is called. */
async function slowRefresh(refresh: () => Promise<unknown>) {
  await admin.query(`insert into plain.things values ('slow')`)
  const slow = await hold(database, 'select pg_advisory_xact_lock(880100)')
  const running = refresh()
  const locked = `select from pg_locks where relation = 'plain.totals'::regclass
    and mode in ('ExclusiveLock', 'AccessExclusiveLock') and granted`
  await vi.waitUntil(async () => (await admin.query(locked)).rowCount, { ...soon, interval: 5 })
  return async () => {
    await slow.commit()
    return running
  }
}

const outcomes = async () => (await refresh()).map(({ outcome }) => outcome)
const totals = async () => (await admin.query('select kind, n from plain.totals order by kind')).rows

describe('a refresh', () => {
  it('shows new writes, in one round trip', async () => {
    await admin.query(`insert into plain.things values ('a'), ('a'), ('b')`)
    const before = metrics.trips
    expect(await refresh()).toMatchObject([
      { view: 'plain.totals', outcome: 'refreshed', rows: 2, durationMs: expect.any(Number) },
    ])
    expect(metrics.trips - before).toBe(1)
    expect(await totals()).toEqual([
      { kind: 'a', n: 2 },
      { kind: 'b', n: 1 },
    ])
  })

  it('is skipped without new writes, and renews the age', async () => {
    await refresh()
    await admin.query(
      `update core.view_refreshes set confirmed_at = now() - interval '1 hour', started_at = now() - interval '1 hour'`,
    )
    const [skipped] = await refresh()
    expect(skipped?.outcome).toBe('skipped')
    const status = await admin.query(
      `select age_seconds, skipped, pending_writes::int from core.get_views_refresh_status() where view = 'plain.totals'`,
    )
    expect(status.rows).toEqual([{ age_seconds: expect.any(Number), skipped: 1, pending_writes: 0 }])
    expect(status.rows[0].age_seconds).toBeLessThan(60)
  })

  it.each([
    ['an insert', `insert into plain.things values ('x')`, 'refreshed'],
    ['an update', `update plain.things set kind = 'z'`, 'refreshed'],
    ['a deletion', `delete from plain.things`, 'refreshed'],
    ['a truncation', `truncate plain.things`, 'refreshed'],
    ['an insert of no row', `insert into plain.things select 'x' where false`, 'skipped'],
    ['an update of no row', `update plain.things set kind = 'z' where kind = 'nobody'`, 'skipped'],
    ['a write that was rolled back', `begin; insert into plain.things values ('x'); rollback`, 'skipped'],
  ])('after %s', async (_, write, outcome) => {
    await admin.query(`insert into plain.things values ('a')`)
    await refresh()
    await admin.query(write)
    expect(await outcomes()).toEqual([outcome])
    expect(await totals()).toEqual(
      (await admin.query('select kind, count(*)::int as n from plain.things group by 1 order by 1')).rows,
    )
  })

  it('runs every time for a source without counters, which would else show old data for ever', async () => {
    await admin.query(
      'drop trigger count_inserts on plain.things; drop trigger count_updates on plain.things',
    )
    await refresh()
    await admin.query(`insert into plain.things values ('unseen')`)
    expect(await outcomes()).toEqual(['skipped'])
    await admin.query(
      'drop trigger count_deletes on plain.things; drop trigger count_truncations on plain.things',
    )
    expect(await outcomes()).toEqual(['refreshed'])
    expect(await outcomes()).toEqual(['refreshed'])
  })

  it('runs after its longest age, although nothing was written', async () => {
    const aged = sql`(select * from core.refresh_view('plain.totals', interval '1 day'))`
    const look = async () =>
      (await db.query<{ outcome: { views: Refreshed[] } }>(refreshed('tests.refresh', aged)))[0]?.outcome
        .views[0]?.outcome
    expect([await look(), await look()]).toEqual(['refreshed', 'skipped'])
    await admin.query(`update core.view_refreshes set started_at = now() - interval '25 hours'`)
    expect(await look()).toBe('refreshed')
  })

  it('populates a view that was made empty', async () => {
    await admin.query(
      `insert into plain.things values ('a'); refresh materialized view plain.totals with no data`,
    )
    expect(await outcomes()).toEqual(['refreshed'])
    expect(await totals()).toEqual([{ kind: 'a', n: 1 }])
  })

  it('sees at its next run the writes that committed during it', async () => {
    const end = await slowRefresh(refresh)
    await admin.query(`insert into plain.things values ('late')`)
    await end()
    expect(await outcomes()).toEqual(['refreshed'])
    expect(await totals()).toContainEqual({ kind: 'late', n: 1 })
  })

  it('never makes a reader wait', async () => {
    await admin.query(`insert into plain.things values ('a')`)
    await refresh()
    const reader = await database.connect()
    await reader.query(`set lock_timeout = '50ms'`)
    const end = await slowRefresh(refresh)
    for (let read = 0; read < 20; read += 1)
      expect((await reader.query('select * from plain.totals')).rowCount).toBeGreaterThan(0)
    expect(await end()).toMatchObject([{ outcome: 'refreshed' }])
  })

  it('makes one wait when it is not concurrent: the check finds it', async () => {
    const reader = await database.connect()
    await reader.query(`set lock_timeout = '50ms'`)
    const end = await slowRefresh(() => admin.query('refresh materialized view plain.totals'))
    await expect(reader.query('select * from plain.totals')).rejects.toThrow('lock timeout')
    await end()
  })

  it('leaves a view to the run that already refreshes it', async () => {
    const end = await slowRefresh(refresh)
    expect(await outcomes()).toEqual(['busy'])
    expect(await end()).toMatchObject([{ outcome: 'refreshed' }])
  })

  it('refuses what is no materialized view', async () => {
    await expect(refresh('plain.things')).rejects.toThrow('no materialized view')
  })
})

describe('a comparison with the query', () => {
  const nextDay = () =>
    admin.query(`
      update core.view_refreshes set started_at = started_at - interval '25 hours', duration_ms = 1;
      update core.view_recounts set recounted_at = recounted_at - interval '25 hours'`)
  const recounts = async () =>
    (await admin.query('select view, drift_keys::int from core.view_recounts order by view')).rows
  /** A write of which no trigger learns. */
  const uncounted = (write: string) =>
    admin.query(`set session_replication_role = replica; ${write}; set session_replication_role = origin`)

  it('finds a write that was not counted once a day, keeps how many rows differed and repairs them', async () => {
    await admin.query(`insert into plain.things values ('a'), ('b')`)
    await refresh()
    await uncounted(`insert into plain.things values ('a'), ('c')`)
    expect(await outcomes()).toEqual(['skipped'])
    await nextDay()
    expect(await outcomes()).toEqual(['refreshed'])
    expect(await recounts()).toEqual([{ view: 'plain.totals', drift_keys: 2 }])
    expect((await totals()).map(({ n }) => n)).toEqual([2, 1, 1])
    await nextDay()
    expect(await outcomes()).toEqual(['skipped'])
    expect(await recounts()).toEqual([{ view: 'plain.totals', drift_keys: 0 }])
  })

  it('is not made again within the day', async () => {
    await admin.query(`insert into plain.things values ('a')`)
    await refresh()
    await nextDay()
    expect(await outcomes()).toEqual(['skipped'])
    await uncounted(`insert into plain.things values ('b')`)
    expect(await outcomes()).toEqual(['skipped'])
    expect(await recounts()).toEqual([{ view: 'plain.totals', drift_keys: 0 }])
  })

  it('is made of one view in a transaction, whose time is limited, and of the next view in the next', async () => {
    const others = materializedView({
      name: 'plain.others',
      create:
        'create materialized view plain.others as select kind, count(*) as n from plain.things group by kind',
      unique: ['kind'],
    })
    await admin.query(others.create)
    const both = ['plain.totals', 'plain.others']
    await admin.query(`insert into plain.things values ('a')`)
    await refresh(...both)
    await nextDay()
    expect((await refresh(...both)).map(({ outcome }) => outcome)).toEqual(['skipped', 'skipped'])
    expect(await recounts()).toEqual([{ view: 'plain.totals', drift_keys: 0 }])
    await refresh(...both)
    expect(await recounts()).toEqual(both.toSorted().map((view) => ({ view, drift_keys: 0 })))
  })

  it('is dropped when a write commits meanwhile', async () => {
    await admin.query(`insert into plain.things values ('a')`)
    await refresh()
    await nextDay()
    const writer = await database.connect()
    await writer.query('begin; lock table plain.things in access exclusive mode')
    const running = refresh()
    await vi.waitUntil(async () => {
      const waiting = `select from pg_locks where relation = 'plain.things'::regclass and not granted`
      return (await admin.query(waiting)).rowCount === 1
    }, soon)
    await writer.query(`insert into plain.things values ('b'); commit`)
    expect(await running).toMatchObject([{ outcome: 'refreshed', rows: 2 }])
    expect(await recounts()).toEqual([])
  })

  it('leaves out numbers of floating point, whose sums depend on the order of the rows', async () => {
    await admin.query(`create table plain.weights (w float8); insert into plain.weights values (0.1)`)
    const means = "select 'all' as kind, sum(w) as total, count(*) as n from plain.weights"
    for (const { create } of [
      ...countedSource('plain.weights'),
      materializedView({
        name: 'plain.means',
        create: `create materialized view plain.means as ${means}`,
        unique: ['kind'],
      }),
    ])
      await admin.query(create)
    await refresh('plain.means')
    await uncounted(`update plain.weights set w = 0.1 + 1e-16`)
    await nextDay()
    expect((await refresh('plain.means'))[0]?.outcome).toBe('skipped')
    expect(await recounts()).toEqual([{ view: 'plain.means', drift_keys: 0 }])
  })

  it('is not made of a long view, whose job has a time limit', async () => {
    await admin.query(`insert into plain.things values ('a')`)
    await refresh()
    await nextDay()
    await admin.query('update core.view_refreshes set duration_ms = 2000')
    expect(await outcomes()).toEqual(['skipped'])
    expect(await recounts()).toEqual([])
  })
})

describe('the role of the Worker', () => {
  it('refreshes by the function alone', async () => {
    await expect(db.query(sent`refresh materialized view plain.totals`)).rejects.toThrow('permission denied')
    await expect(db.query(sent`update core.source_writes set writes = 0`)).rejects.toThrow(
      'permission denied',
    )
    await expect(db.query(sent`delete from core.view_refreshes`)).rejects.toThrow('permission denied')
  })
})
