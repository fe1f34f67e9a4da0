import { type SQL, sql } from 'drizzle-orm'
import { applyRules } from '../rules/apply.ts'
import { rulesInForce } from '../rules/in-force.ts'
import { parkedHours } from './match-events.ts'

/**
 * The row's part of the statement that stores a batch: it finds out what the visitors did before, decides about the
 * clicks, stores them, and counts those that it stored.
 * Race: two consumers have clicks of one visitor. The second waits for the visitor's row, and `old` is then the row that
 * the first one left, so of two clicks one is unique. All rows are locked in the order of their keys: visitors, then
 * quarters, then counts.
 * Anybody can call the link of an event with any id, so an event is stored only for a click of the link's campaign. Its
 * click may come in a later message: then it is parked, if the id is of the last day (match-events.ts).
 * Postgres expects that one row of two hundred equals a constant, and of a hundred clicks it then expects none and joins in
 * nested loops. So the kinds are excluded instead. Facts are materialized, or each rule would build them anew.
 */
export function storeClicks(): SQL {
  return sql`
parsed as materialized (
  select a.source as isolate, a.n, row_number() over () as item, e.*
  from arrived a
  cross join lateral jsonb_to_recordset(a.items) as e (
    kind text, id uuid, campaign bigint, version int, page bigint, offer bigint, source bigint, key text, prefix cidr,
    agent text, bot text, referrer text, country text, asn bigint, device text, os text, browser text, asked jsonb,
    currency text, "costMilli" bigint, sub1 text, sub2 text, sub3 text, sub4 text, sub5 text, "clickIdParam" text,
    "affiliateSub" text, "affiliateSub2" text, click uuid, type text, data jsonb
  )
),
wanted as materialized (
  select distinct on (p.id) p.*, uuid_extract_timestamp(p.id) as at,
    (uuid_extract_timestamp(p.id) at time zone 'UTC')::date as day,
    (uuid_extract_timestamp(p.id) at time zone c.timezone)::date as local_day
  from parsed p
  join clicks.campaigns c on c.id = p.campaign
  where p.kind <> 'event'
  order by p.id, p.item
),
seen as (
  insert into clicks.visitors as v (campaign_id, visitor_key, day, clicks, last_at)
  select campaign, key, day, count(*), max(at)
  from wanted
  where kind not in ('preview', 'fallback')
    and key is not null
  group by campaign, key, day
  order by campaign, key, day
  on conflict (campaign_id, visitor_key, day) do update
  set clicks = v.clicks + excluded.clicks, last_at = greatest(v.last_at, excluded.last_at)
  returning v.campaign_id, v.visitor_key, v.day, old.clicks as clicks_before, old.last_at as last_before
),
placed as (
  select w.*, h.name as hosting,
    case when s.visitor_key is not null then coalesce(s.clicks_before, 0) + row_number() over visitor end as clicks_today,
    case when s.visitor_key is not null then w.at - coalesce(lag(w.at) over visitor, s.last_before) end as since_previous
  from wanted w
  left join seen s on w.kind not in ('preview', 'fallback') and (s.campaign_id, s.visitor_key, s.day) = (w.campaign, w.key, w.day)
  left join clicks.hosting_networks h on h.asn = w.asn
  window visitor as (partition by w.kind, w.campaign, w.key, w.day order by w.id)
),
facts as materialized (
  select p.*, jsonb_strip_nulls(jsonb_build_object(
    'bot', p.bot is not null, 'noAgent', p.agent is null, 'hosting', p.hosting is not null,
    'clicksToday', p.clicks_today, 'secondsSincePrevious', round(abs(extract(epoch from p.since_previous)), 3),
    'referrerHost', substring(p.referrer from '^https?://([^/:]+)'), 'country', p.country, 'asn', p.asn,
    'device', p.device, 'os', p.os, 'browser', p.browser
  )) as facts
  from placed p
),
in_force as materialized (${rulesInForce()}),
judged as materialized (
  select f.*, d.*
  from facts f
  cross join lateral (${applyRules({ rules: 'in_force', facts: sql`f.facts` })}) d
),
stored as (
  insert into clicks.clicks (
    id, campaign_id, kind, config_version, landing_page_id, campaign_offer_id, traffic_source_id, ip_hash, ip_prefix,
    user_agent, referrer, sub1, sub2, sub3, sub4, sub5, click_id_param, affiliate_sub, affiliate_sub2, country, asn,
    device, os, browser, asked, is_bot, bot, hosting, is_unique, is_valid, validity, rule_set_id, reasons, facts
  )
  select id, campaign, kind, version, page, offer, source, key, prefix, agent, referrer, sub1, sub2, sub3, sub4, sub5,
    "clickIdParam", "affiliateSub", "affiliateSub2", country, asn, device, os, browser, asked,
    bot is not null or agent is null, bot, hosting, clicks_today = 1, validity = 'valid', validity, rule_set_id, reasons,
    facts
  from judged
  order by id
  on conflict (id) do nothing
  returning id
),
kept as materialized (
  select j.*, date_bin('15 minutes', j.at, timestamptz '2000-01-01 00:00:00+00') as quarter
  from judged j
  join stored using (id)
),
quarters as (
  insert into clicks.campaign_stats as q (
    campaign_id, quarter, landing_page_id, campaign_offer_id, traffic_source_id, currency, clicks, uniques, unkeyed,
    valid, bots, invalid_general, invalid_sophisticated, previews, fallbacks, cost_milli
  )
  select campaign, quarter, coalesce(page, 0), coalesce(offer, 0), coalesce(source, 0), currency,
    count(*) filter (where kind = 'click'),
    count(*) filter (where kind = 'click' and clicks_today = 1),
    count(*) filter (where kind = 'click' and key is null),
    count(*) filter (where kind = 'click' and validity = 'valid'),
    count(*) filter (where kind = 'click' and (bot is not null or agent is null)),
    count(*) filter (where kind = 'click' and validity = 'general'),
    count(*) filter (where kind = 'click' and validity = 'sophisticated'),
    count(*) filter (where kind = 'preview'),
    count(*) filter (where kind = 'fallback'),
    coalesce(sum("costMilli"), 0)
  from kept
  group by campaign, quarter, coalesce(page, 0), coalesce(offer, 0), coalesce(source, 0), currency
  order by campaign, quarter, coalesce(page, 0), coalesce(offer, 0), coalesce(source, 0), currency
  on conflict (campaign_id, quarter, landing_page_id, campaign_offer_id, traffic_source_id, currency) do update
  set clicks = q.clicks + excluded.clicks, uniques = q.uniques + excluded.uniques,
    unkeyed = q.unkeyed + excluded.unkeyed, valid = q.valid + excluded.valid, bots = q.bots + excluded.bots,
    invalid_general = q.invalid_general + excluded.invalid_general,
    invalid_sophisticated = q.invalid_sophisticated + excluded.invalid_sophisticated,
    previews = q.previews + excluded.previews, fallbacks = q.fallbacks + excluded.fallbacks,
    cost_milli = q.cost_milli + excluded.cost_milli
  returning 1
),
capped as (
  insert into clicks.campaign_counts as n (campaign_id, total, day, today)
  select campaign, sum(clicks), max(local_day), sum(clicks) filter (where local_day = newest)
  from (
    select campaign, local_day, count(*) as clicks, max(local_day) over (partition by campaign) as newest
    from kept
    where kind = 'click'
    group by campaign, local_day
  ) days
  cross join (select count(*) from quarters) locked_before
  group by campaign
  order by campaign
  on conflict (campaign_id) do update
  set total = n.total + excluded.total, day = greatest(n.day, excluded.day),
    today = case when n.day = excluded.day then n.today + excluded.today when n.day > excluded.day then n.today
      else excluded.today end
  returning 1
),
to_fold as (
  insert into clicks.unfolded (campaign_id, quarter)
  select distinct campaign, quarter from kept
),
announced as materialized (
  select distinct on (p.id) p.id, p.click, p.campaign, p.type, p.data,
    case
      when k.campaign = coalesce(p.campaign, k.campaign) then 'stored'
      when k.campaign is null and uuid_extract_timestamp(p.click) > now() - make_interval(hours => ${parkedHours}) then 'parked'
      else 'rejected'
    end as fate
  from parsed p
  left join wanted w on w.id = p.click
  left join lateral (
    select coalesce(w.campaign, (select c.campaign_id from clicks.clicks c where c.id = p.click)) as campaign
    offset 0
  ) k on true
  where p.kind = 'event'
  order by p.id
),
happened as (
  insert into clicks.events (id, click_id, event_type, event_data, created_at)
  select id, click, type, data, uuid_extract_timestamp(id)
  from announced
  where fate = 'stored'
  order by id
  on conflict (id) do nothing
  returning id
),
parked as (
  insert into clicks.parked_events (id, click_id, campaign_id, event_type, event_data)
  select id, click, campaign, type, data
  from announced
  where fate = 'parked'
  order by id
  on conflict (id) do nothing
  returning id
),
done as (
  select item from wanted join stored using (id)
  union all
  select min(item) from parsed join (select id from happened union all select id from parked) e using (id) group by id
),
outcome as (
  select p.isolate as source, p.n,
    count(d.item) as stored,
    count(*) filter (where d.item is null and is_known) as duplicate,
    count(*) filter (where not is_known) as rejected
  from (
    select p.isolate, p.n, p.item,
      case when p.kind = 'event' then e.fate <> 'rejected' else c.id is not null end as is_known
    from parsed p
    left join clicks.campaigns c on c.id = p.campaign
    left join announced e on e.id = p.id
  ) p
  left join done d using (item)
  cross join (select count(*) from capped) locked_before
  group by p.isolate, p.n
)`
}
