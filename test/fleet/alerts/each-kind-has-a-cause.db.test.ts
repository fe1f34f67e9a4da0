import { beforeEach, expect, it } from 'vitest'
import { fetchConfig } from '../../../functions/fleet/configs/fetch.ts'
import { reportConfig } from '../../../functions/fleet/configs/report.ts'
import { runCycle } from '../../../functions/fleet/cycles/run.ts'
import { alertKinds } from '../../../schema/fleet/states.ts'
import { freshEnvironment } from '../../core/environment.ts'
import { untilLasts, withinAnHour } from '../../support/lasting.ts'
import { soon } from '../../support/soon.ts'
import { type Given, givenRegulated } from '../support/regulated.ts'
import { emptyTelemetry, givenNode, runFleetJob, senderOf } from '../support/samples.ts'

await untilLasts('day', 60)
const environment = await freshEnvironment()
const { admin } = environment.database

beforeEach(async () => {
  await admin.query(emptyTelemetry)
  await admin.query('truncate fleet.greenhouses, fleet.cycles, fleet.decisions, fleet.dose_windows cascade')
})

/** The alerts that callers see as open, as `kind subject`; critical ones have a mark. */
async function open(shards = '3'): Promise<string[]> {
  const ctx = environment.ctx({ bindings: { FLEET_SHARDS: shards } })
  await runFleetJob(environment, 'fleet-alerts', ctx)
  const { rows } = await admin.query(
    `select concat_ws(' ', kind, subject, case severity when 'critical' then '!' end) as alert from fleet.alerts
    where cleared_at is null and raised_at is not null order by kind, subject`,
  )
  return rows.map(({ alert }) => alert)
}

const ago = (seconds: number) => new Date(Date.now() - seconds * 1_000).toISOString()

/** An active node whose configuration is applied. */
async function givenActive(): Promise<{ id: number; uid: string; zoneId: number }> {
  const node = await givenNode(environment)
  await admin.query(
    `with slot as (
      insert into fleet.zone_slots (tenant_id, zone_id, node_type, node_id) values (1, $2, 'ph', $1)
    ),
    config as (
      insert into fleet.node_configs (node_id, tenant_id, reported_version, drifted_at) values ($1, 1, 1, null)
    )
    update fleet.nodes set lifecycle = 'ACTIVE', last_seen_at = now() where id = $1`,
    [node.id, node.zoneId],
  )
  return node
}

type Cause = { alert: string; cure: () => Promise<unknown> }

async function ofRegulator(kind: string, given: Given, cured: string): Promise<Cause> {
  let slot = withinAnHour(10)
  const [measuredAt, usedAt] = [new Date(slot), new Date(slot)]
  const { regulator } = await givenRegulated(admin, { measuredAt, usedAt, ...given })
  const cycle = () =>
    runCycle(environment.ctx({ bindings: { FLEET_SHARDS: '1' } }), { shard: 0, slot: new Date(slot++) })
  await cycle()
  return {
    alert: `${kind} regulator:${regulator}`,
    cure: async () => {
      await admin.query(cured)
      await cycle()
    },
  }
}

const sample = (uid: string, metric: string, secondsAgo: number, value: number) => ({
  nodeUid: uid,
  metric,
  ts: ago(secondsAgo),
  value,
})

const causes: Record<(typeof alertKinds)[number], () => Promise<Cause>> = {
  async target() {
    const cause = await ofRegulator('target', { value: 5 }, 'update fleet.telemetry_last set value = 6')
    expect(await open()).toEqual([])
    await admin.query(`update fleet.alerts set since = now() - interval '31 minutes'`)
    return cause
  },
  budget: () =>
    ofRegulator(
      'budget',
      { value: 5, usedHour: 100 },
      'update fleet.telemetry_last set value = 6, ts = now()',
    ),
  async metric_silent() {
    const { uid } = await givenActive()
    const sender = senderOf(environment)
    await sender.store([sample(uid, 'ph', 500, 6)])
    expect(await open()).toEqual([])
    await admin.query(`update fleet.telemetry_last set ts = ts - interval '200 seconds'`)
    await sender.store([sample(uid, 'co2', 1, 400)])
    return {
      alert: `metric_silent sensor:${uid}/ph`,
      cure: () => sender.store([sample(uid, 'ph', 1, 6.1)]),
    }
  },
  async stuck() {
    const { uid } = await givenActive()
    const sender = senderOf(environment)
    await sender.store([sample(uid, 'ph', 7 * 3_600, 6), sample(uid, 'ph', 120, 6)])
    return { alert: `stuck sensor:${uid}/ph`, cure: () => sender.store([sample(uid, 'ph', 60, 6.1)]) }
  },
  async clock_skew() {
    const { uid } = await givenActive()
    await senderOf(environment).store([sample(uid, 'ph', -3_600, 6)])
    return { alert: `clock_skew node:${uid}`, cure: () => admin.query('truncate fleet.telemetry_rejects') }
  },
  async node_silent() {
    const { uid } = await givenActive()
    await admin.query(`update fleet.nodes set last_seen_at = now() - interval '11 minutes'`)
    await runFleetJob(environment, 'fleet-silence')
    return {
      alert: `node_silent node:${uid}`,
      cure: () => senderOf(environment).store([sample(uid, 'ph', 1, 6)]),
    }
  },
  async drift() {
    const { uid } = await givenActive()
    await admin.query(
      `update fleet.node_configs set desired_version = 2, drifted_at = now() - interval '14 minutes'`,
    )
    expect(await open()).toEqual([])
    await admin.query(`update fleet.node_configs set drifted_at = drifted_at - interval '1 minute'`)
    const by = environment.ctx({ principal: { role: 'node', sub: uid, tenantId: 1, gen: 1 } })
    return {
      alert: `drift node:${uid}`,
      cure: () => reportConfig(by, { uid, report: { version: 2, outcome: 'applied' } }),
    }
  },
  async config_rejected() {
    const { uid } = await givenActive()
    const by = environment.ctx({ principal: { role: 'node', sub: uid, tenantId: 1, gen: 1 } })
    const rejected = { version: 1, outcome: 'rejected', reason: 'interval too short' } as const
    for (let times = 0; times < 2; times += 1) await reportConfig(by, { uid, report: rejected })
    expect(await open()).toEqual([])
    await reportConfig(by, { uid, report: rejected })
    expect(await fetchConfig(by, { uid })).toMatchObject({ offered: false })
    return {
      alert: `config_rejected node:${uid}`,
      cure: () => reportConfig(by, { uid, report: { version: 1, outcome: 'applied' } }),
    }
  },
  async cycle_failures() {
    const failed = (zones: number) =>
      admin.query(
        `insert into fleet.cycles (shard, slot, zones, success, failed) values (0, now(), 100, 100 - $1::int, $1)
        on conflict (shard, slot) do nothing`,
        [zones],
      )
    await admin.query("select core.make_partitions('fleet.cycles', array[now()])")
    await failed(30)
    return {
      alert: 'cycle_failures shard:0 !',
      cure: async () => {
        await admin.query('truncate fleet.cycles')
        await failed(5)
      },
    }
  },
  async cycle_missed() {
    await admin.query(
      "select core.make_partitions('fleet.cycles', array[now(), now() - interval '2 minutes'])",
    )
    await admin.query(`insert into fleet.cycles (shard, slot) values (0, now() - interval '61 seconds')`)
    return {
      alert: 'cycle_missed shard:0',
      cure: () => admin.query('insert into fleet.cycles (shard, slot) values (0, now())'),
    }
  },
  async telemetry_unaccounted() {
    const { uid } = await givenActive()
    const sender = senderOf(environment)
    await sender.send({ samples: [sample(uid, 'ph', 2, 6)] })
    const lost = sender.held.messages.splice(0)
    await sender.store([sample(uid, 'ph', 1, 6)])
    expect(await open()).toEqual([])
    await admin.query(`update core.ingest_messages set received_at = received_at - interval '16 minutes'`)
    return {
      alert: 'telemetry_unaccounted stream:telemetry !',
      cure: () => {
        sender.held.messages.push(...lost)
        return sender.deliver()
      },
    }
  },
  async queue_full() {
    const { uid } = await givenActive()
    const sender = senderOf(environment, undefined, { backlog: 10 })
    sender.held.backlog = 10
    // Refused samples whose count did not reach Postgres are counted with the next ones.
    const refused = async () => {
      await sender.send({ samples: [sample(uid, 'ph', 1, 6)] }).catch(() => undefined)
      await Promise.allSettled(sender.waited)
      const { rows } = await admin.query('select sum(refused)::int as n from fleet.telemetry_minutes')
      return rows[0]?.n ?? 0
    }
    await expect.poll(refused, soon).toBeGreaterThan(0)
    return {
      alert: 'queue_full stream:telemetry !',
      cure: () => admin.query(`update fleet.telemetry_minutes set minute = minute - interval '6 minutes'`),
    }
  },
}

it.each(alertKinds)('%s opens once for a real cause, is seen again, and ends with it', async (kind) => {
  const { alert, cure } = await causes[kind]()
  expect(await open()).toEqual([alert])
  expect(await open()).toEqual([alert])
  const { rows } = await admin.query(
    'select count from fleet.alerts where cleared_at is null and raised_at is not null',
  )
  expect(rows).toEqual([{ count: kind === 'target' ? 3 : 2 }])
  await cure()
  expect(await open()).toEqual([])
  const ended = await admin.query('select kind from fleet.alerts where cleared_at > raised_at')
  expect(ended.rows).toEqual([{ kind }])
})

it('a shard that no longer exists is not missed, and one that never comes back is', async () => {
  await admin.query(`select core.make_partitions('fleet.cycles', array[now(), now() - interval '2 minutes'])`)
  await admin.query(
    `insert into fleet.cycles (shard, slot) select shard, now() - interval '61 seconds' from unnest('{0,2}'::int[]) shard`,
  )
  expect(await open()).toEqual(['cycle_missed shard:0', 'cycle_missed shard:2'])
  expect(await open('2')).toEqual(['cycle_missed shard:0'])
  await admin.query('truncate fleet.cycles')
  expect(await open('2')).toEqual(['cycle_missed shard:0'])
})

it('a regulator whose metric nobody measures is an alert', async () => {
  const { alert, cure } = await ofRegulator('metric_silent', { value: null }, 'select')
  expect(await open()).toEqual([alert])
  await cure()
  expect(await open()).toEqual([alert])
})

it('a node that fell silent as a whole is one alert, not one for each of its sensors', async () => {
  const { uid } = await givenActive()
  const sender = senderOf(environment)
  await sender.store([sample(uid, 'ph', 1, 6), sample(uid, 'co2', 1, 400)])
  await admin.query(`update fleet.telemetry_last set ts = ts - interval '1 hour'`)
  await admin.query(`update fleet.nodes set last_seen_at = last_seen_at - interval '1 hour'`)
  expect(await open()).toEqual([])
  await runFleetJob(environment, 'fleet-silence')
  expect(await open()).toEqual([`node_silent node:${uid}`])
})

it('an alert about a sensor names greenhouse, zone and node', async () => {
  const { uid, zoneId } = await givenActive()
  const sender = senderOf(environment)
  await sender.store([sample(uid, 'ph', 700, 6), sample(uid, 'co2', 1, 400)])
  await open()
  const { rows } = await admin.query('select labels from fleet.alerts')
  expect(rows).toEqual([
    { labels: { greenhouse: expect.any(Number), zone: zoneId, node: uid, metric: 'ph' } },
  ])
})
