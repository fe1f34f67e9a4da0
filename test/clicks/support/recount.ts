import type pg from 'pg'

type Client = pg.ClientBase | pg.Pool

/** Quarters whose counters differ from a count of the stored clicks; empty when the roll-up is right. */
export async function wrongQuarters(client: Client): Promise<unknown[]> {
  const { rows } = await client.query(`
    with counted as (
      select campaign_id, date_bin('15 minutes', created_at, timestamptz '2000-01-01 00:00:00+00') as quarter,
        coalesce(landing_page_id, 0) as page, coalesce(campaign_offer_id, 0) as offer,
        coalesce(traffic_source_id, 0) as source,
        count(*) filter (where kind = 'click') as clicks,
        count(*) filter (where kind = 'click' and is_unique) as uniques,
        count(*) filter (where kind = 'click' and is_unique is null) as unkeyed,
        count(*) filter (where kind = 'click' and is_valid) as valid,
        count(*) filter (where kind = 'click' and is_bot) as bots,
        count(*) filter (where kind = 'click' and validity = 'general') as invalid_general,
        count(*) filter (where kind = 'click' and validity = 'sophisticated') as invalid_sophisticated,
        count(*) filter (where kind = 'preview') as previews,
        count(*) filter (where kind = 'fallback') as fallbacks
      from clicks.clicks
      group by 1, 2, 3, 4, 5
    ),
    kept as (
      select campaign_id, quarter, landing_page_id as page, campaign_offer_id as offer, traffic_source_id as source,
        sum(clicks)::bigint as clicks, sum(uniques)::bigint as uniques, sum(unkeyed)::bigint as unkeyed,
        sum(valid)::bigint as valid, sum(bots)::bigint as bots, sum(invalid_general)::bigint as invalid_general,
        sum(invalid_sophisticated)::bigint as invalid_sophisticated, sum(previews)::bigint as previews,
        sum(fallbacks)::bigint as fallbacks
      from clicks.campaign_stats
      group by 1, 2, 3, 4, 5
    )
    select 'only counted' as which, * from (table counted except table kept) missing
    union all
    select 'only kept', * from (table kept except table counted) wrong
    where clicks + previews + fallbacks <> 0`)
  return rows
}

/** Campaigns whose total differs from their clicks, and visitors whose number does. */
export async function wrongTotals(client: Client): Promise<unknown[]> {
  const { rows } = await client.query(`
    select 'total' as which, c.campaign_id::text, n.total as kept, count(*) as counted
    from clicks.clicks c
    join clicks.campaign_counts n using (campaign_id)
    where c.kind = 'click'
    group by c.campaign_id, n.total
    having n.total <> count(*)
    union all
    select 'visitor', v.visitor_key, v.clicks, count(c.id)
    from clicks.visitors v
    left join clicks.clicks c on c.kind = 'click' and c.ip_hash = v.visitor_key and c.campaign_id = v.campaign_id
      and (c.created_at at time zone 'UTC')::date = v.day
    group by v.campaign_id, v.visitor_key, v.day, v.clicks
    having v.clicks <> count(c.id)
    union all
    select 'unique', campaign_id || ' ' || ip_hash, 1, count(*) filter (where is_unique)
    from clicks.clicks
    where kind = 'click' and ip_hash is not null
    group by campaign_id, ip_hash, (created_at at time zone 'UTC')::date
    having count(*) filter (where is_unique) <> 1`)
  return rows
}

/** Differences between the folded dimensions and a count of the stored clicks; empty when the fold is right. */
export async function wrongDimensions(client: Client): Promise<unknown[]> {
  const { rows } = await client.query(`
    with counted as (
      select campaign_id, date_bin('15 minutes', created_at, timestamptz '2000-01-01 00:00:00+00') as quarter,
        d.dimension, coalesce(d.value, '') as value,
        count(*) filter (where kind = 'click') as clicks,
        count(*) filter (where kind = 'click' and is_valid) as valid,
        count(*) filter (where kind = 'preview') as previews
      from clicks.clicks c
      cross join lateral (values ('sub1', sub1), ('country', country), ('browser', browser)) d (dimension, value)
      group by 1, 2, 3, 4
    ),
    kept as (
      select campaign_id, quarter, dimension, value, clicks, valid, previews
      from clicks.campaign_dimensions
      where dimension in ('sub1', 'country', 'browser') and value <> '(other)'
    )
    select 'only counted' as which, * from (table counted except table kept) missing
    union all
    select 'only kept', * from (table kept except table counted) wrong`)
  return rows
}

/** Cost, conversions and revenue of each campaign and currency: those of the dimensions that differ from the quarters'. */
export async function wrongMoney(client: Client): Promise<unknown[]> {
  const sums = (table: string, where: string) => `
    select campaign_id, currency, sum(cost_milli)::bigint as cost, sum(conversion_cost_milli)::bigint as conversion_cost,
      sum(conversions)::bigint as conversions, sum(revenue_minor)::bigint as revenue
    from ${table}
    where ${where}
    group by 1, 2
    having sum(cost_milli) <> 0 or sum(conversion_cost_milli) <> 0 or sum(conversions) <> 0`
  const quarters = sums('clicks.campaign_stats', 'true')
  const dimensions = sums('clicks.campaign_dimensions', `dimension = 'country'`)
  const { rows } = await client.query(`
    select 'quarters' as which, * from (${quarters} except ${dimensions}) a
    union all
    select 'dimensions', * from (${dimensions} except ${quarters}) b`)
  return rows
}
