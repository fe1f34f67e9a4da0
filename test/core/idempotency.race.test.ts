import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { sql } from 'drizzle-orm'
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest'
import type { Ctx } from '../../functions/core/context.ts'
import { AppError } from '../../functions/core/errors.ts'
import { answer, effect, effects } from '../../functions/core/idempotency.ts'
import { DatabaseError } from '../../functions/core/sqlstate.ts'
import { sent } from '../support/sent.ts'
import { crowd, eventually, kept, makeBarrier } from './barrier.ts'
import { failure, freshEnvironment, key, tally, times } from './environment.ts'

const { database, proxy, ctx } = await freshEnvironment({ maxSessions: 60 })
const barrier = await makeBarrier(database)
await database.admin.query(`
  create table payments (id int generated always as identity, what text check (what <> 'bad'));
  grant all on payments to lockstep_app`)

beforeEach(() => database.admin.query('truncate payments, core.idempotency_keys restart identity'))
afterEach(() => proxy.faults.clear())

const log = () => readFileSync(join(inject('runFolder'), 'postgres.log'), 'utf8')

type Paid = { payment: number; again?: boolean }
const pay = (what: string, more = '{}') => sent`
with paid as (insert into payments (what) values (${what}) returning id)
select ${answer(sql`jsonb_build_object('payment', (select id from paid)) || ${more}::jsonb`)}`
const payments = async () =>
  (await database.admin.query('select what from payments order by id')).rows.map((r) => r.what)
const keys = async () =>
  (await database.admin.query('select id, outcome from core.idempotency_keys order by id')).rows

describe('one key', () => {
  it('gives fifty requests one effect and one answer, in one round trip each', async () => {
    const callers = Array.from({ length: 50 }, () => ctx({ idempotency: key('k') }))
    const answers = await Promise.all(callers.map((one) => effect<Paid>(one, pay('once'))))
    expect(await payments()).toEqual(['once'])
    expect(new Set(answers.map((paid) => JSON.stringify(paid))).size).toBe(1)
    expect(tally(callers.map(({ replayed }) => String(replayed)))).toEqual({ false: 1, true: 49 })
    expect(tally(callers.map(({ metrics }) => metrics.trips))).toEqual({ 1: 50 })
  })

  it('refuses another body while the first request runs and after it', async () => {
    await barrier.close()
    const first = crowd(1, () => effects<Paid>(ctx({ idempotency: key('k') }), [barrier.pass, pay('first')]))
    await eventually(barrier.waiting).toBe(1)
    const other = crowd(1, () => effect<Paid>(ctx({ idempotency: key('k', 'other') }), pay('other')))
    await barrier.open()
    kept(await first.all)
    const [refused] = await other.all
    expect(refused).toMatchObject({
      status: 'rejected',
      reason: { code: 'idempotency_key_reused', status: 422 },
    })
    expect(await failure(effect(ctx({ idempotency: key('k', 'third') }), pay('third')))).toBeInstanceOf(
      AppError,
    )
    expect(await payments()).toEqual(['first'])
  })

  it('answers in_progress to the second request while the first takes too long, and the stored answer afterwards', async () => {
    await barrier.close()
    const first = crowd(1, () => effects<Paid>(ctx({ idempotency: key('k') }), [barrier.pass, pay('slow')]))
    await eventually(barrier.waiting).toBe(1)
    const impatient = ctx({ idempotency: key('k') })
    const second = effect(impatient, pay('second'), impatient.db.with({ lock_timeout: '50ms' }))
    expect(await failure(second)).toMatchObject({ code: 'in_progress', status: 409, retryAfter: 1 })
    await barrier.open()
    const [answered] = kept(await first.all)
    expect(await effect(ctx({ idempotency: key('k') }), pay('again'))).toEqual(answered)
    expect(await payments()).toEqual(['slow'])
  })

  it('is free again when its effect fails, and nothing is left', async () => {
    expect(await failure(effect(ctx({ idempotency: key('k') }), pay('bad')))).toMatchObject({
      sqlstate: '23514',
    })
    expect(await keys()).toEqual([])
    expect(await effect(ctx({ idempotency: key('k', 'mended') }), pay('good'))).toMatchObject({ payment: 2 })
  })

  it('is free again when the connection of its holder dies', async () => {
    await barrier.close()
    const dying = failure(effects(ctx({ idempotency: key('k') }), [pay('lost'), barrier.pass, pay('too')]))
    await eventually(barrier.waiting).toBe(1)
    const second = crowd(1, () => effect<Paid>(ctx({ idempotency: key('k') }), pay('second')))
    await barrier.killWaiting()
    await dying
    await barrier.open()
    kept(await second.all)
    expect(await payments()).toEqual(['second'])
  })

  it('stores a refusal like a success, but not an answer that asks for a repetition', async () => {
    const lost = sent`select ${answer(sql`'{"ok":false,"reason":"order_taken"}'::jsonb`)}`
    expect(await effect(ctx({ idempotency: key('lost') }), lost)).toEqual({
      ok: false,
      reason: 'order_taken',
    })
    expect(await effect(ctx({ idempotency: key('lost') }), pay('x'))).toEqual({
      ok: false,
      reason: 'order_taken',
    })
    expect(
      await effect<Paid>(ctx({ idempotency: key('undecided') }), pay('1', '{"again":true}')),
    ).toMatchObject({ again: true })
    expect(await effect<Paid>(ctx({ idempotency: key('undecided') }), pay('2'))).toMatchObject({ payment: 2 })
    expect(await payments()).toEqual(['1', '2'])
  })

  it('stores that there is nothing to answer with', async () => {
    const nothing = sent`with paid as (delete from payments returning *) select ${answer(sql`(select to_jsonb(p) from paid p)`)}`
    const [first, second] = [ctx({ idempotency: key('k') }), ctx({ idempotency: key('k') })]
    expect([await effect(first, nothing), await effect(second, nothing)]).toEqual([null, null])
    expect([first.replayed, second.replayed]).toEqual([false, true])
    expect(await keys()).toEqual([{ id: 'k', outcome: null }])
  })

  it('keeps its answer out of the log of Postgres, where the detail of an error appears', async () => {
    const secret = `person-${crypto.randomUUID()}`
    const keepsSecret = sent`select ${answer(sql`jsonb_build_object('of', ${secret}::text)`)}`
    const ask = () => effect(ctx({ idempotency: key('k') }), keepsSecret)
    expect(await times(2, ask)).toEqual([{ of: secret }, { of: secret }])
    await database.admin
      .query(`do $$ begin raise exception using message = 'end of the replays ${database.name}'; end $$`)
      .catch(() => undefined)
    await eventually(async () => log().includes(`end of the replays ${database.name}`)).toBe(true)
    expect(log()).toContain('the key has its answer')
    expect(log()).not.toContain(secret)

    // The same answer in the detail.
    const { rows } = await database.admin.query(
      `select pg_get_functiondef('core.begin_idempotent'::regproc) as text`,
    )
    const text = String(rows[0]?.text)
    await database.admin.query(text.replace('column = kept.outcome', 'detail = kept.outcome'))
    await failure(effect(ctx({ idempotency: key('k') }), keepsSecret).then((told) => Promise.reject(told)))
    await eventually(async () => log().includes(secret)).toBe(true)
    await database.admin.query(text)
  })

  it('is kept for a day', async () => {
    await effect(ctx({ idempotency: key('k') }), pay('yesterday'))
    const age = (by: string) =>
      database.admin.query(`update core.idempotency_keys set created_at = now() - $1::interval`, [by])
    await age('23 hours 59 minutes')
    await effect(ctx({ idempotency: key('k') }), pay('same day'))
    await age('24 hours 1 second')
    await times(5, () => effect(ctx({ idempotency: key('k', 'new') }), pay('next day')))
    expect(await payments()).toEqual(['yesterday', 'next day'])
  })

  it('answers with the position of its write, and so does each repetition', async () => {
    const first = ctx({ idempotency: key('k') })
    await effect(first, pay('x'))
    expect(first.position).toMatch(/^\d+$/)
    const again = ctx({ idempotency: key('k') })
    await effect(again, pay('x'))
    expect([again.replayed, again.position]).toEqual([true, first.position])
  })

  it('fails a statement that does not settle its answer', async () => {
    const forgetful = sent`insert into payments (what) values ('x') returning '{}'::jsonb as outcome, null as position`
    expect(await failure(effect(ctx({ idempotency: key('k') }), forgetful))).toMatchObject({
      sqlstate: 'P0001',
    })
    expect(await payments()).toEqual([])
  })
})

describe('without a key', () => {
  it('takes one statement without a transaction around it, or one batch: one round trip', async () => {
    const one = ctx()
    await effect(one, pay('one'))
    await effects(one, [pay('two'), pay('three')])
    expect(one.metrics.trips).toBe(2)
    expect(one.position).toMatch(/^\d+$/)
    expect(await payments()).toEqual(['one', 'two', 'three'])
  })

  it('throws when a statement returns no row', async () => {
    expect(await failure(effect(ctx(), sent`select 1 where false`))).toMatchObject({
      message: expect.stringContaining('no row'),
    })
  })
})

describe('a network that loses things', () => {
  type Attempt = (ctx: Ctx, what: string) => Promise<unknown>
  const keyed: Attempt = (one, what) => effect(one, pay(what))
  /** The key in a transaction of its own, after the effect: what a middleware around the handler would do. */
  const keyOutside: Attempt = async (one, what) => {
    const { idempotency, db } = one
    const known = await db.query(sent`select from core.idempotency_keys where id = ${idempotency?.id}`)
    if (known.length > 0) return
    await db.query(sent`insert into payments (what) values (${what})`)
    await db.query(sent`
insert into core.idempotency_keys (id, principal, route, body_hash, outcome)
values (${idempotency?.id}, 'test:1', 'POST /test', 'same', '{}')
on conflict do nothing`)
  }

  /** Two hundred payments, each sent again with its key until it is acknowledged. */
  async function pay200(attempt: Attempt) {
    proxy.faults.seed(7)
    proxy.faults.set({ cutAfterCommit: 0.1, cutDuring: 0.05, reset: 0.05, truncate: 0.02 })
    const numbers = { attempts: 0, unknown: 0, acknowledged: 0 }
    await times(20, async (client) => {
      for (let at = 0; at < 10; at += 1) {
        for (let done = false; !done; ) {
          numbers.attempts += 1
          done = await attempt(ctx({ idempotency: key(`${client}-${at}`) }), `${client}-${at}`).then(
            () => true,
            (error: unknown) => {
              if (!(error instanceof DatabaseError) || error.committed !== 'unknown') throw error
              numbers.unknown += 1
              return false
            },
          )
        }
        numbers.acknowledged += 1
      }
    })
    const cuts = { ...proxy.faults.counts }
    proxy.faults.clear()
    const stored = tally(await payments())
    const doubled = Object.values(stored).filter((count) => count > 1).length
    const result = {
      ...numbers,
      stored: Object.keys(stored).length,
      doubled,
      repliesLost: cuts.cutAfterCommit + cuts.truncate,
    }
    console.log(`${attempt.name}: ${JSON.stringify(result)}`)
    return result
  }

  it('does each of 200 payments once, when each is repeated with its key', async () => {
    const { attempts, ...rest } = await pay200(keyed)
    expect(rest).toMatchObject({ acknowledged: 200, stored: 200, doubled: 0 })
    expect(rest.repliesLost).toBeGreaterThan(0)
    expect(attempts).toBe(200 + rest.unknown)
  })

  it('does some twice with the key outside the transaction of the effect: the check finds it', async () => {
    const { doubled, stored } = await pay200(keyOutside)
    expect(stored).toBe(200)
    expect(doubled).toBeGreaterThan(0)
  })
})
