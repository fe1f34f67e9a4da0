import { beforeEach, expect, it } from 'vitest'
import { freshWorker } from '../../support/worker.ts'

const app = await freshWorker()
const { admin } = app.database
const authorization = `Bearer ${await app.token('admin', 'ops')}`
const everyMinute = '* * * * *'

beforeEach(async () => {
  await admin.query(
    'truncate core.job_runs, core.job_slots, core.alerts, core.silences, core.outbox, core.alert_values, core.operator_actions',
  )
})

const json = async <T>(response: Response) => (await response.json()) as T
const read = async <T>(path: string) => {
  const response = await app.fetch(path, { headers: { authorization } })
  expect(response.status).toBe(200)
  return json<T>(response)
}
const send = (method: string, path: string, body: unknown = {}) =>
  app.fetch(path, {
    method,
    headers: { authorization, 'content-type': 'application/json' },
    ...(method === 'DELETE' ? {} : { body: JSON.stringify(body) }),
  })
const minutes = (count: number) => new Date(Math.floor(Date.now() / 60_000 + count) * 60_000)
const runs = async () =>
  (await read<{ data: Record<string, unknown>[] }>('/v1/ops/jobs/runs?job=ops-alerts&all=true')).data

it('each rule of the product has a value', async () => {
  await app.scheduled(everyMinute, minutes(0))
  await app.scheduled(everyMinute, minutes(1))
  expect(await runs()).toMatchObject([{ error: null }, { outcome: 'ok', error: null }])
  const { data } = await read<{ data: { name: string; state: string; asOf: string | null }[] }>(
    '/v1/ops/rules',
  )
  const unknown = data.filter(({ state }) => state === 'unknown')
  expect(unknown).toEqual([])
  expect(data.length).toBeGreaterThanOrEqual(20)
  const { rows } = await admin.query('select rule from core.alert_values')
  expect(rows.length).toBeGreaterThan(5)
})

it('the watchdog is sent once in five minutes, and not while nothing evaluates', async () => {
  const dogs = async () =>
    (await admin.query(`select data from core.outbox where type = 'ops.watchdog'`)).rows.length
  const base = Math.floor(Date.now() / 300_000) * 300_000
  for (const minute of [0, 1, 2, 4]) await app.scheduled(everyMinute, new Date(base + minute * 60_000))
  expect(await dogs()).toBe(1)
  await app.scheduled(everyMinute, new Date(base + 5 * 60_000))
  expect(await dogs()).toBe(2)
  await app.fetch('/v1/ops/jobs/ops-alerts/pause', {
    method: 'POST',
    headers: { authorization, 'content-type': 'application/json' },
    body: JSON.stringify({
      until: new Date(Date.now() + 3_600_000).toISOString(),
      reason: 'a dead evaluator',
    }),
  })
  await app.scheduled(everyMinute, new Date(base + 10 * 60_000))
  expect(await dogs()).toBe(2)
  await send('DELETE', '/v1/ops/jobs/ops-alerts/pause')
})

it('an alert that must last a minute fires at the next tick, however soon that tick runs', async () => {
  await admin.query(`
    insert into core.job_runs (job, trigger, started_at) values ('core-partitions', 'cron', now());
    insert into core.leases (name, owner, fence, expires_at) values ('core-partitions', 'x', 1, now() - interval '5 minutes')`)
  const states = async () =>
    (await admin.query(`select state from core.alerts where rule = 'job_stuck'`)).rows
  await app.scheduled(everyMinute, minutes(0))
  expect(await states()).toEqual([{ state: 'pending' }])
  await app.scheduled(everyMinute, minutes(1))
  expect(await states()).toEqual([{ state: 'firing' }])
  await admin.query(`delete from core.leases where name = 'core-partitions'`)
})

it('a job that fails three times in a row fires, is in the pulse, is acknowledged and is resolved', async () => {
  type Pulse = { attention: { kind: string; href: string; count: number }[]; acknowledged: number }
  expect((await read<Pulse>('/v1/ops/pulse')).attention).toMatchObject([{ kind: 'evaluator' }])
  await admin.query(`insert into core.job_runs (job, slot, trigger, started_at, finished_at, outcome)
    select 'core-partitions', now() - n * interval '1 minute', 'cron', now(), now(), 'failed' from generate_series(1, 3) n`)
  await app.scheduled(everyMinute, minutes(0))
  const { attention } = await read<Pulse>('/v1/ops/pulse')
  const shown = attention.find(({ kind }) => kind === 'job_failing')
  expect(shown).toMatchObject({ count: 1, state: 'firing', severity: 'warning' })
  const { data } = await read<{ data: { id: number; labels: object; evidence: object[] }[] }>(
    shown?.href ?? '',
  )
  expect(data).toMatchObject([{ labels: { job: 'core-partitions' } }])
  expect(data[0]?.evidence.length).toBe(3)
  const id = data[0]?.id
  expect((await send('POST', `/v1/ops/alerts/${id}/acknowledge`, { note: 'on it' })).status).toBe(200)
  const acked = await read<Pulse>('/v1/ops/pulse')
  expect(acked.attention.map(({ kind }) => kind)).not.toContain('job_failing')
  expect(acked.acknowledged).toBe(1)
  await admin.query(`insert into core.job_runs (job, slot, trigger, started_at, finished_at, outcome)
    values ('core-partitions', now(), 'cron', now(), now(), 'ok')`)
  await app.scheduled(everyMinute, minutes(1))
  expect(
    (await read<{ data: object[] }>('/v1/ops/alerts?rule=job_failing&state=resolved')).data,
  ).toHaveLength(1)
  expect((await send('POST', `/v1/ops/alerts/${id}/acknowledge`, { note: 'late' })).status).toBe(409)
  const { data: log } = await read<{ data: object[] }>('/v1/ops/log?action=alert')
  expect(log).toMatchObject([{ by: 'admin:ops', action: 'alert.acknowledge', reason: 'on it' }])
})

it('a silence is made, listed and ended, and each is on record', async () => {
  const made = await send('POST', '/v1/ops/silences', {
    rule: 'job_failing',
    reason: 'planned',
    until: new Date(Date.now() + 3_600_000).toISOString(),
  })
  expect(made.status).toBe(201)
  const { id } = await json<{ id: number }>(made)
  expect((await read<{ data: object[] }>('/v1/ops/silences?open=true')).data).toMatchObject([{ id }])
  expect((await send('DELETE', `/v1/ops/silences/${id}`)).status).toBe(204)
  expect((await send('DELETE', `/v1/ops/silences/${id}`)).status).toBe(404)
  expect((await send('POST', '/v1/ops/silences', { reason: 'both' })).status).toBe(400)
  expect(
    (await send('POST', '/v1/ops/silences', { rule: 'nothing', reason: 'x', untilResolved: true })).status,
  ).toBe(404)
  const { data } = await read<{ data: { action: string }[] }>('/v1/ops/log')
  expect(data.map(({ action }) => action)).toEqual(['silence.end', 'silence.create'])
})

it('queues of all rows are listed in one round trip', async () => {
  const response = await app.fetch('/v1/ops/queues', { headers: { authorization } })
  expect(response.headers.get('x-db-round-trips')).toBe('1')
  const { data } = await json<{ data: { name: string; why: string | null }[] }>(response)
  expect(data.filter(({ why }) => why !== null)).toEqual([])
  expect(data.map(({ name }) => name)).toEqual(
    expect.arrayContaining([
      'clicks',
      'telemetry',
      'orphan postbacks',
      'orders without a courier',
      'balance deltas',
    ]),
  )
})

it('a rule of more than a hundred values lists the worst of them', async () => {
  await admin.query(`insert into core.alert_values (rule, at, measured)
    select 'blocked', now(), jsonb_agg(jsonb_build_object('labels', jsonb_build_object('n', n), 'value', n))
    from generate_series(1, 150) n`)
  type Rules = { data: { name: string; measured: { value: number }[] }[] }
  const { data } = await read<Rules>('/v1/ops/rules')
  const values = data.find(({ name }) => name === 'blocked')?.measured.map(({ value }) => value)
  expect(values).toEqual(Array.from({ length: 100 }, (_, n) => 51 + n))
})

it('other limits are tried on the kept values', async () => {
  await admin.query(`insert into core.alert_values (rule, at, measured)
    select 'blocked', now() - n * interval '1 minute',
      jsonb_build_array(jsonb_build_object('labels', '{}'::jsonb, 'value', case when n between 5 and 8 then 4 else 0 end))
    from generate_series(1, 20) n`)
  const tried = async (limits: object) => (await send('POST', '/v1/ops/rules/blocked/try', limits)).json()
  expect(await tried({})).toMatchObject({ values: 20, fired: 0 })
  expect(await tried({ raise: 3 })).toMatchObject({
    fired: 1,
    alerts: [{ peak: 4, endedAt: expect.any(String) }],
  })
  expect(await tried({ raise: 3, pendingFor: 600 })).toMatchObject({ fired: 0 })
  expect((await send('POST', '/v1/ops/rules/blocked/try', { clear: 99 })).status).toBe(422)
})
