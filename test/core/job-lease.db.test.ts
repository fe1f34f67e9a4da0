import { afterEach, describe, expect, it } from 'vitest'
import { aroundCall, type Job, runJob, underLease } from '../../functions/core/job.ts'
import { sent } from '../support/sent.ts'
import { failure, freshEnvironment } from './environment.ts'

const { database, ctx } = await freshEnvironment()
const { admin } = database
const fired = { slot: new Date('2026-11-20T10:00:00Z'), trigger: 'cron' } as const
const byHand = { slot: null, trigger: 'manual' } as const
const job = (run: Job['run']): Job => ({ name: 'sample', cron: '* * * * *', lock: 990_002, run })
const nothing = async () => ({ rows: 0 })

afterEach(
  async () =>
    void (await admin.query('truncate core.job_runs, core.job_slots, core.leases restart identity')),
)

const runs = async () => (await admin.query('select job, outcome, error from core.job_runs order by id')).rows
const slots = async () => (await admin.query('select from core.job_slots')).rowCount
const takeOver = () => admin.query('update core.leases set fence = fence + 1')

describe('a run that lost its lease', () => {
  it('and writes nothing more is recorded as failed, and its slot stays open', async () => {
    const lost = underLease(async () => {
      await takeOver()
      return { rows: 7 }
    })
    expect(await failure(runJob(ctx(), job(lost), fired))).toMatchObject({ sqlstate: 'LS012' })
    expect(await runs()).toEqual([
      { job: 'sample', outcome: 'failed', error: 'the lease has another holder' },
    ])
    expect(await slots()).toBe(0)
  })

  it('does not end the lease of the next holder', async () => {
    const lost = underLease(async () => {
      await takeOver()
      throw new Error('the work failed')
    })
    await failure(runJob(ctx(), job(lost), fired))
    expect((await admin.query('select from core.leases where expires_at > now()')).rowCount).toBe(1)
  })
})

describe('a run under a lease', () => {
  it('leaves the runs of other jobs open', async () => {
    await admin.query(
      `insert into core.job_runs (job, trigger, started_at) values ('another', 'cron', now())`,
    )
    await runJob(ctx(), job(underLease(nothing)), byHand)
    expect(await runs()).toMatchObject([
      { job: 'another', outcome: 'running' },
      { job: 'sample', outcome: 'ok' },
    ])
  })

  it('that fails is recorded once and frees its lease at once', async () => {
    const failing = underLease(() => Promise.reject(new Error('the work failed')))
    await failure(runJob(ctx(), job(failing), fired))
    expect(await runs()).toEqual([{ job: 'sample', outcome: 'failed', error: 'the work failed' }])
    expect(await runJob(ctx(), job(underLease(nothing)), fired)).toMatchObject({ ran: true })
  })

  it('does no work for a slot that is done', async () => {
    let works = 0
    const counted = job(
      underLease(async () => {
        works += 1
        return { rows: 1 }
      }),
    )
    await runJob(ctx(), counted, fired)
    expect(await runJob(ctx(), counted, fired)).toEqual({ ran: false, reason: 'done' })
    expect(works).toBe(1)
  })

  it('whose slot another run did meanwhile is not done twice', async () => {
    const slow = underLease(async (inner) => {
      await inner.db.query(sent`select core.take_slot('sample', ${fired.slot.toISOString()}::timestamptz)`)
      return { rows: 1 }
    })
    expect(await runJob(ctx(), job(slow), fired)).toEqual({ ran: false, reason: 'done' })
  })
})

describe('a job around a call', () => {
  it('makes no call for a slot that is done', async () => {
    let calls = 0
    const calling = job(
      aroundCall(
        async () => {
          calls += 1
        },
        async () => ({ rows: 0 }),
      ),
    )
    await runJob(ctx(), calling, fired)
    expect(await runJob(ctx(), calling, fired)).toEqual({ ran: false, reason: 'done' })
    expect(calls).toBe(1)
  })

  it('makes no call while another run holds the lock', async () => {
    const holder = await database.connect()
    await holder.query('begin')
    await holder.query('select pg_advisory_xact_lock(990002)')
    const calling = job(aroundCall(() => Promise.reject(new Error('called')), nothing))
    expect(await runJob(ctx(), calling, fired)).toEqual({ ran: false, reason: 'busy' })
    await holder.query('rollback')
  })
})

it('the record of a failed run contains no password', async () => {
  const failing = underLease(() =>
    Promise.reject(new Error('cannot reach postgres://worker:hunter2@db.example/x')),
  )
  await failure(runJob(ctx(), job(failing), byHand))
  expect(JSON.stringify(await runs())).not.toContain('hunter2')
})
