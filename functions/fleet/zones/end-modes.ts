import { type SQL, sql } from 'drizzle-orm'
import { answer } from '../../core/idempotency.ts'
import { voidCommands } from './void-commands.ts'

/** Zones whose mode has ended are automatic again. */
export function endModes(): SQL {
  return sql`
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
),${voidCommands('system')}
select ${answer(sql`jsonb_build_object(
  'rows', count(*), 'outcome', case when count(*) > 0 then 'ok' else 'skipped' end
)`)}
from changed`
}
