import { sql } from 'drizzle-orm'
import { answer } from '../../core/idempotency.ts'
import { named, type Statement } from '../../core/named.ts'

/** Removes stored answers of upstreams a week after they last arrived, and claims of pictures that are over. */
export function removeOldAnswers(): Statement {
  return named('space.remove-old-answers')`
with removed as (
  delete from space.upstream_answers
  where (upstream, request, body_hash) in (
    select upstream, request, body_hash
    from space.upstream_answers
    where received_at < now() - interval '7 days'
    order by received_at
    limit 5000
  )
  returning 1
),
claims as (
  delete from space.upstream_misses
  where failures = 0
    and retry_at < now() - interval '1 hour'
),
done as (
  select count(*) as answers_removed
  from removed
)
select ${answer(sql`jsonb_build_object(
  'rows', answers_removed,
  'outcome', case when answers_removed > 0 then 'ok' else 'skipped' end,
  'answersRemoved', answers_removed
)`)}
from done`
}
