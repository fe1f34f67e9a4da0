import { type SQL, sql } from 'drizzle-orm'
import { beforeEach, describe, expect, it } from 'vitest'
import { effectAgain } from '../../functions/core/again.ts'
import { answer, effect } from '../../functions/core/idempotency.ts'
import { hasSqlstate } from '../../functions/core/sqlstate.ts'
import { sent } from '../support/sent.ts'
import { crowd, hold, kept, untilWaiting } from './barrier.ts'
import { failure, freshEnvironment, key, tally } from './environment.ts'

const { database, ctx } = await freshEnvironment({ maxSessions: 60 })
await database.admin.query(`
  create table flights (id int primary key, version int not null default 1);
  create table seats (flight int not null, note text);
  create table steps (stream int, version int, primary key (stream, version));
  grant all on flights, seats, steps to lockstep_app`)

beforeEach(() => database.admin.query('truncate flights, seats, steps; insert into flights (id) values (1)'))

/** The only seat of the flight. Its lock is on the flight, but the seats stand in another table. */
const takeSeat = (guard: SQL) => sent`
with seen as materialized (select version from flights where id = 1),
locked as materialized (select id, version from flights where id = 1 for update),
taken as (
  insert into seats (flight)
  select locked.id
  from locked, seen
  where ${guard}
    and not exists (select from seats)
  returning flight
),
moved as (update flights set version = flights.version + 1 from taken where flights.id = taken.flight)
select ${answer(sql`case
  when exists (select from taken) then jsonb_build_object('got', 'seat')
  when not exists (select from locked, seen where ${guard}) then jsonb_build_object('got', 'none', 'again', true)
  else jsonb_build_object('got', 'none')
end`)}`
const careful = takeSeat(sql`locked.version = seen.version`)
const careless = takeSeat(sql`true`)

type Taken = { got: 'seat' | 'none' }
const take = async () => (await effectAgain<Taken>(ctx(), { statement: careful }))?.got ?? 'busy'
const seats = async () => (await database.admin.query('select note from seats')).rows

const edit = 'update flights set version = version + 1'
const outdated = sent`select ${answer(sql`jsonb_build_object('again', true)`)}`

async function fiftyTake(call: () => Promise<string>, holding: string) {
  const holder = await hold(database, holding)
  const callers = crowd(50, call)
  await untilWaiting(database, 50)
  await holder.commit()
  return tally(kept(await callers.all))
}

describe('effectAgain', () => {
  it('gives the only seat to one of fifty callers that all read before it was taken', async () => {
    const { seat, none = 0, busy = 0 } = await fiftyTake(take, edit)
    expect({ seat, others: none + busy }).toEqual({ seat: 1, others: 49 })
    expect(await seats()).toHaveLength(1)
  })

  it('gives it to all of them when the statement trusts its old snapshot: the check finds it', async () => {
    const trust = async () => (await effect<Taken>(ctx(), careless)).got
    expect(await fiftyTake(trust, 'select from flights for update')).toEqual({ seat: 50 })
    expect(await seats()).toHaveLength(50)
  })

  it('decides again after another session has edited the row, where a single attempt decides nothing', async () => {
    const one = ctx()
    const holder = await hold(database, edit)
    const callers = crowd(1, () => effectAgain<Taken>(one, { statement: careful }))
    const single = crowd(1, () => effect(ctx(), careful))
    await untilWaiting(database, 2)
    await holder.commit()
    expect(kept(await single.all)).toEqual([{ got: 'none', again: true }])
    expect(kept(await callers.all)).toEqual([{ got: 'seat' }])
    expect(one.metrics.trips).toBe(2)
  })

  it('takes one round trip when nothing changed meanwhile', async () => {
    const one = ctx()
    expect(await effectAgain(one, { statement: careful })).toEqual({ got: 'seat' })
    expect(one.metrics.trips).toBe(1)
  })

  it('is null after the last attempt, and leaves the idempotency key free', async () => {
    const keyed = ctx({ idempotency: key('seat') })
    expect(await effectAgain(keyed, { statement: outdated, attempts: 3 })).toBeNull()
    expect(keyed.metrics.trips).toBe(3)
    const later = ctx({ idempotency: key('seat') })
    expect(await effectAgain(later, { statement: careful })).toEqual({ got: 'seat' })
    expect(later.replayed).toBe(false)
  })

  it('returns the stored outcome to a request that is repeated with its key', async () => {
    await effectAgain(ctx({ idempotency: key('kept') }), { statement: careful })
    const repeated = ctx({ idempotency: key('kept') })
    expect(await effectAgain(repeated, { statement: careful })).toEqual({ got: 'seat' })
    expect(repeated.replayed).toBe(true)
    expect(await seats()).toHaveLength(1)
  })

  it('runs the statements before the decision from the second attempt on, in its transaction', async () => {
    const before = [sent`insert into seats (flight, note) values (1, 'before')`]
    await effectAgain(ctx(), { statement: careful, before })
    expect(await seats()).toEqual([{ note: null }])
    await effectAgain(ctx(), { statement: outdated, before, attempts: 3 })
    expect(await seats()).toEqual([{ note: null }, { note: 'before' }, { note: 'before' }])
    await database.admin.query('truncate seats')
    const failsAfterThem = sent`select ${answer(sql`case
  when exists (select from seats) then jsonb_build_object('n', 1 / (select 0))
  else jsonb_build_object('again', true)
end`)}`
    await failure(effectAgain(ctx(), { statement: failsAfterThem, before }))
    expect(await seats()).toEqual([])
  })
})

describe('effectAgain with an error that shows an old snapshot', () => {
  const step = sent`
with added as (
  insert into steps
  select 1, coalesce(max(version), 0) + 1
  from steps
  returning version
)
select ${answer(sql`jsonb_build_object('version', added.version)`)}
from added`
  const isOutdated = (error: unknown) => hasSqlstate(error, '23505')
  const duringAnInsert = async (call: () => Promise<unknown>) => {
    const holder = await hold(database, 'insert into steps values (1, 1)')
    const callers = crowd(1, call)
    await untilWaiting(database, 1)
    await holder.commit()
    return callers.all
  }

  it('makes the next step after another session made this one', async () => {
    const all = await duringAnInsert(() => effectAgain(ctx(), { statement: step, isOutdated }))
    expect(kept(all)).toEqual([{ version: 2 }])
  })

  it('throws the error of the last attempt, and one that it does not know at once', async () => {
    const [last] = await duringAnInsert(() =>
      effectAgain(ctx(), { statement: step, isOutdated, attempts: 1 }),
    )
    expect(last).toMatchObject({ status: 'rejected', reason: { sqlstate: '23505' } })
    const one = ctx()
    const broken = sent`select ${answer(sql`jsonb_build_object('n', 1 / 0)`)}`
    expect(await failure(effectAgain(one, { statement: broken, isOutdated }))).toMatchObject({
      sqlstate: '22012',
    })
    expect(one.metrics.trips).toBe(1)
  })
})

describe('effectAgain and a lock that is not granted in time', () => {
  it('throws, or is null where the caller says that this means busy', async () => {
    await hold(database, 'select from flights for update')
    const impatient = () => Object.assign(ctx(), { db: ctx().db.with({ lock_timeout: '50ms' }) })
    expect(await failure(effectAgain(impatient(), { statement: careful }))).toMatchObject({
      sqlstate: '55P03',
    })
    expect(await effectAgain(impatient(), { statement: careful, busyOnLockTimeout: true })).toBeNull()
    expect(await seats()).toEqual([])
  })
})
