import { sql } from 'drizzle-orm'
import { answer } from '../../core/idempotency.ts'
import { named, type Statement } from '../../core/named.ts'

/** So many quarters in one portion of the job. */
const quarters = 200
/** So many values of a dimension are kept for one quarter; the others are one value. */
const mostValues = 1_000

/**
 * Counts the quarters of campaigns that changed, by each dimension. A quarter is counted anew from its clicks, so a fold
 * that runs twice, or that dies, does no harm; only values whose numbers changed are written. A price of the campaign counts
 * in the campaign's currency, and a share of the revenue in that of the conversion, as in the quarters (convert.ts).
 * A click and its conversions are entries, and only then has each a row for each dimension. Values are ranked only where a
 * quarter has so many clicks that it may have too many values.
 * `offset 0` keeps the planner from comparing each click with each quarter: it does not know how short a quarter is.
 * Race: a consumer stores a click of a quarter that is being folded. Its row of clicks.unfolded is not in this snapshot,
 * and neither is its click: the row stays, and the next fold counts the quarter again.
 */
export function foldDimensions(): Statement {
  return named('clicks.fold-dimensions')`
with wanted as materialized (
  select campaign_id, quarter, core.first_id(quarter) as first_id,
    core.first_id(quarter + interval '15 minutes') as next_id
  from clicks.unfolded
  group by campaign_id, quarter
  order by min(id)
  limit ${quarters}
),
taken as (
  delete from clicks.unfolded u
  using wanted w
  where (u.campaign_id, u.quarter) = (w.campaign_id, w.quarter)
  returning 1
),
inside as materialized (
  select w.campaign_id, w.quarter, c.id, c.kind, c.is_unique, c.validity, c.is_bot,
    array_replace(
      array[c.sub1, c.sub2, c.sub3, c.sub4, c.sub5, c.country, c.device, c.os, c.browser,
        substring(c.referrer from '^https?://([^/:]+)')],
      null, ''
    ) as texts,
    v.config ->> 'currency' as currency, v.config ->> 'costModel' as cost_model,
    (v.config ->> 'costMinor')::bigint as cost_minor, (v.config ->> 'costPercent')::numeric as cost_percent,
    count(*) over (partition by w.campaign_id, w.quarter) as together
  from wanted w
  cross join lateral (
    select * from clicks.clicks c
    where c.campaign_id = w.campaign_id and c.id >= w.first_id and c.id < w.next_id
    offset 0
  ) c
  join clicks.campaign_versions v on v.campaign_id = c.campaign_id and v.version = c.config_version
),
dimensions (dimension, place) as materialized (
  values ('sub1', 1), ('sub2', 2), ('sub3', 3), ('sub4', 4), ('sub5', 5), ('country', 6), ('device', 7), ('os', 8),
    ('browser', 9), ('referrer', 10)
),
ranked as (
  select i.campaign_id, i.quarter, d.dimension, i.texts[d.place] as value,
    row_number() over (partition by i.campaign_id, i.quarter, d.dimension order by count(*) desc, i.texts[d.place]) as place
  from inside i
  cross join dimensions d
  where i.together > ${mostValues}
  group by i.campaign_id, i.quarter, d.dimension, i.texts[d.place]
),
others as materialized (
  select * from ranked where place > ${mostValues}
),
entries as (
  select campaign_id, quarter, texts, currency, kind, is_unique, validity, is_bot,
    case when kind = 'click' and cost_model in ('cpc', 'cpm')
      then cost_minor * case cost_model when 'cpc' then 1000 else 1 end
      else 0 end as cost_milli,
    null as status, 0::bigint as revenue_minor, 0::bigint as conversion_cost_milli
  from inside
  union all
  select i.campaign_id, i.quarter, i.texts, v.currency, null, null, null, null, 0, v.status,
    case when v.status = 'approved' then v.payout_minor end,
    case when v.status = 'approved' and i.cost_model = 'revshare'
      then round(v.payout_minor * i.cost_percent * 10)::bigint end
  from inside i
  join clicks.conversions v on v.click_id = i.id
  union all
  select i.campaign_id, i.quarter, i.texts, i.currency, null, null, null, null, 0, null, 0, i.cost_minor * 1000
  from inside i
  join clicks.conversions v on v.click_id = i.id
  where v.status = 'approved'
    and i.cost_model = 'cpa'
),
named as (
  select e.*, d.dimension, case when o.place is null then e.texts[d.place] else '(other)' end as shown
  from entries e
  cross join dimensions d
  left join others o on (o.campaign_id, o.quarter, o.dimension, o.value)
    = (e.campaign_id, e.quarter, d.dimension, e.texts[d.place])
),
counted as materialized (
  select campaign_id, quarter, dimension, shown, currency,
    count(*) filter (where kind = 'click') as clicks,
    count(*) filter (where kind = 'click' and is_unique) as uniques,
    count(*) filter (where kind = 'click' and is_unique is null) as unkeyed,
    count(*) filter (where kind = 'click' and validity = 'valid') as valid,
    count(*) filter (where kind = 'click' and is_bot) as bots,
    count(*) filter (where kind = 'click' and validity = 'general') as invalid_general,
    count(*) filter (where kind = 'click' and validity = 'sophisticated') as invalid_sophisticated,
    count(*) filter (where kind = 'preview') as previews,
    count(*) filter (where kind = 'fallback') as fallbacks,
    sum(cost_milli) as cost_milli,
    count(status) as conversions,
    count(*) filter (where status = 'pending') as pending,
    count(*) filter (where status = 'approved') as approved,
    count(*) filter (where status = 'rejected') as rejected,
    count(*) filter (where status = 'reversed') as reversed,
    coalesce(sum(revenue_minor), 0) as revenue_minor,
    coalesce(sum(conversion_cost_milli), 0) as conversion_cost_milli
  from named
  group by campaign_id, quarter, dimension, shown, currency
),
emptied as (
  delete from clicks.campaign_dimensions d
  using wanted w
  where (d.campaign_id, d.quarter) = (w.campaign_id, w.quarter)
    and not exists (
      select
      from counted c
      where (c.campaign_id, c.quarter, c.dimension, c.shown, c.currency)
        = (d.campaign_id, d.quarter, d.dimension, d.value, d.currency)
    )
  returning 1
),
written as (
  insert into clicks.campaign_dimensions as d (
    campaign_id, quarter, dimension, value, currency, clicks, uniques, unkeyed, valid, bots, invalid_general,
    invalid_sophisticated, previews, fallbacks, cost_milli, conversions, pending, approved, rejected, reversed,
    revenue_minor, conversion_cost_milli
  )
  select * from counted
  on conflict (campaign_id, quarter, dimension, value, currency) do update
  set clicks = excluded.clicks, uniques = excluded.uniques, unkeyed = excluded.unkeyed, valid = excluded.valid,
    bots = excluded.bots, invalid_general = excluded.invalid_general,
    invalid_sophisticated = excluded.invalid_sophisticated, previews = excluded.previews,
    fallbacks = excluded.fallbacks, cost_milli = excluded.cost_milli, conversions = excluded.conversions,
    pending = excluded.pending, approved = excluded.approved, rejected = excluded.rejected,
    reversed = excluded.reversed, revenue_minor = excluded.revenue_minor,
    conversion_cost_milli = excluded.conversion_cost_milli
  where (
    d.clicks, d.uniques, d.unkeyed, d.valid, d.bots, d.invalid_general, d.invalid_sophisticated, d.previews, d.fallbacks,
    d.cost_milli, d.conversions, d.pending, d.approved, d.rejected, d.reversed, d.revenue_minor, d.conversion_cost_milli
  ) is distinct from (
    excluded.clicks, excluded.uniques, excluded.unkeyed, excluded.valid, excluded.bots, excluded.invalid_general,
    excluded.invalid_sophisticated, excluded.previews, excluded.fallbacks, excluded.cost_milli, excluded.conversions,
    excluded.pending, excluded.approved, excluded.rejected, excluded.reversed, excluded.revenue_minor,
    excluded.conversion_cost_milli
  )
  returning 1
),
waiting as (
  select min(since) as since
  from clicks.unfolded u
  where not exists (select from wanted w where (w.campaign_id, w.quarter) = (u.campaign_id, u.quarter))
),
dated as (
  insert into clicks.folds (name, as_of)
  select 'dimensions', coalesce(since, now()) from waiting
  on conflict (name) do update set as_of = excluded.as_of
  returning 1
),
done as (
  select (select count(*) from wanted) as rows, since is not null as more,
    (select count(*) from taken) + (select count(*) from emptied) + (select count(*) from written)
      + (select count(*) from dated) as changed
  from waiting
)
select ${answer(sql`jsonb_build_object(
  'rows', rows, 'more', more, 'outcome', case when rows = 0 then 'skipped' else 'ok' end
)`)}
from done`
}
