import { sql } from 'drizzle-orm'
import { answer } from '../../core/idempotency.ts'
import { named, type Statement } from '../../core/named.ts'
import { silentAfterSeconds } from '../rules.ts'

/** Nodes that were silent for ten minutes are degraded, and maintenance ends at its time. */
export function degradeNodes(): Statement {
  return named('fleet.degrade-nodes')`
with due as materialized (
  select n.id
  from fleet.nodes n
  where n.lifecycle = 'MAINTENANCE' and n.maintenance_until <= now()
    or n.lifecycle = 'ACTIVE' and n.last_seen_at < now() - make_interval(secs => ${silentAfterSeconds})
  order by n.id
  limit 5000
  for update skip locked
),
changed as (
  update fleet.nodes n
  set
    version = n.version + 1,
    maintenance_until = null,
    lifecycle = case
      when n.lifecycle = 'ACTIVE' then 'DEGRADED'
      when exists (select from fleet.zone_slots s where s.node_id = n.id) then 'ASSIGNED_TO_ZONE'
      else 'REGISTERED_BACKEND'
    end
  from due
  where n.id = due.id
  returning n.lifecycle
)
select ${answer(sql`jsonb_build_object(
  'rows', count(*),
  'degraded', count(*) filter (where lifecycle = 'DEGRADED'),
  'outcome', case when count(*) > 0 then 'ok' else 'skipped' end
)`)}
from changed`
}
