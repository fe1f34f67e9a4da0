import { sql } from 'drizzle-orm'
import { answer } from '../../core/idempotency.ts'
import { named, type Statement } from '../../core/named.ts'

/** The limit of each kind per portion, so that no transaction is long. */
const portion = 5_000

/**
 * Removes the accounting of minutes and of silent boots after 400 days, and ended commands and alerts as long after as the partitions of
 * decisions. The oldest ones have the smallest ids, so a portion reads no more of them than it may remove, and those that
 * have not ended.
 */
export function removeOld(): Statement {
  return named('fleet.remove-old')`
with minutes as (
  delete from fleet.telemetry_minutes
  where (tenant_id, minute) in (
    select t.tenant_id, m.minute
    -- Refused samples of nobody's nodes count for tenant 0.
    from (select tenant_id from fleet.greenhouses union select 0) t
    cross join lateral (
      select minute
      from fleet.telemetry_minutes
      where tenant_id = t.tenant_id
        and minute < now() - interval '400 days'
      order by minute
      limit ${portion}
    ) m
    limit ${portion}
  )
  returning 1
),
boots as (
  delete from fleet.node_boots
  where (node_id, boot_id) in (
    select node_id, boot_id
    from fleet.node_boots
    where first_at < now() - interval '400 days'
      and last_at < now() - interval '400 days'
    order by first_at
    limit ${portion}
  )
    -- Race: its node sends again at this moment.
    and last_at < now() - interval '400 days'
  returning 1
),
commands as (
  delete from fleet.commands
  where id in (
    select c.id
    from (
      select id, queued_at from fleet.commands where state not in ('QUEUED', 'SENT', 'ACK') order by id limit ${portion}
    ) c
    where c.queued_at < now() - interval '14 months'
  )
  returning 1
),
alerts as (
  delete from fleet.alerts
  where id in (
    select a.id
    from (select id, cleared_at from fleet.alerts where cleared_at is not null order by id limit ${portion}) a
    where a.cleared_at < now() - interval '14 months'
  )
  returning 1
),
counts as (
  select (select count(*) from minutes) as minutes, (select count(*) from boots) as boots, (select count(*) from commands) as commands,
    (select count(*) from alerts) as alerts
)
select ${answer(sql`jsonb_build_object(
  'rows', minutes + boots + commands + alerts, 'minutes', minutes, 'boots', boots, 'commands', commands, 'alerts', alerts,
  'more', greatest(minutes, boots, commands, alerts) = ${portion},
  'outcome', case when minutes + boots + commands + alerts = 0 then 'skipped' else 'ok' end
)`)}
from counts`
}
