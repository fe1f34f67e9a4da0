import { type SQL, sql } from 'drizzle-orm'
import { answer } from '../../core/idempotency.ts'
import { named, type Statement } from '../../core/named.ts'
import { applyRules } from './apply.ts'

/** So many clicks in one portion of the job. */
const portion = 5_000

/**
 * Decides anew about the next clicks of the running replay, from the facts that each click keeps. A replay counts which
 * clicks would turn, and what they earned. A rejudge also writes the decision and corrects the quarters.
 * Race: a conversion adds a fact to a click, and decides about it, at the same moment. A rejudge decides about
 * the rows that its lock returns, so it sees what the conversion wrote; a conversion that comes later sees the new set.
 */
export function runReplays(): Statement {
  return named('clicks.run-replays')`
with running as materialized (
  select * from clicks.replays where state = 'running' order by id limit 1 for update
),
given as materialized (
  select u.rule_set_id, r.name, r.fact, r.op, r.value, r.weight, r.class
  from running u
  left join clicks.rules r on r.rule_set_id = u.rule_set_id
),
next as materialized (
  select k.*
  from running u
  cross join lateral (
    select k.id, k.kind
    from clicks.clicks k
    where k.id >= core.first_id(u.from_at)
      and k.id < core.first_id(u.to_at)
      and k.id > coalesce(u.position, '00000000-0000-0000-0000-000000000000'::uuid)
    order by k.id
    limit ${portion}
  ) k
),
locked as materialized (
  select k.*
  from clicks.clicks k
  join next n using (id)
  where (select kind from running) = 'rejudge'
  order by k.id
  for update of k
),
-- Locked rows are the newest ones; the table still shows this statement those of its beginning.
current as (
  select * from locked
  union all
  select k.*
  from next n
  join clicks.clicks k using (id)
  where (select kind from running) <> 'rejudge'
),
judged as materialized (
  select k.id, k.campaign_id, k.landing_page_id, k.campaign_offer_id, k.traffic_source_id, k.config_version,
    k.created_at, k.validity as before, k.reasons as reasons_before, d.rule_set_id, d.reasons, d.validity
  from current k
  cross join lateral (${applyRules({ rules: 'given', facts: sql`k.facts` })}) d
  where k.kind = 'click'
),
turned as materialized (
  select * from judged where validity <> before
),
rewritten as (
  update clicks.clicks k
  set validity = j.validity, is_valid = j.validity = 'valid', reasons = j.reasons, rule_set_id = j.rule_set_id,
    updated_at = now()
  from judged j
  where k.id = j.id
    and (select kind from running) = 'rejudge'
    and (k.validity, k.reasons, k.rule_set_id) is distinct from (j.validity, j.reasons, j.rule_set_id)
  returning 1
),
quarters as (
  insert into clicks.campaign_stats as q (
    campaign_id, quarter, landing_page_id, campaign_offer_id, traffic_source_id, currency, valid, invalid_general,
    invalid_sophisticated
  )
  select t.campaign_id, ${quarterOf(sql`t.created_at`)} as quarter, coalesce(t.landing_page_id, 0) as page,
    coalesce(t.campaign_offer_id, 0) as offer, coalesce(t.traffic_source_id, 0) as source, v.config ->> 'currency' as currency,
    sum((t.validity = 'valid')::int - (t.before = 'valid')::int),
    sum((t.validity = 'general')::int - (t.before = 'general')::int),
    sum((t.validity = 'sophisticated')::int - (t.before = 'sophisticated')::int)
  from turned t
  join clicks.campaign_versions v on v.campaign_id = t.campaign_id and v.version = t.config_version
  where (select kind from running) = 'rejudge'
  group by 1, 2, 3, 4, 5, 6
  order by 1, 2, 3, 4, 5, 6
  on conflict (campaign_id, quarter, landing_page_id, campaign_offer_id, traffic_source_id, currency) do update
  set valid = q.valid + excluded.valid, invalid_general = q.invalid_general + excluded.invalid_general,
    invalid_sophisticated = q.invalid_sophisticated + excluded.invalid_sophisticated
  returning 1
),
to_fold as (
  insert into clicks.unfolded (campaign_id, quarter)
  select distinct campaign_id, ${quarterOf(sql`created_at`)}
  from turned
  where (select kind from running) = 'rejudge'
  returning 1
),
earned as materialized (
  select t.id, v.currency, sum(v.payout_minor) as minor
  from turned t
  join clicks.conversions v on v.click_id = t.id and v.status = 'approved'
  group by t.id, v.currency
),
ruled as (
  select t.id, rule
  from turned t
  cross join lateral unnest(case when t.validity = 'valid' then t.reasons_before else t.reasons end) rule
),
counters as (
  select case when validity = 'valid' then 'validated' when before = 'valid' then 'invalidated' else 'reclassified' end
    as key, 1 as value
  from turned
  union all
  select 'rule ' || rule, 1 from ruled
  union all
  select 'rule ' || rule || ' ' || e.currency, e.minor from ruled join earned e using (id)
  union all
  select 'source ' || coalesce(traffic_source_id, 0), 1 from turned
  union all
  select 'source ' || coalesce(traffic_source_id, 0) || ' ' || e.currency, e.minor from turned join earned e using (id)
  union all
  select key, value::bigint
  from running u
  cross join lateral jsonb_each_text(coalesce(u.result -> 'counters', '{}')) old (key, value)
),
summed as (
  select coalesce(jsonb_object_agg(key, total), '{}') as counters
  from (select key, sum(value) as total from counters group by key) keys
),
examples as (
  select coalesce(jsonb_agg(jsonb_build_object(
    'id', id, 'before', before, 'after', validity, 'reasons', reasons
  ) order by id), '[]') as examples
  from (
    select *
    from turned
    order by id
    limit (select greatest(0, 20 - jsonb_array_length(coalesce(result -> 'examples', '[]'))) from running)
  ) first_ones
),
moved as (
  update clicks.replays r
  set position = coalesce((select max(id::text)::uuid from next), r.position),
    judged = r.judged + (select count(*) from judged),
    changed = r.changed + (select count(*) from turned),
    result = jsonb_build_object(
      'counters', s.counters, 'examples', coalesce(r.result -> 'examples', '[]') || e.examples
    ),
    state = case when last.is_last then 'done' else r.state end,
    finished_at = case when last.is_last then now() end
  from running u
  cross join summed s
  cross join examples e
  cross join (select count(*) < ${portion} as is_last from next) last
  where r.id = u.id
  returning r.state
),
done as (
  select (select count(*) from judged) as rows, coalesce((select state = 'running' from moved), false) as more,
    (select count(*) from rewritten) as rewritten
)
select ${answer(sql`jsonb_build_object(
  'rows', rows, 'more', more, 'rewritten', rewritten,
  'outcome', case when not exists (select from running) then 'skipped' else 'ok' end
)`)}
from done`
}

function quarterOf(at: SQL): SQL {
  return sql`date_bin('15 minutes', ${at}, timestamptz '2000-01-01 00:00:00+00')`
}
