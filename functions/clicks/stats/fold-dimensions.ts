import { sql } from 'drizzle-orm'
import { answer } from '../../core/idempotency.ts'
import { named, type Statement } from '../../core/named.ts'

/** So many quarters in one portion of the job. */
const quarters = 200
/** So many values of a dimension are kept for one quarter; the others are one value. */
const mostValues = 1_000

/**
 * Counts the quarters of campaigns that changed, by each dimension. A quarter is counted anew from its clicks, so a fold
 * that runs twice, or that dies, does no harm; only values whose numbers changed are written. A price of the campaign counts in the campaign's currency, and a share of the
 * revenue in that of the conversion, as in the quarters (convert.ts).
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
  select w.campaign_id, w.quarter, c.id, c.kind, c.is_unique, c.validity, c.is_bot, d.dimension,
    coalesce(d.value, '') as value, v.config ->> 'currency' as currency,
    v.config ->> 'costModel' as cost_model, (v.config ->> 'costMinor')::bigint as cost_minor,
    (v.config ->> 'costPercent')::numeric as cost_percent,
    case when c.kind = 'click' and v.config ->> 'costModel' in ('cpc', 'cpm')
      then (v.config ->> 'costMinor')::bigint * case v.config ->> 'costModel' when 'cpc' then 1000 else 1 end
      else 0 end as cost_milli
  from wanted w
  cross join lateral (
    select * from clicks.clicks c
    where c.campaign_id = w.campaign_id and c.id >= w.first_id and c.id < w.next_id
    offset 0
  ) c
  join clicks.campaign_versions v on v.campaign_id = c.campaign_id and v.version = c.config_version
  cross join lateral (
    values ('sub1', c.sub1), ('sub2', c.sub2), ('sub3', c.sub3), ('sub4', c.sub4), ('sub5', c.sub5),
      ('country', c.country), ('device', c.device), ('os', c.os), ('browser', c.browser),
      ('referrer', substring(c.referrer from '^https?://([^/:]+)'))
  ) d (dimension, value)
),
ranked as (
  select campaign_id, quarter, dimension, value,
    row_number() over (partition by campaign_id, quarter, dimension order by count(*) desc, value) as place
  from inside
  group by campaign_id, quarter, dimension, value
),
named as materialized (
  select i.*, case when r.place <= ${mostValues} then i.value else '(other)' end as shown
  from inside i
  join ranked r using (campaign_id, quarter, dimension, value)
),
parts as (
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
    0 as conversions, 0 as pending, 0 as approved, 0 as rejected, 0 as reversed, 0 as revenue_minor,
    0 as conversion_cost_milli
  from named
  group by campaign_id, quarter, dimension, shown, currency
  union all
  select n.campaign_id, n.quarter, n.dimension, n.shown, v.currency, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    count(*),
    count(*) filter (where v.status = 'pending'),
    count(*) filter (where v.status = 'approved'),
    count(*) filter (where v.status = 'rejected'),
    count(*) filter (where v.status = 'reversed'),
    coalesce(sum(v.payout_minor) filter (where v.status = 'approved'), 0),
    coalesce(
      sum(round(v.payout_minor * n.cost_percent * 10)) filter (where v.status = 'approved' and n.cost_model = 'revshare'),
      0
    )
  from named n
  join clicks.conversions v on v.click_id = n.id
  group by n.campaign_id, n.quarter, n.dimension, n.shown, v.currency
  union all
  select n.campaign_id, n.quarter, n.dimension, n.shown, n.currency, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    sum(n.cost_minor * 1000)
  from named n
  join clicks.conversions v on v.click_id = n.id
  where v.status = 'approved'
    and n.cost_model = 'cpa'
  group by n.campaign_id, n.quarter, n.dimension, n.shown, n.currency
),
counted as materialized (
  select campaign_id, quarter, dimension, shown, currency, sum(clicks) as clicks, sum(uniques) as uniques,
    sum(unkeyed) as unkeyed, sum(valid) as valid, sum(bots) as bots, sum(invalid_general) as invalid_general,
    sum(invalid_sophisticated) as invalid_sophisticated, sum(previews) as previews, sum(fallbacks) as fallbacks,
    sum(cost_milli) as cost_milli, sum(conversions) as conversions, sum(pending) as pending, sum(approved) as approved,
    sum(rejected) as rejected, sum(reversed) as reversed, sum(revenue_minor) as revenue_minor,
    sum(conversion_cost_milli) as conversion_cost_milli
  from parts
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
