drop function dispatch.hot_claim_next_03895d9b(bigint,bigint,bigint,bigint,bigint,bigint,bigint,bigint,bigint,bigint,text,boolean,boolean,double precision,text,text,text,bigint,text,text,text,text,text);

drop function dispatch.hot_list_8d03e323(text,bigint,bigint,text,text,text,text,text);

drop function dispatch.hot_list_f52074a6(text,bigint,bigint,bigint,text,text,text,text,text);

drop function dispatch.hot_read_01469553(bigint,bigint,bigint,bigint,bigint,text,text,text,text,text,text,text,text);

drop function dispatch.hot_read_3581857e(bigint,bigint,bigint,bigint,text,text,text,text,text,text,text,text);

drop function dispatch.hot_read_6b750284(bigint,bigint,bigint,bigint,bigint,bigint,text,text,text,text,text,text,text,text);

drop function fleet.hot_store_aa379f00(jsonb,text,interval,interval,text,text,text,text,text,text,text);

comment on function clicks.hot_store_847e7d4b(jsonb,text,text,text,text,text,text,text,text) is 'Called by the last release only';

create function clicks.hot_store_fed0f498(jsonb, text, integer, text, text, text, text, text, text, text)
returns table ("messages" integer)
language plpgsql
set plan_cache_mode = force_generic_plan
as $hot$
#variable_conflict use_column
declare
  ignored record;
begin
  if $10 is not null then
    perform set_config('app.tenant_id', $10, true);
  end if;
  if $6 is not null then
    perform core.begin_idempotent($6, $7, $8, $9);
  end if;
  return query with messages as materialized (
  select distinct on (source, n) source, n, at, answered, items, shared
  from jsonb_to_recordset($1::jsonb)
    as m (source uuid, n int, at timestamptz, answered bigint, items jsonb, shared jsonb)
  order by source, n),
fresh as (
  insert into core.ingest_messages (stream, source, n, at, answered, items)
  select $2::text, source, n, at, answered, jsonb_array_length(items)
  from messages
  order by source, n
  on conflict do nothing
  returning source, n, at, answered, items, false as was_dead
),

arrived as materialized (
  select f.source, f.n, f.at, m.items, m.shared
  from fresh f
  join messages m using (source, n)
),

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
in_force as materialized (
  select s.id as rule_set_id, r.name, r.fact, r.op, r.value, r.weight, r.class
  from clicks.rule_sets s
  left join clicks.rules r on r.rule_set_id = s.id
  where s.state = 'active'),
judged as materialized (
  select f.*, d.*
  from facts f
  cross join lateral (
  select (select max(rule_set_id) from "in_force") as rule_set_id,
    coalesce(array_agg(rule.name order by rule.name collate "C"), '{}') as reasons,
    case
      when coalesce(sum(rule.weight), 0) < 100 then 'valid'
      when coalesce(sum(rule.weight) filter (where rule.class = 'G'), 0) >= 100 then 'general'
      else 'sophisticated'
    end as validity
  from "in_force" rule
  where clicks.rule_holds(f.facts -> rule.fact, rule.op, rule.value)) d
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
      when k.campaign is null and uuid_extract_timestamp(p.click) > now() - make_interval(hours => $3) then 'parked'
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
),
accounted as (select source, n, stored, duplicate, rejected, 0 as dead from outcome),

counted_sources as (
  insert into core.ingest_sources as s (stream, source, answered, items, messages, last_at)
  select $4::text, source, max(answered), sum(items), count(*), max(at)
  from fresh
  where not was_dead
  group by source
  order by source
  on conflict (stream, source) do update
  set answered = greatest(s.answered, excluded.answered), items = s.items + excluded.items,
    messages = s.messages + excluded.messages, last_at = greatest(s.last_at, excluded.last_at), received_at = now()
  returning 1
),
counted_minutes as (
  insert into core.ingest_minutes as m (stream, minute, items, stored, duplicate, rejected, dead)
  select $5::text, date_trunc('minute', f.at), coalesce(sum(f.items) filter (where not f.was_dead), 0),
    coalesce(sum(a.stored), 0), coalesce(sum(a.duplicate), 0), coalesce(sum(a.rejected), 0),
    coalesce(sum(a.dead), 0) - coalesce(sum(f.items) filter (where f.was_dead), 0)
  from fresh f
  left join accounted a using (source, n)
  cross join (select count(*) from counted_sources) locked_before
  group by 2
  order by 2
  on conflict (stream, minute) do update
  set items = m.items + excluded.items, stored = m.stored + excluded.stored,
    duplicate = m.duplicate + excluded.duplicate, rejected = m.rejected + excluded.rejected,
    dead = m.dead + excluded.dead
  returning 1
)
select count(*)::int as messages from fresh;
  if $6 is not null then
    perform core.assert_settled();
  end if;
end
$hot$;
