import { type SQL, sql } from 'drizzle-orm'
import type pg from 'pg'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { directDb } from '../../dev/postgres/direct-db.ts'
import { thisOne } from '../../functions/core/claim.ts'
import { compileHot, hot, missingFunctions } from '../../functions/core/hot.ts'
import { answer, effect, effects } from '../../functions/core/idempotency.ts'
import type { Statement } from '../../functions/core/named.ts'
import { untilBlocking } from '../support/blocking.ts'
import { makeHot } from '../support/hot.ts'
import { crowd, eventually, kept, makeBarrier } from './barrier.ts'
import { failure, freshEnvironment, key, tally } from './environment.ts'

const { database, proxy, ctx } = await freshEnvironment({ maxSessions: 60 })
const barrier = await makeBarrier(database)
const owner = await database.connect()
await owner.query(`
  create table payments (id int generated always as identity, what text check (what <> 'bad'));
  create table jobs (id int primary key, status text not null, winner text);
  grant all on payments, jobs to lockstep_app`)

type Paid = { payment: number; again?: boolean }
const pay = (what: string, more = '{}') =>
  hot(
    'public.pay',
    sql`
with paid as (insert into public.payments (what) values (${what}) returning id)
select ${answer(sql`jsonb_build_object('payment', (select id from paid)) || ${more}::jsonb`)}`,
  )
const unsettled = () => hot('public.unsettled', sql`select '{}'::jsonb as outcome, null::text as position`)
await makeHot(owner, pay(''))
await makeHot(owner, unsettled())

beforeEach(() => owner.query('truncate payments, core.idempotency_keys restart identity'))
afterEach(() => proxy.faults.clear())

const payments = async () =>
  (await owner.query('select what from payments order by id')).rows.map(({ what }) => what)
const keys = async () => (await owner.query('select id from core.idempotency_keys')).rows.map(({ id }) => id)

describe('a hot statement with a key', () => {
  it('is one statement, which no batch surrounds', async () => {
    proxy.faults.set({ reset: 1, match: 'begin_idempotent' })
    expect(await effect<Paid>(ctx({ idempotency: key('k') }), pay('once'))).toEqual({ payment: 1 })
    expect(await keys()).toEqual(['k'])
  })

  it('gives fifty requests one effect and one answer, in one round trip each', async () => {
    const callers = Array.from({ length: 50 }, () => ctx({ idempotency: key('k') }))
    const answers = await Promise.all(callers.map((one) => effect<Paid>(one, pay('once'))))
    expect(await payments()).toEqual(['once'])
    expect(new Set(answers.map((paid) => JSON.stringify(paid))).size).toBe(1)
    expect(tally(callers.map(({ replayed }) => String(replayed)))).toEqual({ false: 1, true: 49 })
    expect(tally(callers.map(({ metrics }) => metrics.trips))).toEqual({ 1: 50 })
  })

  it('has fifty effects without a key (negative control)', async () => {
    await Promise.all(Array.from({ length: 50 }, () => effect<Paid>(ctx(), pay('once'))))
    expect(await payments()).toHaveLength(50)
  })

  it('waits for a request of an older Worker with its key, and gets that request’s answer', async () => {
    await barrier.close()
    const older = crowd(1, () => effects<Paid>(ctx({ idempotency: key('k') }), [barrier.pass, pay('older')]))
    await eventually(barrier.waiting).toBe(1)
    const newer = ctx({ idempotency: key('k') })
    const second = crowd(1, () => effect<Paid>(newer, pay('older')))
    await barrier.open()
    expect(kept(await second.all)).toEqual(kept(await older.all))
    expect(newer.replayed).toBe(true)
    expect(await payments()).toEqual(['older'])
  })

  it('refuses another body', async () => {
    await effect(ctx({ idempotency: key('k') }), pay('first'))
    expect(await failure(effect(ctx({ idempotency: key('k', 'other') }), pay('other')))).toMatchObject({
      code: 'idempotency_key_reused',
    })
    expect(await payments()).toEqual(['first'])
  })

  it('leaves its key free when it fails, when it answers "again", and when its answer is not stored', async () => {
    await failure(effect(ctx({ idempotency: key('k') }), pay('bad')))
    await effect(ctx({ idempotency: key('k') }), pay('late', '{"again": true}'))
    expect(await failure(effect(ctx({ idempotency: key('k') }), unsettled()))).toMatchObject({
      message: 'a statement with an effect did not settle its answer',
    })
    expect(await keys()).toEqual([])
  })

  it('returns the answer that was lost after the commit', async () => {
    proxy.faults.set({ cutAfterCommit: 1, times: 1 })
    expect(await failure(effect(ctx({ idempotency: key('k') }), pay('once')))).toMatchObject({
      committed: 'unknown',
    })
    expect(await effect<Paid>(ctx({ idempotency: key('k') }), pay('once'))).toEqual({ payment: 1 })
    expect(await payments()).toEqual(['once'])
  })
})

describe('the function of a hot statement', () => {
  it('applies the tenant inside, for this request only', async () => {
    const tenant = () =>
      hot(
        'public.tenant',
        sql`select current_setting('app.tenant_id', true) as tenant, pg_backend_pid() as pid`,
      )
    await makeHot(owner, tenant())
    const { db } = ctx()
    const read = (from: typeof db) => from.query<{ tenant: string | null }>(tenant())
    expect(await read(db.with({ 'app.tenant_id': '7' }))).toMatchObject([{ tenant: '7' }])
    const after = await Promise.all(Array.from({ length: 60 }, () => read(db)))
    expect(after.flat().filter(({ tenant: left }) => left !== null && left !== '')).toEqual([])
  })

  it('is not called under a setting that it cannot apply', async () => {
    const shown = () => hot('public.shown', sql`select current_setting('app.other', true) as other`)
    await makeHot(owner, shown())
    expect(await ctx().db.with({ 'app.other': 'x' }).query(shown())).toEqual([{ other: 'x' }])
  })

  it('ends at the statement’s time limit', async () => {
    const sleep = () => hot('public.sleep', sql`select pg_sleep(${10})::text as slept`)
    await makeHot(owner, sleep())
    const client = await database.connect(database.workerUrl)
    await client.query(`set statement_timeout = '50ms'`)
    expect(await failure(directDb(client, { hotCalls: true }).query(sleep()))).toMatchObject({
      sqlstate: '57014',
    })
  })

  it('runs first what it has to, and only when that is due', async () => {
    const first = (due: boolean) => ({
      when: sql`${due}::boolean and exists (select)`,
      run: sql`with swept as (insert into public.payments (what) values (${'swept'}) returning id) select * from swept`,
    })
    const counted = (due: boolean) =>
      hot(
        'public.counted',
        sql`select count(*)::int as n from public.payments where what = ${'swept'}`,
        first(due),
      )
    await makeHot(owner, counted(true))
    const { db } = ctx()
    expect(await db.query(counted(false))).toEqual([{ n: 0 }])
    expect(await db.query(counted(true))).toEqual([{ n: 1 }])
  })

  it('is replaced by the text in a database that lacks it, and the isolate asks for it once', async () => {
    const late = (what: string) =>
      hot(
        'public.late',
        sql`
with paid as (insert into public.payments (what) values (${what}) returning id)
select ${answer(sql`jsonb_build_object('payment', (select id from paid))`)}`,
      )
    const { name } = await makeHot(owner, late(''))
    await owner.query(`drop function ${name}`)
    const [one, other] = [ctx({ idempotency: key('a') }), ctx({ idempotency: key('b') })]
    expect(await effect<Paid>(one, late('a'))).toEqual({ payment: 1 })
    expect(await effect<Paid>(other, late('b'))).toEqual({ payment: 2 })
    expect([one.metrics.trips, other.metrics.trips]).toEqual([2, 1])
    expect(missingFunctions()).toContain(name)
    expect(await keys()).toHaveLength(2)
  })

  it('has another name as soon as the text differs', () => {
    const [a, b] = [hot('public.x', sql`select 1`), hot('public.x', sql`select  1`)].map(compileHot)
    expect(a?.name).toMatch(/^public\.hot_x_[0-9a-f]{8}$/)
    expect(b?.name).not.toBe(a?.name)
    expect(compileHot(sql`select 1`)).toBeNull()
  })
})

describe('a claim as a function', () => {
  const claimed = (wanted: SQL, by: string) =>
    hot(
      'public.claim',
      sql`
with wanted as ${wanted},
won as (
  update public.jobs j set status = 'taken', winner = ${by} from wanted where j.id = wanted.id returning j.id
)
select exists (select from won) as won`,
    )
  const open = sql`select id from public.jobs where id = 1 and status = 'new'`
  const locked = (by: string) => claimed(thisOne(open), by)
  const unlocked = (by: string) => claimed(sql`materialized (${open})`, by)

  /** The second caller claims while the first one's transaction is open. */
  async function race(claim: (by: string) => Statement): Promise<number> {
    await owner.query(`truncate jobs; insert into jobs values (1, 'new', null)`)
    const first = await database.connect(database.workerUrl)
    const second = await database.connect(database.workerUrl)
    const call = (client: pg.Client, by: string) =>
      directDb(client, { hotCalls: true }).query<{ won: boolean }>(claim(by))
    await first.query('begin')
    const wins = await call(first, 'first')
    const waiting = call(second, 'second')
    await untilBlocking(first, owner)
    await first.query('commit')
    return [...wins, ...(await waiting)].filter(({ won }) => won).length
  }

  it('has one winner', async () => {
    await makeHot(owner, locked(''))
    expect(await race(locked)).toBe(1)
  })

  it('has two winners when its template lacks the lock (negative control)', async () => {
    await makeHot(owner, unlocked(''))
    expect(await race(unlocked)).toBe(2)
  })
})
