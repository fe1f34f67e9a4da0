import { type SQL, sql } from 'drizzle-orm'
import { named, type Statement } from '../../core/named.ts'
import { type Group, isDimension, type StatsQuery, type StatsRow } from './contract.ts'

/** Rows of one answer. A report with more is refused, because without some of its rows its sums would be wrong. */
export const mostRows = 10_000
/** Values of a dimension with the most clicks. The others are one row together, as they are in a quarter hour. */
const mostValues = 2_000

/** The sums of a campaign's roll-ups, and no row without such a campaign. No click is read. */
export function statsStatement(campaignId: number, query: StatsQuery): Statement {
  const { from, to, tz, basis, groupBy } = query
  const end = to === undefined ? sql`now()` : momentOf(to, tz)
  const begin = from === undefined ? sql`${end} - interval '30 days'` : momentOf(from, tz)
  const counted = sql`
  from ${isDimension(groupBy) ? sql`clicks.campaign_dimensions` : sql`clicks.campaign_stats`} q
  where q.campaign_id = ${campaignId}
    and q.quarter >= date_bin('15 minutes', ${begin}, timestamptz '2000-01-01 00:00:00+00')
    and q.quarter < ${end}
    ${isDimension(groupBy) ? sql`and q.dimension = ${groupBy}` : sql``}`
  const kept = sql`kept as materialized (
  select q.value ${counted}
  group by q.value
  order by sum(q.clicks) desc, q.value
  limit ${mostValues}
),`
  return named('clicks.stats')`
with ${isDimension(groupBy) ? kept : sql``}
sums as (
  select ${keyOf(groupBy, tz)} as key, q.currency, ${counters(basis, groupBy)} ${counted}
  group by 1, 2
),
shown as (
  select s.*, ${nameOf(groupBy)} as shown
  from sums s
  order by ${isTime(groupBy) ? sql`key` : sql`clicks desc, key`}, currency
  limit ${mostRows + 1}
)
select c.owner,
  ${isDimension(groupBy) ? sql`(select core.iso(f.as_of) from clicks.folds f where f.name = 'dimensions')` : sql`core.iso(now())`}
    as "asOf",
  (select count(*) > ${mostRows} from shown) as "tooMany",
  coalesce((
    select jsonb_agg(shown || jsonb_build_object(
      'currency', currency, 'clicks', clicks, 'unique', uniques, 'unkeyed', unkeyed, 'valid', valid, 'bots', bots,
      'invalidGeneral', invalid_general, 'invalidSophisticated', invalid_sophisticated, 'previews', previews,
      'fallbacks', fallbacks, 'conversions', conversions, 'pending', pending, 'approved', approved,
      'rejected', rejected, 'reversed', reversed, 'revenueMinor', revenue_minor, 'costMinor', cost_minor,
      'profitMinor', revenue_minor - cost_minor, 'cr', round(conversions / nullif(clicks, 0), 6),
      'epcMinor', round(revenue_minor / nullif(clicks, 0), 4),
      'roi', round((revenue_minor - cost_minor) / nullif(cost_minor, 0), 4)
    ) order by ${isTime(groupBy) ? sql`key` : sql`clicks desc, key`}, currency)
    from shown
    where (select count(*) <= ${mostRows} from shown)
  ), '[]') as data
from clicks.campaigns c
where c.id = ${campaignId}
  -- Without a quarter nothing else would refuse an unknown zone.
  and (now() at time zone ${tz}) is not null`
}

export type ReadStats = { owner: string; asOf: string | null; tooMany: boolean; data: StatsRow[] }

/** A day begins at midnight of the zone. */
function momentOf(text: string, tz: string): SQL {
  return text.includes('T') ? sql`${text}::timestamptz` : sql`(${text}::timestamp at time zone ${tz})`
}

const isTime = (group: Group | undefined) => group === 'day' || group === 'hour'

/** An hour is named by the moment at which it begins, because the clocks of a zone show one hour a year twice. */
function keyOf(group: Group | undefined, tz: string): SQL {
  const local = sql`(q.quarter at time zone ${tz}::text)`
  if (group === undefined) return sql`''`
  if (group === 'day') return sql`to_char(${local}, 'YYYY-MM-DD')`
  if (group === 'hour') return sql`core.iso(q.quarter - (${local} - date_trunc('hour', ${local})))`
  if (group === 'source') return sql`q.traffic_source_id`
  if (group === 'offer') return sql`q.campaign_offer_id`
  if (group === 'landing') return sql`q.landing_page_id`
  return sql`case when q.value in (select value from kept) then q.value else '(other)' end`
}

function nameOf(group: Group | undefined): SQL {
  if (group === undefined) return sql`'{}'::jsonb`
  if (isTime(group)) return sql`jsonb_build_object(${group}::text, s.key)`
  if (isDimension(group)) return sql`jsonb_build_object(${group}::text, nullif(s.key, ''))`
  const names = {
    source: sql`(select t.slug from clicks.traffic_sources t where t.id = s.key)`,
    offer: sql`(select t.name from clicks.campaign_offers t where t.id = s.key)`,
    landing: sql`(select t.name from clicks.landing_pages t where t.id = s.key)`,
  }
  const name = group === 'source' || group === 'offer' || group === 'landing' ? names[group] : sql`null`
  return sql`jsonb_build_object(${group}::text, ${name}, ${`${group}Id`}::text, nullif(s.key, 0))`
}

function counters(basis: StatsQuery['basis'], group: Group | undefined): SQL {
  const own = basis === 'conversion' && !isDimension(group) ? 'own_' : ''
  const plain = [
    'clicks',
    'uniques',
    'unkeyed',
    'valid',
    'bots',
    'invalid_general',
    'invalid_sophisticated',
    'previews',
    'fallbacks',
  ]
  const converted = ['conversions', 'pending', 'approved', 'rejected', 'reversed', 'revenue_minor']
  return sql.raw(
    [
      ...plain.map((one) => `sum(q.${one}) as ${one}`),
      ...converted.map((one) => `sum(q.${own}${one}) as ${one}`),
      `round(sum(q.cost_milli + q.${own}conversion_cost_milli) / 1000.0) as cost_minor`,
    ].join(', '),
  )
}
