import { sql } from 'drizzle-orm'
import { afterEach, describe, expect, it } from 'vitest'
import { answer } from '../../functions/core/idempotency.ts'
import {
  aroundCall,
  asStatement,
  inPortions,
  inSession,
  type Job,
  runJob,
  underLease,
} from '../../functions/core/job.ts'
import { holding, renewLease } from '../../functions/core/lease.ts'
import { sent } from '../support/sent.ts'
import { failure, freshEnvironment, key } from './environment.ts'

const { database, proxy, ctx } = await freshEnvironment()
await database.admin.query(`create table done (text text check (text <> 'bad'))`)
await database.admin.query('grant all on done to lockstep_app')

afterEach(async () => {
  proxy.faults.clear()
  await database.admin.query(
    'truncate done, core.job_runs, core.job_slots, core.leases, core.idempotency_keys, core.operator_actions restart identity',
  )
})

const slot = new Date('2026-11-20T10:00:00Z')
const fired = { slot, trigger: 'cron' } as const
const byHand = { slot: null, trigger: 'manual' } as const
const write = (text: string) => sent`insert into done values (${text})`
const statement = (text: string, more = '{}') => sent`
with written as (insert into done values (${text}) returning 1)
select ${answer(sql`jsonb_build_object('rows', (select count(*) from written)) || ${more}::jsonb`)}`

type Kind = [name: string, (text: string, more?: Record<string, unknown>) => Job['run']]
const kinds: Kind[] = [
  ['asStatement', (text, more) => asStatement(() => statement(text, JSON.stringify(more)))],
  ['inPortions', (text, more) => inPortions(() => statement(text, JSON.stringify(more)))],
  [
    'inSession',
    (text, more) =>
      inSession(async (_ctx, tx) => {
        await tx.query(write(text))
        return { rows: 1, ...more }
      }),
  ],
  [
    'aroundCall',
    (text, more) =>
      aroundCall(
        async () => text,
        async (_ctx, tx, heard) => {
          await tx.query(write(heard))
          return { rows: 1, ...more }
        },
      ),
  ],
  [
    'underLease',
    (text, more) =>
      underLease(async (ctx, lease) => {
        await ctx.db.batch([holding(lease), write(text)])
        return { rows: 1, ...more }
      }),
  ],
]
const job = (run: Job['run']): Job => ({ name: 'sample', cron: '* * * * *', lock: 990_001, run })

const done = async () =>
  (await database.admin.query('select text from done order by 1')).rows.map((row) => row.text)
const slots = async () => (await database.admin.query('select job, slot from core.job_slots')).rows
const runs = async () => {
  const { rows } = await database.admin.query(
    `select outcome, trigger, slot, rows::int, detail, error, round_trips as trips, finished_at is not null as finished
     from core.job_runs order by id`,
  )
  return rows
}

describe.each(kinds)('a job made by %s', (kind, make) => {
  it('leaves a row with its slot, counts, detail and the round trips it took', async () => {
    const one = ctx()
    expect(await runJob(one, job(make('x', { seen: 3 })), fired)).toEqual({
      ran: true,
      outcome: 'ok',
      rows: 1,
      detail: { seen: 3 },
    })
    const [run, ...more] = await runs()
    expect(more).toEqual([])
    expect(run).toMatchObject({
      outcome: 'ok',
      trigger: 'cron',
      slot,
      rows: 1,
      detail: { seen: 3 },
      error: null,
    })
    expect(run).toMatchObject({ trips: one.metrics.trips, finished: true })
    expect(await slots()).toEqual([{ job: 'sample', slot }])
  })

  it('does a slot fired twice once', async () => {
    await runJob(ctx(), job(make('x')), fired)
    expect(await runJob(ctx(), job(make('x')), fired)).toEqual({ ran: false, reason: 'done' })
    expect(await done()).toEqual(['x'])
    expect(await runs()).toHaveLength(1)
  })

  it('runs by hand any number of times, without a slot', async () => {
    await runJob(ctx(), job(make('x')), byHand)
    await runJob(ctx(), job(make('x')), byHand)
    expect(await done()).toEqual(['x', 'x'])
    expect(await slots()).toEqual([])
    expect((await runs()).map((run) => run.slot)).toEqual([null, null])
  })

  it('started by a person is on record as that act, once for each run, also if it fails or its key repeats', async () => {
    const ann = { principal: { role: 'admin', sub: 'ann', tenantId: null } } as const
    const acts = async () =>
      (
        await database.admin.query(
          `select o.by, o.action, o.subject, r.outcome from core.operator_actions o
          left join core.job_runs r on r.id = (o.detail ->> 'run')::bigint order by o.id`,
        )
      ).rows
    const act = { by: 'admin:ann', action: 'job.run', subject: 'job:sample' }
    await runJob(ctx(ann), job(make('x')), fired)
    expect(await acts()).toEqual([])
    for (const _ of [1, 2]) await runJob(ctx({ ...ann, idempotency: key('k1') }), job(make('x')), byHand)
    expect(await acts()).toEqual([{ ...act, outcome: 'ok' }])
    await failure(runJob(ctx(ann), job(make('bad')), byHand))
    expect(await acts()).toMatchObject([act, act])
    expect(await acts()).toHaveLength(2)
  })

  it('that fails leaves its record and an open slot, and nothing of its work', async () => {
    await failure(runJob(ctx(), job(make('bad')), fired))
    expect(await done()).toEqual([])
    expect(await slots()).toEqual([])
    expect(await runs()).toMatchObject([
      { outcome: 'failed', slot, error: expect.stringContaining('violates') },
    ])
    expect(await runJob(ctx(), job(make('good')), fired)).toMatchObject({ ran: true })
    expect(await done()).toEqual(['good'])
    expect((await runs()).map((run) => run.outcome)).toEqual(['failed', 'ok'])
  })

  it('that returns failed keeps its writes, its record and an open slot', async () => {
    const run = await runJob(ctx(), job(make('kept', { outcome: 'failed', error: 'half of it' })), fired)
    expect(run).toMatchObject({ ran: true, outcome: 'failed' })
    expect(await done()).toEqual(['kept'])
    expect(await slots()).toEqual([])
    expect(await runs()).toMatchObject([{ outcome: 'failed', error: 'half of it' }])
  })

  it('found busy leaves no row', async () => {
    const holder = await database.connect()
    await holder.query('begin; select pg_try_advisory_xact_lock(990001)')
    expect(await runJob(ctx(), job(make('x')), fired)).toEqual({ ran: false, reason: 'busy' })
    await holder.query('rollback')
    expect(await runs()).toEqual([])
    expect(await runJob(ctx(), job(make('x')), fired)).toMatchObject({ ran: true })
  })

  it('run by hand twice under one key runs once and answers the same', async () => {
    const first = ctx({ idempotency: key('k1') })
    const again = ctx({ idempotency: key('k1') })
    const answered = await runJob(first, job(make('x', { seen: 3 })), byHand)
    expect(await runJob(again, job(make('x', { seen: 3 })), byHand)).toEqual(answered)
    expect([first.replayed, again.replayed]).toEqual([false, true])
    expect(await done()).toEqual(['x'])
    expect(await runs()).toHaveLength(1)
    const other = await failure(runJob(ctx({ idempotency: key('k1', 'other') }), job(make('x')), byHand))
    expect(other).toMatchObject({ code: 'idempotency_key_reused' })
    expect(await runs()).toHaveLength(1)
  })

  it('whose reply is lost at the commit has not failed: its slot is done, and nothing else is on record', async () => {
    proxy.faults.set(
      kind === 'underLease'
        ? { cutAfterCommit: 1, times: 1, match: 'core.take_slot' }
        : { cutAfterCommit: 1, times: 1 },
    )
    await failure(runJob(ctx(), job(make('x')), fired))
    expect(await done()).toEqual(['x'])
    expect((await runs()).map((run) => run.outcome)).toEqual(['ok'])
    proxy.faults.clear()
    expect(await runJob(ctx(), job(make('x')), fired)).toEqual({ ran: false, reason: 'done' })
  })
})

describe('asStatement', () => {
  it('takes one round trip for lock, slot, work and record', async () => {
    const one = ctx()
    await runJob(one, job(asStatement(() => statement('x'))), fired)
    expect(one.metrics.trips).toBe(1)
  })

  it('fails work that does not settle its answer, instead of leaving a run without end', async () => {
    const forgetful = asStatement(() => sent`insert into done values ('x') returning 1`)
    await failure(runJob(ctx(), job(forgetful), fired))
    expect(await done()).toEqual([])
    expect(await runs()).toMatchObject([
      { outcome: 'failed', error: expect.stringContaining('did not settle') },
    ])
  })

  it('records a run that found no work', async () => {
    await runJob(ctx(), job(asStatement(() => statement('x', '{"outcome":"skipped"}'))), fired)
    expect(await runs()).toMatchObject([{ outcome: 'skipped', error: null }])
    expect(await slots()).toHaveLength(1)
  })
})

describe('inSession', () => {
  it('frees the lock and the slot at once when its connection dies', async () => {
    const dying = inSession(async (_ctx, tx) => {
      const [me] = await tx.query<{ pid: number }>(sent`select pg_backend_pid() as pid`)
      await database.admin.query('select pg_terminate_backend($1)', [me?.pid])
      await tx.query(write('x'))
      return { rows: 1 }
    })
    await failure(runJob(ctx(), job(dying), fired))
    expect(await runJob(ctx(), job(asStatement(() => statement('next'))), fired)).toMatchObject({ ran: true })
    expect(await done()).toEqual(['next'])
    expect((await runs()).map((run) => run.outcome)).toEqual(['failed', 'ok'])
  })
})

describe('underLease', () => {
  it('closes the run of a holder that was lost, and that holder can write nothing more', async () => {
    const meanwhile = job(underLease(async () => ({ rows: 0 })))
    const slow = underLease(async (ctx, lease) => {
      await database.admin.query(`update core.leases set expires_at = now() - interval '1 second'`)
      expect(await runJob(ctx, meanwhile, byHand)).toMatchObject({ ran: true })
      await ctx.db.batch([holding(lease), write('too late')])
      return { rows: 1 }
    })
    expect(await failure(runJob(ctx(), job(slow), fired))).toMatchObject({ sqlstate: 'LS012' })
    expect(await done()).toEqual([])
    expect(await slots()).toEqual([])
    expect((await runs()).map(({ outcome, error }) => [outcome, error])).toEqual([
      ['ok', null],
      ['failed', 'the lease has another holder'],
    ])
  })

  it('is busy for others as long as it is renewed, and free when it ends', async () => {
    const outer = underLease(async (ctx, lease) => {
      await renewLease(ctx, lease)
      expect(await runJob(ctx, job(underLease(async () => ({ rows: 0 }))), byHand)).toEqual({
        ran: false,
        reason: 'busy',
      })
      return { rows: 0 }
    })
    await runJob(ctx(), job(outer), fired)
    expect(await runJob(ctx(), job(underLease(async () => ({ rows: 0 }))), byHand)).toMatchObject({
      ran: true,
    })
  })

  it('does not apply the key of a manual run to the statements of its work', async () => {
    const work = underLease(async (inner) => {
      expect(inner.idempotency).toBe(null)
      return { rows: 0 }
    })
    await runJob(ctx({ idempotency: key('k2') }), job(work), byHand)
  })
})

describe('a record that cannot be written', () => {
  it('is logged, and the failure of the work is still the one that is thrown', async () => {
    proxy.faults.set({ refuse: 1 })
    const logged: unknown[] = []
    const one = Object.assign(ctx(), {
      log: { info: () => undefined, error: (event: string) => logged.push(event) },
    })
    const error = await failure(runJob(one, job(asStatement(() => statement('x'))), fired))
    expect(error).toMatchObject({ name: 'DatabaseError', sqlstate: null })
    expect(logged).toEqual(['job', 'job record'])
  })
})

it('takes the clock of its context for the start of a failed run', async () => {
  const at = new Date('2026-11-20T09:59:59.123Z')
  const late = Object.assign(ctx(), { now: () => at })
  await failure(runJob(late, job(asStatement(() => statement('bad'))), fired))
  const { rows } = await database.admin.query('select started_at from core.job_runs')
  expect(rows).toEqual([{ started_at: at }])
})
