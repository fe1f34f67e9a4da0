import { sql } from 'drizzle-orm'
import { answer } from './idempotency.ts'
import { named, type Statement } from './named.ts'

/** The limit of each kind per portion, so that no transaction is long. A run takes as many portions as there are. */
const batch = 10_000

/**
 * Removes idempotency keys after 24 hours, and slots and run records after 32 days. The oldest runs have the smallest ids, so a
 * portion reads no more runs than it may remove.
 */
export function removeExpired(): Statement {
  return named('core.remove-expired')`
with keys as (
  delete from core.idempotency_keys
  where id in (select id from core.idempotency_keys where created_at < now() - interval '24 hours' limit ${batch})
  returning 1
),
slots as (
  delete from core.job_slots
  where (job, slot) in (select job, slot from core.job_slots where slot < now() - interval '32 days' limit ${batch})
  returning 1
),
runs as (
  delete from core.job_runs
  where id in (
    select r.id
    from (select id, started_at, outcome from core.job_runs order by id limit ${batch}) r
    where r.started_at < now() - interval '32 days'
      and r.outcome <> 'running'
  )
  returning 1
),
counts as (
  select (select count(*) from keys) as keys, (select count(*) from slots) as slots, (select count(*) from runs) as runs
)
select ${answer(sql`jsonb_build_object('rows', keys + slots + runs, 'keys', keys, 'slots', slots, 'runs', runs,
  'more', greatest(keys, slots, runs) = ${batch})`)}
from counts`
}
