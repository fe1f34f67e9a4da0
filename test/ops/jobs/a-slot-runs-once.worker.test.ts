import { beforeEach, describe, expect, it } from 'vitest'
import { jobs } from '../../../cron/index.ts'
import { soon } from '../../support/soon.ts'
import { freshWorker } from '../../support/worker.ts'

const app = await freshWorker()
const { admin } = app.database
const authorization = `Bearer ${await app.token('admin', 'ops')}`
const sweep = 'dispatch-lease-expiry'
const everyMinute = '* * * * *'
const slot = new Date('2026-11-20T10:00:00Z')

beforeEach(async () => {
  app.faults.clear()
  await admin.query('truncate core.job_runs, core.job_slots, core.job_pauses')
})

type Run = Record<string, unknown> & { job: string; id: number }
const read = async <T>(path: string) =>
  (await (await app.fetch(path, { headers: { authorization } })).json()) as T
const runsOf = async (job: string, more = '') =>
  (await read<{ data: Run[]; nextCursor: string | null }>(`/v1/ops/jobs/runs?job=${job}${more}`)).data
const jobNamed = async (name: string) =>
  (
    await read<{ data: (Run & { name: string; missed: number; lastRun: Run | null })[] }>('/v1/ops/jobs')
  ).data.find((job) => job.name === name)
const runNow = (name: string, headers: Record<string, string> = {}) =>
  app.fetch(`/v1/ops/jobs/${name}/run`, { method: 'POST', headers: { authorization, ...headers } })

describe('a cron tick', () => {
  it('runs its jobs and leaves a record of each', async () => {
    expect(await app.scheduled(everyMinute, new Date('2026-11-20T10:00:07Z'))).toMatchObject({
      outcome: 'ok',
    })
    expect(await runsOf(sweep)).toMatchObject([
      {
        trigger: 'cron',
        slot: '2026-11-20T10:00:00.000000Z',
        outcome: 'ok',
        rows: 0,
        roundTrips: 1,
        error: null,
      },
    ])
    expect(await jobNamed(sweep)).toMatchObject({ cron: everyMinute, lastRun: { outcome: 'ok', rows: 0 } })
  })

  it('fired twelve times at once runs once', async () => {
    const fired = await Promise.all(Array.from({ length: 12 }, () => app.scheduled(everyMinute, slot)))
    expect(fired.every(({ outcome }) => outcome === 'ok')).toBe(true)
    expect(await runsOf(sweep)).toHaveLength(1)
  })

  it('fired twice for each of two slots runs once for each', async () => {
    for (const minute of [0, 0, 1, 1])
      await app.scheduled(everyMinute, new Date(slot.getTime() + minute * 60_000))
    expect((await runsOf(sweep)).map((run) => run['slot'])).toEqual([
      '2026-11-20T10:01:00.000000Z',
      '2026-11-20T10:00:00.000000Z',
    ])
  })

  it('with an expression that no job has is an error', async () => {
    expect((await app.scheduled('13 13 13 * *')).outcome).not.toBe('ok')
    expect((await read<{ data: Run[] }>('/v1/ops/jobs/runs')).data).toEqual([])
  })

  it('whose job fails records the error and leaves the slot open', async () => {
    await admin.query('alter table dispatch.orders rename to elsewhere')
    const { outcome } = await app.scheduled(everyMinute, slot)
    await admin.query('alter table dispatch.elsewhere rename to orders')
    expect(outcome).not.toBe('ok')
    expect(await runsOf(sweep, '&outcome=failed')).toMatchObject([
      { error: expect.stringContaining('does not exist') },
    ])
    await app.scheduled(everyMinute, slot)
    expect((await runsOf(sweep)).map((run) => run['outcome'])).toEqual(['ok', 'failed'])
  })
})

describe('a manual run', () => {
  it('does nothing while another session holds the lock of the job', async () => {
    const holder = await app.database.connect()
    await holder.query('begin; select pg_try_advisory_xact_lock(1201)')
    const answers = await Promise.all(Array.from({ length: 12 }, async () => (await runNow(sweep)).json()))
    await holder.query('rollback')
    expect(answers).toEqual(Array.from({ length: 12 }, () => ({ ran: false, reason: 'busy' })))
    expect(await runsOf(sweep)).toEqual([])
  })

  it('returns its counts in one round trip, and is recorded', async () => {
    const response = await runNow(sweep)
    expect(await response.json()).toEqual({ ran: true, outcome: 'ok', rows: 0, detail: {} })
    expect(response.headers.get('x-db-round-trips')).toBe('1')
    expect(await runsOf(sweep)).toMatchObject([{ trigger: 'manual', slot: null }])
  })

  it('that is sent again with its idempotency key runs once', async () => {
    const key = { 'idempotency-key': 'once' }
    const [first, second] = [await runNow(sweep, key), await runNow(sweep, key)]
    expect(await second.json()).toEqual(await first.json())
    expect([first, second].map(({ headers }) => headers.get('idempotency-replayed'))).toEqual([null, 'true'])
    expect(await runsOf(sweep)).toHaveLength(1)
  })

  it('of an unknown job is not found', async () => {
    expect((await runNow('nothing')).status).toBe(404)
  })

  it('that fails answers 500 without the error, which is recorded', async () => {
    await admin.query('alter table dispatch.orders rename to elsewhere')
    const response = await runNow(sweep)
    await admin.query('alter table dispatch.elsewhere rename to orders')
    expect(response.status).toBe(500)
    expect(await response.text()).not.toContain('does not exist')
    expect(await runsOf(sweep)).toMatchObject([
      { outcome: 'failed', error: expect.stringContaining('does not exist') },
    ])
  })
})

describe('a paused job', () => {
  const pause = (name: string, body: object) =>
    app.fetch(`/v1/ops/jobs/${name}/pause`, {
      method: 'POST',
      headers: { authorization, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
  const resume = (name: string) =>
    app.fetch(`/v1/ops/jobs/${name}/pause`, { method: 'DELETE', headers: { authorization } })
  const inHours = (hours: number) => new Date(Date.now() + hours * 3_600_000).toISOString()

  it('is not run by the clock, and its slots are paused, not missed', async () => {
    const now = Math.floor(Date.now() / 60_000) * 60_000
    await app.scheduled(everyMinute, new Date(now - 10 * 60_000))
    const response = await pause(sweep, { until: inHours(1), reason: 'a migration' })
    expect(response.status).toBe(201)
    expect(await response.json()).toMatchObject({ reason: 'a migration', by: 'admin:ops' })
    await admin.query(
      `update core.job_pauses set since = since - interval '1 hour', until = until - interval '1 minute'`,
    )
    expect(await app.scheduled(everyMinute, new Date(now - 5 * 60_000))).toMatchObject({ outcome: 'ok' })
    expect(await runsOf(sweep)).toHaveLength(1)
    const job = await jobNamed(sweep)
    expect(job).toMatchObject({ missed: 0, pause: { reason: 'a migration' } })
    expect(job?.['pausedSlots']).toBeGreaterThanOrEqual(8)
    // Another job of the same tick runs.
    expect(await runsOf('core-webhooks', '&all=true')).toHaveLength(2)
  })

  it('runs when a person starts it', async () => {
    await pause(sweep, { until: inHours(1), reason: 'a look' })
    expect(await (await runNow(sweep)).json()).toMatchObject({ ran: true })
  })

  it('runs again when its pause is ended, or over', async () => {
    await pause(sweep, { until: inHours(1), reason: 'a look' })
    expect((await resume(sweep)).status).toBe(204)
    expect((await resume(sweep)).status).toBe(404)
    await app.scheduled(everyMinute, slot)
    expect(await runsOf(sweep)).toHaveLength(1)
    await pause(sweep, { until: inHours(1), reason: 'a look' })
    await admin.query(
      `update core.job_pauses set since = since - interval '3 hours', until = now() - interval '1 second'`,
    )
    await app.scheduled(everyMinute, new Date(slot.getTime() + 60_000))
    expect(await runsOf(sweep)).toHaveLength(2)
    expect(await jobNamed(sweep)).toMatchObject({ pause: null })
  })

  it('has the newest pause only', async () => {
    await pause(sweep, { until: inHours(1), reason: 'first' })
    await pause(sweep, { until: inHours(2), reason: 'second' })
    expect(await jobNamed(sweep)).toMatchObject({ pause: { reason: 'second' } })
    expect((await resume(sweep)).status).toBe(204)
    expect(await jobNamed(sweep)).toMatchObject({ pause: null })
  })

  it.each([-1, 24.1])('cannot be paused until %s hours from now', async (hours) => {
    const response = await pause(sweep, { until: inHours(hours), reason: 'x' })
    expect([response.status, await response.json()]).toMatchObject([422, { code: 'unprocessable' }])
    expect((await admin.query('select from core.job_pauses')).rowCount).toBe(0)
  })

  it('must exist', async () => {
    expect((await pause('nothing', { until: inHours(1), reason: 'x' })).status).toBe(404)
  })
})

describe('the times of a job', () => {
  it('are shown: how late it began, how long it takes, and its failures in a row', async () => {
    await admin.query(
      `insert into core.job_runs (job, slot, trigger, started_at, finished_at, outcome)
      select $1, slot, 'cron', slot + interval '3 seconds',
        slot + interval '3 seconds' + n * interval '100 milliseconds', outcome
      from (
        select n, date_trunc('minute', now()) - (30 - n) * interval '1 minute' as slot,
          case when n > 20 then 'failed' else 'ok' end as outcome
        from generate_series(1, 22) n
      ) runs`,
      [sweep],
    )
    const job = await jobNamed(sweep)
    expect(job).toMatchObject({ lateSeconds: 3, failuresInRow: 2, running: false, meanMs: 1_050 })
    expect(job?.['p95Ms']).toBeCloseTo(1_905, 0)
  })
})

describe('runs that found no work', () => {
  it('are left out unless they are wanted', async () => {
    await admin.query(
      `insert into core.job_runs (job, trigger, started_at, finished_at, outcome)
      select 'quiet', 'cron', now(), now(), outcome from unnest('{ok,skipped}'::text[]) outcome`,
    )
    expect(await runsOf('quiet')).toHaveLength(1)
    expect(await runsOf('quiet', '&all=true')).toHaveLength(2)
    expect(await runsOf('quiet', '&outcome=skipped')).toHaveLength(1)
  })
})

describe('every job', () => {
  it.each(jobs.map(({ name }) => name))('%s runs in the Workers runtime', async (name) => {
    const response = await runNow(name)
    expect(await response.json()).toMatchObject({ ran: true })
    expect(await runsOf(name, '&all=true')).toMatchObject([{ job: name, trigger: 'manual' }])
  })
})

describe('the operator', () => {
  it('sees which slots were missed', async () => {
    const now = Math.floor(Date.now() / 60_000) * 60_000
    for (const minutes of [10, 9, 5]) await app.scheduled(everyMinute, new Date(now - minutes * 60_000))
    const missed = (await jobNamed(sweep))?.missed
    // Eight slots since the first, of which two ran. The clock may have reached the next minute meanwhile.
    expect([6, 7, 8]).toContain(missed)
  })

  it('pages through runs, newest first, without gap or repeat', async () => {
    for (let run = 0; run < 5; run += 1) await runNow(sweep)
    const seen: number[] = []
    let cursor: string | null = null
    do {
      const page: { data: Run[]; nextCursor: string | null } = await read(
        `/v1/ops/jobs/runs?limit=2${cursor === null ? '' : `&cursor=${cursor}`}`,
      )
      seen.push(...page.data.map(({ id }) => id))
      cursor = page.nextCursor
    } while (cursor !== null)
    expect(seen).toHaveLength(5)
    expect(seen).toEqual(seen.toSorted((a, b) => b - a))
  })
})

describe('a database that does not answer', () => {
  it('makes the Worker not ready but alive, and every answer has Retry-After', async () => {
    app.faults.set({ refuse: 1 })
    const ready = await app.fetch('/readyz')
    expect(ready.status).toBe(503)
    expect(ready.headers.get('retry-after')).toBe('1')
    expect(await ready.json()).toMatchObject({ ready: false, checks: [{ name: 'database', ok: false }] })
    expect((await app.fetch('/healthz')).status).toBe(200)
    const refused = await app.fetch('/v1/ops/jobs', { headers: { authorization } })
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '1'])
    app.faults.clear()
    await expect.poll(async () => (await app.fetch('/readyz')).status, soon).toBe(200)
  })
})
