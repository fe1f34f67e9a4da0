import { sql } from 'drizzle-orm'
import { integer, pgTable, text } from 'drizzle-orm/pg-core'
import { beforeEach, describe, expect, it } from 'vitest'
import { assignments, changeVersion } from '../../functions/core/versioned.ts'
import { sent } from '../support/sent.ts'
import { crowd, hold, kept, untilWaiting } from './barrier.ts'
import { freshEnvironment, tally, times } from './environment.ts'

const { database, ctx } = await freshEnvironment({ maxSessions: 60 })
await database.admin.query(`
  create table counters (id int primary key, name text, n int not null default 0, owner text default 'me', version int not null default 1);
  create table changes (counter int, version int);
  grant all on counters, changes to lockstep_app`)
const counters = pgTable('counters', { id: integer('id'), name: text('name') })

beforeEach(() => database.admin.query(`truncate counters, changes; insert into counters (id) values (1)`))

type Counter = { n: number; version: number }
const value = sql`jsonb_build_object('n', changed.n, 'version', changed.version, 'name', changed.name)`
const change = (version: number, set = [sql`n = t.n + 1`]) =>
  changeVersion<Counter>(ctx(), { verb: 'tests.change', table: counters, id: 1, version, set, value })

/** Reads, changes what it read, and reads again if it was too late. */
async function careful(): Promise<void> {
  for (;;) {
    const [row] = await ctx().db.query<Counter>(sent`select n, version from counters where id = 1`)
    if (row === undefined) throw new Error('no such row')
    const changed = await change(row.version, assignments({ n: row.n + 1 }))
    if (changed.ok) return
  }
}

const row = async () => (await database.admin.query('select n, version, name, owner from counters')).rows[0]

describe('changeVersion', () => {
  it('lets one of fifty callers that read version 1 change it; the others get version 2', async () => {
    const holder = await hold(database, 'select from counters for update')
    const callers = crowd(50, () => change(1))
    await untilWaiting(database, 50)
    await holder.commit()
    const outcomes = kept(await callers.all)
    expect(
      tally(
        outcomes.map((outcome) =>
          outcome.ok ? 'changed' : `${outcome.reason} ${String(outcome['current'])}`,
        ),
      ),
    ).toEqual({
      changed: 1,
      'version_mismatch 2': 49,
    })
    expect(await row()).toMatchObject({ n: 1, version: 2 })
  })

  it('loses no update of eight callers that add ten each', async () => {
    await times(8, async () => {
      for (let round = 0; round < 10; round += 1) await careful()
    })
    expect(await row()).toMatchObject({ n: 80, version: 81 })
  })

  it('loses some without its condition on the version: the check finds it', async () => {
    const read = await times(8, () => ctx().db.query<Counter>(sent`select n from counters where id = 1`))
    await times(8, (at) =>
      ctx().db.query(
        sent`update counters set n = ${(read[at]?.[0]?.n ?? 0) + 1}, version = version + 1 where id = 1`,
      ),
    )
    expect(await row()).toMatchObject({ n: 1, version: 9 })
  })

  it('takes one round trip, and returns the changed row', async () => {
    const one = ctx()
    const name = `o'brien; drop table counters`
    const set = assignments({ name, owner: undefined })
    expect(
      await changeVersion(one, { verb: 'tests.change', table: counters, id: 1, version: 1, set, value }),
    ).toEqual({
      ok: true,
      value: { n: 0, version: 2, name },
    })
    expect(one.metrics.trips).toBe(1)
    expect(await row()).toEqual({ n: 0, version: 2, name, owner: 'me' })
  })

  it('does not find a missing row, nor a row that the caller may not see', async () => {
    const set = [sql`n = 9`]
    const missing = { verb: 'tests.change', table: counters, id: 2, version: 1, set, value }
    expect(await changeVersion(ctx(), missing)).toEqual({ ok: false, reason: 'not_found' })
    const hidden = {
      verb: 'tests.change',
      table: counters,
      id: 1,
      version: 7,
      set,
      value,
      visible: sql`found.owner = 'you'`,
    }
    expect(await changeVersion(ctx(), hidden)).toEqual({ ok: false, reason: 'not_found' })
    expect(await row()).toMatchObject({ n: 0, version: 1 })
  })

  it('refuses under the lock for the first reason that holds, after the version', async () => {
    const reason = (name: string) => sql`jsonb_build_object('ok', false, 'reason', ${name}::text)`
    const refusals = [
      { when: sql`found.n > 100`, outcome: reason('conflict') },
      { when: sql`found.n < 100`, outcome: reason('unprocessable') },
    ]
    const asked = { verb: 'tests.change', table: counters, id: 1, set: [sql`n = 9`], value, refusals }
    expect(await changeVersion(ctx(), { ...asked, version: 1 })).toEqual({
      ok: false,
      reason: 'unprocessable',
    })
    expect(await changeVersion(ctx(), { ...asked, version: 2 })).toMatchObject({
      reason: 'version_mismatch',
      current: 1,
    })
    expect(await row()).toMatchObject({ n: 0, version: 1 })
  })

  it('runs its further statements with the change, and not when the change is refused', async () => {
    const also = sql`,
logged as (insert into changes select changed.id, changed.version from changed)`
    const asked = { verb: 'tests.change', table: counters, id: 1, set: [sql`n = 9`], value, also }
    await changeVersion(ctx(), { ...asked, version: 1 })
    await changeVersion(ctx(), { ...asked, version: 1 })
    expect((await database.admin.query('select * from changes')).rows).toEqual([{ counter: 1, version: 2 }])
  })

  it('continues when the holder of the row dies', async () => {
    const holder = await hold(database, 'update counters set version = 5')
    const changing = crowd(1, () => change(1))
    await untilWaiting(database, 1)
    await holder.die()
    expect(kept(await changing.all)).toMatchObject([{ ok: true, value: { version: 2 } }])
  })
})
