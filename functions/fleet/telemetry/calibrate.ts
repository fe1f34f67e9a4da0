import { sql } from 'drizzle-orm'
import type { Ctx } from '../../core/context.ts'
import type { Refused } from '../../core/errors.ts'
import { answer, effect } from '../../core/idempotency.ts'
import { named } from '../../core/named.ts'
import { callerScope } from '../greenhouses/scope.ts'
import type { Calibration, NewCalibration } from './contract.ts'

type Asked = NewCalibration & { uid: string }
type Outcome = { ok: true; calibration: Calibration } | Refused

/**
 * Sets the line of a sensor from a moment on; lines of later moments end. New samples use it at once, and a job calculates
 * the stored ones anew from their raw values.
 * Race: the line waits for that job or for its own key. The job counts from the moment at which the line was written, because
 * consumers without the line may begin until then.
 */
export function calibrate(ctx: Ctx, asked: Asked): Promise<Outcome> {
  const { uid, metric, channel, from, gain, shift } = asked
  return effect<Outcome>(
    ctx,
    named('fleet.calibrate')`
with node as (select id, tenant_id, uid from fleet.nodes where uid = ${uid}),
measured as (select id, name from fleet.metrics where name = ${metric}),
ended as (
  delete from fleet.calibrations c
  using node, measured
  where c.node_id = node.id
    and c.metric_id = measured.id
    and c.channel = ${channel}
    and c.from_at > ${from}::timestamptz
  returning 1
),
added as (
  insert into fleet.calibrations as c (node_id, metric_id, channel, from_at, tenant_id, gain, shift, created_at)
  select node.id, measured.id, ${channel}, ${from}::timestamptz, node.tenant_id, ${gain}, ${shift}, clock_timestamp()
  from node, measured
  on conflict (node_id, metric_id, channel, from_at) do update
  set gain = excluded.gain, shift = excluded.shift, created_at = clock_timestamp(), applied_at = null,
    applied_until = null
  returning *
)
select ${answer(sql`case
  when not exists (select from node) then jsonb_build_object('ok', false, 'reason', 'not_found')
  when not exists (select from measured) then
    jsonb_build_object('ok', false, 'reason', 'unprocessable', 'detail', 'There is no metric of this name')
  else jsonb_build_object('ok', true, 'calibration', (
    select jsonb_build_object(
      'nodeUid', ${uid}::text, 'metric', ${metric}::text, 'channel', channel, 'from', core.iso(from_at), 'gain', gain,
      'shift', shift, 'appliedAt', core.iso(applied_at)
    )
    from added
  ))
end`)}
from (select count(*) from ended) done`,
    callerScope(ctx),
  )
}
