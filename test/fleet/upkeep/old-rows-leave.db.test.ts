import { beforeEach, expect, it } from 'vitest'
import { removeOld } from '../../../functions/fleet/upkeep/remove-old.ts'
import { freshEnvironment } from '../../core/environment.ts'
import { explain } from '../../support/explain.ts'
import { inStepsUnchecked } from '../../support/fill.ts'
import { runFleetJob } from '../support/samples.ts'

const environment = await freshEnvironment()
const { admin, connect } = environment.database

beforeEach(() =>
  admin.query(
    'truncate fleet.telemetry_minutes, fleet.node_boots, fleet.commands, fleet.alerts, fleet.greenhouses cascade',
  ),
)

async function houses(...tenants: number[]): Promise<void> {
  await admin.query(
    `insert into fleet.greenhouses (tenant_id, name, timezone) select t, 'North', 'UTC' from unnest($1::bigint[]) t`,
    [tenants],
  )
}

const minuteOf = (tenant: number, ago: string) =>
  admin.query(
    `insert into fleet.telemetry_minutes (tenant_id, minute, received)
     values ($1, date_trunc('minute', now() - $2::interval), 1)`,
    [tenant, ago],
  )

const commandOf = (tenant: number, state: string, ago: string) =>
  admin.query(
    `insert into fleet.commands (tenant_id, node_id, zone_id, zone_epoch, kind, ordered_by, state, queued_at)
     values ($1, 1, 1, 1, 'off', 'cycle', $2, now() - $3::interval)`,
    [tenant, state, ago],
  )

const alertOf = (tenant: number, subject: string, clearedAgo: string | null) =>
  admin.query(
    `insert into fleet.alerts (tenant_id, kind, subject, since, raised_at, cleared_at)
     values ($1, 'node_silent', $2, now() - interval '3 years', now() - interval '3 years', now() - $3::interval)`,
    [tenant, subject, clearedAgo],
  )

const bootOf = (firstAgo: string, lastAgo: string) =>
  admin.query(
    `insert into fleet.node_boots (node_id, boot_id, first_at, last_at)
     values (1, $1 || $2, now() - $1::interval, now() - $2::interval)`,
    [firstAgo, lastAgo],
  )

const column = async (statement: string) =>
  (await admin.query({ text: statement, rowMode: 'array' })).rows.map(([value]) => value)

const run = () => runFleetJob(environment, 'fleet-retention')
const lastRun = async () =>
  (await admin.query('select outcome, rows::int from core.job_runs order by id desc limit 1')).rows[0]

it('what is older than its retention leaves, of every tenant, and nothing else', async () => {
  await houses(1, 2)
  for (const tenant of [1, 2]) {
    for (const ago of ['401 days', '399 days']) await minuteOf(tenant, ago)
    for (const ago of ['15 months', '13 months']) {
      await commandOf(tenant, 'DONE', ago)
      await alertOf(tenant, `${tenant}-${ago}`, ago)
    }
  }
  await run()
  expect(await lastRun()).toEqual({ outcome: 'ok', rows: 6 })
  const kept = (table: string, time: string, age: string) =>
    column(`select tenant_id::int from fleet.${table} where ${time} > now() - interval '${age}' order by 1`)
  expect(await kept('telemetry_minutes', 'minute', '400 days')).toEqual([1, 2])
  expect(await kept('commands', 'queued_at', '14 months')).toEqual([1, 2])
  expect(await kept('alerts', 'cleared_at', '14 months')).toEqual([1, 2])
  for (const table of ['telemetry_minutes', 'commands', 'alerts'])
    expect(await column(`select count(*)::int from fleet.${table}`), table).toEqual([2])
  await run()
  expect(await lastRun()).toEqual({ outcome: 'skipped', rows: 0 })
})

it('the numbers of a boot leave 400 days after its last batch', async () => {
  await bootOf('500 days', '401 days')
  await bootOf('500 days', '399 days')
  await bootOf('399 days', '399 days')
  await run()
  expect(await column('select boot_id from fleet.node_boots order by first_at')).toEqual([
    '500 days399 days',
    '399 days399 days',
  ])
  expect(await lastRun()).toEqual({ outcome: 'ok', rows: 1 })
})

it('what has not ended stays, however old', async () => {
  await houses(1)
  for (const state of ['QUEUED', 'SENT', 'ACK']) await commandOf(1, state, '3 years')
  await alertOf(1, 'open', null)
  await run()
  expect(await column('select state from fleet.commands order by id')).toEqual(['QUEUED', 'SENT', 'ACK'])
  expect(await column('select subject from fleet.alerts')).toEqual(['open'])
})

it('a run goes on until nothing old is left', async () => {
  await houses(1)
  await admin.query(`insert into fleet.telemetry_minutes (tenant_id, minute)
    select 1, date_trunc('minute', now()) - interval '500 days' - n * interval '1 minute' from generate_series(1, 12000) n`)
  await run()
  expect(await column('select count(*)::int from fleet.telemetry_minutes')).toEqual([0])
  expect(await lastRun()).toEqual({ outcome: 'ok', rows: 12_000 })
})

it('a run touches few pages beside many rows that stay', async () => {
  await houses(1)
  // One moment for all steps: a minute may begin between two of them.
  const began = new Date()
  const client = await connect()
  await inStepsUnchecked(client, 100_000, (from, to) =>
    client.query(
      `with minutes as (
         insert into fleet.telemetry_minutes (tenant_id, minute)
         select 1, date_trunc('minute', $3::timestamptz) - n * interval '1 minute' from generate_series($1::int, $2::int) n
       )
       insert into fleet.commands (tenant_id, node_id, zone_id, zone_epoch, kind, ordered_by, state)
       select 1, 1, 1, 1, 'off', 'cycle', 'DONE' from generate_series($1::int, $2::int)`,
      [from, to, began],
    ),
  )
  await client.query('analyze fleet.telemetry_minutes, fleet.commands')
  const { rows } = await explain(client, removeOld())
  const plan = rows[0]['QUERY PLAN'][0].Plan
  const pages = plan['Shared Hit Blocks'] + plan['Shared Read Blocks']
  const whole = await column(`select pg_relation_size('fleet.commands')::int / 8192`)
  // The oldest 5 000 commands of 100 000.
  expect(pages).toBeLessThan(Number(whole[0]) / 5)
})
