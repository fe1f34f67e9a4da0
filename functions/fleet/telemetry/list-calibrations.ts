import type { Ctx } from '../../core/context.ts'
import { named } from '../../core/named.ts'
import { replicaScope } from '../greenhouses/scope.ts'
import type { Calibration } from './contract.ts'

/** The calibrations of a node by metric, channel and time, or null for no such node. */
export async function listCalibrations(ctx: Ctx, { uid }: { uid: string }): Promise<Calibration[] | null> {
  const [row] = await replicaScope(ctx).query<{ data: Calibration[] }>(named('fleet.list-calibrations')`
select coalesce((
    select jsonb_agg(jsonb_build_object(
      'nodeUid', node.uid, 'metric', m.name, 'channel', c.channel, 'from', core.iso(c.from_at), 'gain', c.gain,
      'shift', c.shift, 'appliedAt', core.iso(c.applied_at)
    ) order by m.name, c.channel, c.from_at)
    from fleet.calibrations c
    join fleet.metrics m on m.id = c.metric_id
    where c.node_id = node.id
  ), '[]') as data
from fleet.nodes node
where node.uid = ${uid}`)
  return row?.data ?? null
}
