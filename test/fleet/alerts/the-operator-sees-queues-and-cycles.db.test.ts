import { beforeEach, expect, it } from 'vitest'
import type { Ctx } from '../../../functions/core/context.ts'
import { fleetWatch } from '../../../functions/fleet/watch.ts'
import { freshEnvironment } from '../../core/environment.ts'
import { receiveAlertsOf, webhookBindings } from '../../ops/support/alert-receiver.ts'
import { evaluate } from '../../ops/support/rules.ts'
import { startReceiver } from '../../webhooks/support/receiver.ts'
import { senderOf } from '../support/samples.ts'

const environment = await freshEnvironment()
const { admin } = environment.database

beforeEach(async () => {
  await admin.query('truncate fleet.cycles, core.alerts, core.alert_values')
})

/** The open alerts of a rule, as `state severity {labels}`. */
async function alertsOf(ctx: Ctx, rule: string): Promise<string[]> {
  const rules = fleetWatch.rules.filter(({ name }) => name === rule)
  expect(rules).toHaveLength(1)
  await evaluate(ctx, rules, { at: new Date() })
  const { rows } = await admin.query(
    `select state, severity, labels from core.alerts where rule = $1 and ended_at is null order by labels::text`,
    [rule],
  )
  return rows.map(({ state, severity, labels }) => `${state} ${severity} ${JSON.stringify(labels)}`)
}

it.each([
  [901, ['firing warning {"queue":"telemetry"}']],
  [951, ['firing critical {"queue":"telemetry"}']],
  [900, []],
])('with %i of 1000 messages waiting, the alerts about a full queue are %j', async (depth, expected) => {
  const { ctx, held } = senderOf(environment, undefined, { backlog: 1_000 })
  held.backlog = depth
  expect(await alertsOf(ctx, 'queue_full')).toEqual(expected)
})

it('a queue that fills and empties is an alert that fires and is resolved, and a webhook receives both', async () => {
  const receiver = await startReceiver()
  const receivedOf = await receiveAlertsOf(
    environment.ctx({ bindings: webhookBindings(receiver) }),
    admin,
    receiver,
  )
  for (const depth of [901, 700]) {
    // An isolate asks the queue once a second, so each value has one of its own.
    const { ctx, held } = senderOf(environment, undefined, { backlog: 1_000 })
    held.backlog = depth
    await alertsOf(ctx, 'queue_full')
  }
  expect(await receivedOf('queue_full')).toEqual(['alert.fired', 'alert.resolved'])
})

it('failed zones are an alert for each shard, from 30 % on a critical one, and none for a shard that is gone', async () => {
  const cycles = (failed: readonly number[]) =>
    admin.query(
      `insert into fleet.cycles (shard, slot, zones, success, failed)
       select at - 1, now(), 100, 100 - failed, failed
       from unnest($1::int[]) with ordinality f (failed, at)`,
      [failed],
    )
  const ctx = (shards: string) => environment.ctx({ bindings: { FLEET_SHARDS: shards } })
  await admin.query("select core.make_partitions('fleet.cycles', array[now()])")
  await cycles([10, 11, 30])
  expect(await alertsOf(ctx('3'), 'cycle_failures')).toEqual([
    'firing warning {"shard":1}',
    'firing critical {"shard":2}',
  ])
  expect(await alertsOf(ctx('2'), 'cycle_failures')).toEqual(['firing warning {"shard":1}'])
  await admin.query('truncate fleet.cycles')
  await cycles([0, 5, 0])
  expect(await alertsOf(ctx('2'), 'cycle_failures')).toEqual([])
})
