import { sql } from 'drizzle-orm'
import { answer } from '../../core/idempotency.ts'
import { named, type Statement } from '../../core/named.ts'

/** Zones whose mode has ended are automatic again. The trigger void_commands ends the commands of that mode. */
export function endModes(): Statement {
  return named('fleet.end-modes')`
with due as materialized (
  select id
  from fleet.zones
  where mode_until <= now()
  order by id
  limit 1000
  for update
),
changed as (
  update fleet.zones z
  set mode = 'auto', mode_until = null, epoch = z.epoch + 1, version = z.version + 1
  from due
  where z.id = due.id
  returning z.id, z.epoch
)
select ${answer(sql`jsonb_build_object(
  'rows', count(*), 'outcome', case when count(*) > 0 then 'ok' else 'skipped' end
)`)}
from changed`
}
