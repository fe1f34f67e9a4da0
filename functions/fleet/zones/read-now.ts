import type { Ctx } from '../../core/context.ts'
import { named } from '../../core/named.ts'
import { replicaScope } from '../greenhouses/scope.ts'
import { showRegulator } from '../regulators/show.ts'
import { showTarget } from '../targets/show.ts'
import { showLatest } from '../telemetry/show.ts'
import type { ZoneNow } from './contract.ts'
import { showZone } from './show.ts'

const most = 100

/** All that a page of one zone begins with, in one statement; null for no such zone. */
export async function readZoneNow(ctx: Ctx, { id }: { id: number }): Promise<ZoneNow | null> {
  const [row] = await replicaScope(ctx).query<{ now: ZoneNow }>(named('fleet.read-zone-now')`
select jsonb_build_object(
  'zone', ${showZone('z')},
  'timezone', (select g.timezone from fleet.greenhouses g where g.id = z.greenhouse_id),
  'values', ${showLatest('z')},
  'targets', coalesce((
    select jsonb_agg(${showTarget('t')} order by t.id)
    from (select * from fleet.zone_targets where zone_id = z.id order by id limit ${most}) t
  ), '[]'),
  'regulators', coalesce((
    select jsonb_agg(${showRegulator('r')} order by r.id)
    from (select * from fleet.regulators where zone_id = z.id order by id limit ${most}) r
  ), '[]')
) as now
from fleet.zones z
where z.id = ${id}`)
  return row?.now ?? null
}
