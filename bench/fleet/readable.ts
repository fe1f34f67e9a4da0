import type { Measurement } from '../measurement.ts'
import { closedLoop, compare, mustBe, quantile } from '../method.ts'
import { givenNodes } from './samples.ts'

/** wrangler.toml lets a batch of the queue wait that long. */
const queueMs = 1_000

/** The time from the answer 202 to the first read that shows the sample, above the delay of the queue. */
export const readable: Measurement = async (rig, pace) => {
  const database = await rig.database()
  const { owner } = database
  const worker = await rig.worker(database)
  const headers = {
    authorization: `Bearer ${await worker.token('tenant', 't', 1)}`,
    'content-type': 'application/json',
  }
  await givenNodes(owner)
  await owner.query(`
insert into fleet.zones (tenant_id, greenhouse_id, name) select 1, id, 'Z' from fleet.greenhouses;
insert into fleet.zone_bindings (tenant_id, zone_id, node_id, from_at)
select 1, z.id, n.id, now() - interval '1 day' from fleet.zones z, fleet.nodes n where n.uid = 'nd-ph-1'`)
  const zone = Number((await owner.query('select id from fleet.zones')).rows[0].id)
  let value = 0
  const above: number[] = []
  let isWarm = false
  await compare(
    {
      name: 'fleet accepted to readable',
      unit: 'ms above the queue, p99',
      database: owner,
      value: ({ latenciesMs }) => quantile(latenciesMs, 0.99) - queueMs,
      ours: {
        name: 'the Worker',
        turn: async () => {
          const turn = await closedLoop({
            clients: 1,
            seconds: 10 * pace.seconds,
            operation: async () => {
              value = (value + 1) % 1_000
              const sample = {
                nodeUid: 'nd-ph-1',
                metric: 'co2',
                ts: new Date().toISOString(),
                value: 400 + value,
              }
              const body = JSON.stringify({ samples: [sample] })
              const { status } = await fetch(`${worker.url}/v1/fleet/telemetry`, {
                method: 'POST',
                headers,
                body,
              })
              mustBe(status, 202, 'the status')
              for (const sentAt = Date.now(); ; ) {
                mustBe(Date.now() - sentAt < 30_000, true, 'readable within half a minute')
                const latest = await fetch(`${worker.url}/v1/fleet/zones/${zone}/telemetry/latest`, {
                  headers,
                })
                mustBe(latest.status, 200, 'the status of a read')
                if ((await latest.text()).includes(`"value":${sample.value},`)) return 1
                await new Promise((resolve) => setTimeout(resolve, 10))
              }
            },
          })
          // The first turn warms up: its first sample waits for the Worker to start.
          if (isWarm) above.push(...turn.latenciesMs.map((ms) => ms - queueMs))
          isWarm = true
          return turn
        },
        verify: async () => {
          const missing = await owner.query(
            'select 1 from fleet.telemetry_minutes where received <> accepted',
          )
          mustBe(missing.rows, [], 'the minutes with samples that were not accepted')
        },
      },
      baseline: null,
    },
    pace,
  )
  const at = (share: number) => Math.round(quantile(above, share))
  console.log(`${above.length} samples, above the delay of the queue: p50 ${at(0.5)} ms, p99 ${at(0.99)} ms`)
}
