import { type SQL, sql } from 'drizzle-orm'
import { beforeEach, describe, expect, it } from 'vitest'
import { firstFree, thisOne } from '../../functions/core/claim.ts'
import { sent } from '../support/sent.ts'
import { crowd, hold, kept, untilWaiting } from './barrier.ts'
import { failure, freshEnvironment, times } from './environment.ts'

const { database, ctx } = await freshEnvironment({ maxSessions: 60 })
await database.admin.query(`
  create table jobs (id int primary key, status text not null default 'new', owner int, note text);
  grant all on jobs to lockstep_app`)

beforeEach(() => database.admin.query('truncate jobs; insert into jobs (id) select generate_series(1, 50)'))

const claim = (wanted: SQL, owner: number) =>
  ctx().db.query<{ id: number }>(sent`
with wanted as ${wanted}
update jobs
set status = 'taken',
    owner = ${owner}
from wanted
where jobs.id = wanted.id
returning jobs.id`)

const one = (owner: number) =>
  claim(
    thisOne(sql`
  select id
  from jobs
  where id = 1
    and status = 'new'`),
    owner,
  )
const next = (owner: number) =>
  claim(
    firstFree(
      sql`
  select id
  from jobs
  where status = 'new'
  order by id`,
      1,
    ),
    owner,
  )

/** Wrong in one way each: the first does not lock the row, the second does not compare its state. */
const unlocked = (owner: number) =>
  claim(sql`materialized (select id from jobs where id = 1 and status = 'new')`, owner)
const unconditional = (owner: number) => claim(thisOne(sql`select id from jobs where id = 1`), owner)

/** Somebody who holds the row while fifty ask for it, so that all of them have looked before anybody may go on. */
async function fiftyAskFor(ask: (owner: number) => Promise<{ id: number }[]>) {
  const holder = await hold(database, 'select from jobs where id = 1 for update')
  const callers = crowd(50, ask)
  await untilWaiting(database, 50)
  await holder.commit()
  return kept(await callers.all).filter((rows) => rows.length > 0).length
}

describe('thisOne', () => {
  it('gives one row to one of fifty callers at once', async () => {
    expect(await fiftyAskFor(one)).toBe(1)
  })

  it('gives it to all of them without its lock, and without its condition on the state: the check finds both', async () => {
    expect(await fiftyAskFor(unlocked)).toBe(50)
    await database.admin.query(`update jobs set status = 'new', owner = null`)
    expect(await fiftyAskFor(unconditional)).toBe(50)
  })

  it('does not answer "taken" while another session edits the row and rolls back', async () => {
    const editor = await hold(database, `update jobs set note = 'x' where id = 1`)
    const claiming = crowd(1, one)
    await untilWaiting(database, 1)
    await editor.rollback()
    expect(kept(await claiming.all)).toEqual([[{ id: 1 }]])
  })

  it('gets a row whose holder dies', async () => {
    const holder = await hold(database, `update jobs set status = 'taken' where id = 1`)
    const claiming = crowd(1, one)
    await untilWaiting(database, 1)
    await holder.die()
    expect(kept(await claiming.all)).toEqual([[{ id: 1 }]])
  })

  it('answers busy when the holder takes longer than lock_timeout', async () => {
    await hold(database, 'select from jobs where id = 1 for update')
    const impatient = ctx().db.with({ lock_timeout: '50ms' })
    const claiming = impatient.query(
      sent`with wanted as ${thisOne(sql`select id from jobs where id = 1`)} select * from wanted`,
    )
    expect(await failure(claiming)).toMatchObject({ sqlstate: '55P03' })
  })
})

describe('firstFree', () => {
  it('gives fifty rows to fifty callers, one each', async () => {
    const rows = (await times(50, next)).flat()
    expect(new Set(rows.map(({ id }) => id)).size).toBe(50)
    const { rows: owners } = await database.admin.query('select count(distinct owner)::int as n from jobs')
    expect(owners).toEqual([{ n: 50 }])
  })

  it('gives one of fifty callers the last row, and the others nothing at once', async () => {
    await database.admin.query('delete from jobs where id > 1')
    const rows = await times(50, next)
    expect(rows.filter((found) => found.length > 0)).toHaveLength(1)
  })

  it('skips rows that another caller is claiming, and does not wait', async () => {
    await hold(database, 'select from jobs where id = 1 for update')
    expect(await next(1)).toEqual([{ id: 2 }])
  })

  it('locks no more rows than its limit, even when the plan repeats its sub-query', async () => {
    const wanted = firstFree(sql`select id from jobs where status = 'new' order by id`, 2)
    const rows = await ctx().db.query<{ id: number }>(sent`
with wanted as ${wanted}
update jobs
set owner = 1
where id in (select id from wanted)
  and exists (select from wanted w where w.id = jobs.id)
returning id`)
    expect(rows).toHaveLength(2)
  })
})
