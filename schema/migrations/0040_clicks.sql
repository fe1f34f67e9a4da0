create schema if not exists clicks;

create table clicks.campaign_counts (
  campaign_id bigint primary key,
  total bigint default 0 not null,
  day date not null,
  today bigint default 0 not null
);

create table clicks.campaign_dimensions (
  campaign_id bigint not null,
  quarter timestamptz not null,
  dimension text not null,
  value text not null,
  currency char(3) not null,
  clicks bigint default 0 not null,
  uniques bigint default 0 not null,
  unkeyed bigint default 0 not null,
  valid bigint default 0 not null,
  bots bigint default 0 not null,
  invalid_general bigint default 0 not null,
  invalid_sophisticated bigint default 0 not null,
  previews bigint default 0 not null,
  cost_milli bigint default 0 not null,
  fallbacks bigint default 0 not null,
  conversions bigint default 0 not null,
  pending bigint default 0 not null,
  approved bigint default 0 not null,
  rejected bigint default 0 not null,
  reversed bigint default 0 not null,
  revenue_minor bigint default 0 not null,
  conversion_cost_milli bigint default 0 not null,
  constraint campaign_dimensions_campaign_id_quarter_dimension_value_currency_pk primary key(campaign_id,quarter,dimension,value,currency),
  constraint campaign_dimensions_known check (clicks.campaign_dimensions.dimension in ('sub1', 'sub2', 'sub3', 'sub4', 'sub5', 'country', 'device', 'os', 'browser', 'referrer'))
);

create table clicks.campaign_offers (
  id bigint primary key generated always as identity,
  campaign_id bigint not null,
  name text not null,
  url text not null,
  weight integer default 1 not null,
  targets jsonb default '{}'::jsonb not null,
  status text default 'active' not null,
  created_at timestamptz default now() not null,
  updated_at timestamptz default now() not null,
  constraint campaign_offers_name_length check (char_length(name) between 1 and 200),
  constraint campaign_offers_url_shape check (url ~* '^https?://' and char_length(url) <= 2000),
  constraint campaign_offers_weight_range check (weight between 0 and 10000),
  constraint campaign_offers_status_known check (status in ('active', 'archived'))
);

create table clicks.campaign_stats (
  campaign_id bigint not null,
  quarter timestamptz not null,
  landing_page_id bigint default 0 not null,
  campaign_offer_id bigint default 0 not null,
  traffic_source_id bigint default 0 not null,
  currency char(3) not null,
  clicks bigint default 0 not null,
  uniques bigint default 0 not null,
  unkeyed bigint default 0 not null,
  valid bigint default 0 not null,
  bots bigint default 0 not null,
  invalid_general bigint default 0 not null,
  invalid_sophisticated bigint default 0 not null,
  previews bigint default 0 not null,
  cost_milli bigint default 0 not null,
  fallbacks bigint default 0 not null,
  conversions bigint default 0 not null,
  pending bigint default 0 not null,
  approved bigint default 0 not null,
  rejected bigint default 0 not null,
  reversed bigint default 0 not null,
  revenue_minor bigint default 0 not null,
  conversion_cost_milli bigint default 0 not null,
  own_conversions bigint default 0 not null,
  own_pending bigint default 0 not null,
  own_approved bigint default 0 not null,
  own_rejected bigint default 0 not null,
  own_reversed bigint default 0 not null,
  own_revenue_minor bigint default 0 not null,
  own_conversion_cost_milli bigint default 0 not null,
  constraint campaign_stats_campaign_id_quarter_landing_page_id_campaign_offer_id_traffic_source_id_currency_pk primary key(campaign_id,quarter,landing_page_id,campaign_offer_id,traffic_source_id,currency)
);

create table clicks.campaign_versions (
  campaign_id bigint not null,
  version integer not null,
  config jsonb not null,
  created_at timestamptz default now() not null,
  constraint campaign_versions_campaign_id_version_pk primary key(campaign_id,version)
);

create table clicks.campaigns (
  id bigint primary key generated always as identity,
  owner text not null,
  slug text not null,
  name text not null,
  status text default 'active' not null,
  starts_at timestamptz,
  ends_at timestamptz,
  timezone text default 'UTC' not null,
  fallback_url text,
  currency char(3) not null,
  payout_minor bigint default 0 not null,
  cost_model text,
  cost_minor bigint,
  cost_percent numeric(5, 2),
  cap_day integer,
  cap_total integer,
  referrer_policy text default 'strict-origin-when-cross-origin' not null,
  pass_query boolean default false not null,
  durable boolean default false not null,
  traffic_source_id bigint,
  version integer default 1 not null,
  created_at timestamptz default now() not null,
  updated_at timestamptz default now() not null,
  constraint campaigns_owner_shape check (owner = 'admin' or owner ~ '^partner:[!-~]{1,128}$'),
  constraint campaigns_slug_shape check (slug ~* '^[a-z0-9-]{1,64}$'),
  constraint campaigns_name_length check (char_length(name) between 1 and 200),
  constraint campaigns_status_known check (clicks.campaigns.status in ('active', 'paused', 'archived')),
  constraint campaigns_ends_after_start check (ends_at > starts_at),
  constraint campaigns_timezone_known check ((timestamptz '2000-01-01 00:00:00+00' at time zone timezone) is not null),
  constraint campaigns_fallback_shape check (fallback_url ~* '^https?://' and char_length(fallback_url) <= 2000),
  constraint campaigns_currency_iso check (currency ~ '^[A-Z]{3}$'),
  constraint campaigns_payout_range check (payout_minor between 0 and 9007199254740991),
  constraint campaigns_cost_model_known check (clicks.campaigns.cost_model in ('cpc', 'cpm', 'cpa', 'revshare')),
  constraint campaigns_cost_with_model check ((cost_minor is not null) = (cost_model is not null and cost_model <> 'revshare')
        and (cost_percent is not null) = (cost_model is not distinct from 'revshare')),
  constraint campaigns_cost_range check (cost_minor between 0 and 9007199254740 and cost_percent between 0 and 100),
  constraint campaigns_caps_positive check (cap_day >= 1 and cap_total >= 1),
  constraint campaigns_referrer_policy_known check (clicks.campaigns.referrer_policy in ('no-referrer', 'origin', 'strict-origin', 'strict-origin-when-cross-origin', 'no-referrer-when-downgrade', 'unsafe-url')),
  constraint campaigns_version_positive check (version >= 1)
);

create table clicks.clicks (
  id uuid primary key,
  campaign_id bigint not null,
  kind text default 'click' not null,
  config_version integer not null,
  landing_page_id bigint,
  campaign_offer_id bigint,
  traffic_source_id bigint,
  ip_hash text,
  ip_prefix cidr,
  user_agent text,
  referrer text,
  sub1 text,
  sub2 text,
  sub3 text,
  sub4 text,
  sub5 text,
  click_id_param text,
  affiliate_sub text,
  affiliate_sub2 text,
  country char(2),
  asn bigint,
  device text,
  os text,
  browser text,
  asked jsonb,
  is_bot boolean not null,
  bot text,
  hosting text,
  is_unique boolean,
  is_valid boolean not null,
  validity text not null,
  rule_set_id bigint,
  reasons text[] default '{}' not null,
  facts jsonb not null,
  conversion_type text,
  converted_at timestamptz,
  erased_at timestamptz,
  created_at timestamptz generated always as (uuid_extract_timestamp(id)) stored,
  updated_at timestamptz default now() not null,
  constraint clicks_kind_known check (clicks.clicks.kind in ('click', 'preview', 'fallback')),
  constraint clicks_validity_known check (clicks.clicks.validity in ('valid', 'general', 'sophisticated')),
  constraint clicks_valid_as_judged check (is_valid = (validity = 'valid')),
  constraint clicks_erased_wholly check (erased_at is null or ip_hash is null and ip_prefix is null)
) partition by range (id);

create table clicks.conversion_events (
  id bigint primary key generated always as identity,
  conversion_id bigint not null,
  result text not null,
  from_status text,
  to_status text not null,
  revenue_delta_minor bigint default 0 not null,
  traffic_source_id bigint,
  data jsonb default '{}'::jsonb not null,
  received_at timestamptz default now() not null,
  constraint conversion_events_result_known check (clicks.conversion_events.result in ('accepted', 'updated', 'duplicate')),
  constraint conversion_events_to_known check (clicks.conversion_events.to_status in ('pending', 'approved', 'rejected', 'reversed'))
);

create table clicks.conversions (
  id bigint primary key generated always as identity,
  click_id uuid not null,
  campaign_id bigint not null,
  landing_page_id bigint,
  campaign_offer_id bigint,
  traffic_source_id bigint,
  type text not null,
  txid text default '' not null,
  status text not null,
  payout_minor bigint not null,
  currency char(3) not null,
  seconds_to_convert bigint,
  created_at timestamptz default now() not null,
  updated_at timestamptz default now() not null,
  constraint conversions_once unique(click_id,type,txid),
  constraint conversions_type_shape check (type ~ '^[A-Za-z0-9_.-]{1,64}$'),
  constraint conversions_txid_length check (char_length(txid) <= 200),
  constraint conversions_status_known check (clicks.conversions.status in ('pending', 'approved', 'rejected', 'reversed')),
  constraint conversions_currency_iso check (currency ~ '^[A-Z]{3}$'),
  constraint conversions_payout_range check (payout_minor between 0 and 9007199254740991)
);

create table clicks.erasures (
  id uuid primary key default gen_random_uuid() not null,
  key_digest text not null,
  clicks bigint not null,
  requested_by text not null,
  created_at timestamptz default now() not null
);

create table clicks.events (
  id uuid primary key,
  click_id uuid not null,
  event_type text not null,
  event_data jsonb default '{}'::jsonb not null,
  created_at timestamptz default now() not null,
  constraint events_type_shape check (event_type ~ '^[a-z][a-z0-9_]{0,63}$')
);

create table clicks.folds (
  name text primary key,
  as_of timestamptz not null
);

create table clicks.hosting_networks (
  asn integer primary key,
  name text not null,
  constraint hosting_networks_no_relay check (asn not in (13335, 36183, 54113))
);

create table clicks.landing_pages (
  id bigint primary key generated always as identity,
  campaign_id bigint not null,
  name text not null,
  url text not null,
  weight integer default 1 not null,
  targets jsonb default '{}'::jsonb not null,
  status text default 'active' not null,
  created_at timestamptz default now() not null,
  updated_at timestamptz default now() not null,
  constraint landing_pages_name_length check (char_length(name) between 1 and 200),
  constraint landing_pages_url_shape check (url ~* '^https?://' and char_length(url) <= 2000),
  constraint landing_pages_weight_range check (weight between 0 and 10000),
  constraint landing_pages_status_known check (status in ('active', 'archived'))
);

create table clicks.orphan_postbacks (
  id bigint primary key generated always as identity,
  owner text not null,
  traffic_source_id bigint not null,
  click_id uuid not null,
  type text not null,
  txid text default '' not null,
  status text not null,
  payout_minor bigint,
  currency char(3),
  data jsonb default '{}'::jsonb not null,
  state text default 'open' not null,
  received_at timestamptz default now() not null,
  decided_at timestamptz,
  matched_click_id uuid,
  constraint orphan_postbacks_owner_shape check (owner = 'admin' or owner ~ '^partner:[!-~]{1,128}$'),
  constraint orphan_postbacks_status_known check (clicks.orphan_postbacks.status in ('pending', 'approved', 'rejected', 'reversed')),
  constraint orphan_postbacks_state_known check (clicks.orphan_postbacks.state in ('open', 'matched', 'expired')),
  constraint orphan_postbacks_decided check ((state = 'open') = (decided_at is null))
);

create table clicks.postbacks_out (
  id bigint primary key generated always as identity,
  conversion_id bigint not null,
  traffic_source_id bigint not null,
  conversion_status text not null,
  url text not null,
  state text default 'waiting' not null,
  tries integer default 0 not null,
  due_at timestamptz default now() not null,
  give_up_at timestamptz not null,
  outcome text,
  http_status integer,
  created_at timestamptz default now() not null,
  finished_at timestamptz,
  constraint postbacks_out_once unique(conversion_id,conversion_status),
  constraint postbacks_out_state_known check (clicks.postbacks_out.state in ('waiting', 'delivered', 'dead')),
  constraint postbacks_out_finished check ((state = 'waiting') = (finished_at is null)),
  constraint postbacks_out_tries_range check (tries between 0 and 5)
);

create table clicks.replays (
  id bigint primary key generated always as identity,
  rule_set_id bigint not null,
  kind text not null,
  state text default 'running' not null,
  from_at timestamptz not null,
  to_at timestamptz not null,
  "position" uuid,
  judged bigint default 0 not null,
  changed bigint default 0 not null,
  result jsonb,
  created_at timestamptz default now() not null,
  finished_at timestamptz,
  constraint replays_kind_known check (clicks.replays.kind in ('replay', 'rejudge')),
  constraint replays_state_known check (clicks.replays.state in ('running', 'done', 'failed')),
  constraint replays_finished check ((state = 'running') = (finished_at is null)),
  constraint replays_window check (to_at > from_at)
);

create table clicks.rule_sets (
  id bigint primary key generated always as identity,
  name text not null,
  state text default 'draft' not null,
  version integer default 1 not null,
  created_at timestamptz default now() not null,
  activated_at timestamptz,
  constraint rule_sets_name_length check (char_length(name) between 1 and 200),
  constraint rule_sets_state_known check (clicks.rule_sets.state in ('draft', 'active', 'retired')),
  constraint rule_sets_activated check (state = 'draft' or activated_at is not null)
);

create table clicks.rules (
  rule_set_id bigint not null,
  name text not null,
  fact text not null,
  op text not null,
  value jsonb not null,
  weight integer not null,
  class text not null,
  reason text not null,
  constraint rules_rule_set_id_name_pk primary key(rule_set_id,name),
  constraint rules_name_shape check (name ~ '^[A-Za-z][A-Za-z0-9_]{0,63}$'),
  constraint rules_fact_known check (clicks.rules.fact in ('bot', 'noAgent', 'hosting', 'secondsSincePrevious', 'clicksToday', 'secondsToConvert', 'referrerHost', 'country', 'asn', 'device', 'os', 'browser')),
  constraint rules_op_known check (clicks.rules.op in ('eq', 'ne', 'lt', 'lte', 'gt', 'gte', 'in')),
  constraint rules_weight_range check (weight between 1 and 100),
  constraint rules_class_known check (clicks.rules.class in ('G', 'S')),
  constraint rules_reason_length check (char_length(reason) between 1 and 300)
);

create table clicks.salts (
  day date primary key,
  salt text not null,
  created_at timestamptz default now() not null
);

create table clicks.traffic_sources (
  id bigint primary key generated always as identity,
  owner text not null,
  slug text not null,
  name text not null,
  status text default 'active' not null,
  secret text not null,
  old_secret text,
  old_secret_until timestamptz,
  param_map jsonb default '{}'::jsonb not null,
  status_map jsonb default '{}'::jsonb not null,
  ip_allow cidr[] default '{}' not null,
  postback_template text,
  version integer default 1 not null,
  created_at timestamptz default now() not null,
  updated_at timestamptz default now() not null,
  constraint traffic_sources_owner_shape check (owner = 'admin' or owner ~ '^partner:[!-~]{1,128}$'),
  constraint traffic_sources_slug_shape check (slug ~* '^[a-z0-9-]{1,64}$'),
  constraint traffic_sources_name_length check (char_length(name) between 1 and 200),
  constraint traffic_sources_status_known check (clicks.traffic_sources.status in ('active', 'archived')),
  constraint traffic_sources_old_secret_ends check ((old_secret is null) = (old_secret_until is null)),
  constraint traffic_sources_template_length check (char_length(postback_template) <= 2000),
  constraint traffic_sources_version_positive check (version >= 1)
);

create table clicks.unfolded (
  id bigint primary key generated always as identity,
  campaign_id bigint not null,
  quarter timestamptz not null,
  since timestamptz default now() not null
);

create table clicks.visitors (
  campaign_id bigint not null,
  visitor_key text not null,
  day date not null,
  clicks integer not null,
  last_at timestamptz not null,
  constraint visitors_campaign_id_visitor_key_day_pk primary key(campaign_id,visitor_key,day)
);

alter table clicks.campaign_counts add constraint campaign_counts_campaign_id_campaigns_id_fk foreign key (campaign_id) references clicks.campaigns(id);

alter table clicks.campaign_offers add constraint campaign_offers_campaign_id_campaigns_id_fk foreign key (campaign_id) references clicks.campaigns(id);

alter table clicks.campaign_versions add constraint campaign_versions_campaign_id_campaigns_id_fk foreign key (campaign_id) references clicks.campaigns(id);

alter table clicks.campaigns add constraint campaigns_traffic_source_id_traffic_sources_id_fk foreign key (traffic_source_id) references clicks.traffic_sources(id);

alter table clicks.conversion_events add constraint conversion_events_conversion_id_conversions_id_fk foreign key (conversion_id) references clicks.conversions(id);

alter table clicks.conversions add constraint conversions_campaign_id_campaigns_id_fk foreign key (campaign_id) references clicks.campaigns(id);

alter table clicks.landing_pages add constraint landing_pages_campaign_id_campaigns_id_fk foreign key (campaign_id) references clicks.campaigns(id);

alter table clicks.orphan_postbacks add constraint orphan_postbacks_traffic_source_id_traffic_sources_id_fk foreign key (traffic_source_id) references clicks.traffic_sources(id);

alter table clicks.postbacks_out add constraint postbacks_out_conversion_id_conversions_id_fk foreign key (conversion_id) references clicks.conversions(id);

alter table clicks.postbacks_out add constraint postbacks_out_traffic_source_id_traffic_sources_id_fk foreign key (traffic_source_id) references clicks.traffic_sources(id);

alter table clicks.replays add constraint replays_rule_set_id_rule_sets_id_fk foreign key (rule_set_id) references clicks.rule_sets(id);

alter table clicks.rules add constraint rules_rule_set_id_rule_sets_id_fk foreign key (rule_set_id) references clicks.rule_sets(id);

insert into core.partitioned (relation, key, every, ahead, kept, folded_by)
values ('clicks.clicks', 'id', 'month', 3, 13, null);

create or replace function clicks.config_of(campaign bigint) returns jsonb
language sql stable
set search_path = ''
as $$
  select jsonb_build_object(
    'id', c.id, 'owner', c.owner, 'version', c.version, 'slug', c.slug, 'status', c.status,
    'startsAt', core.iso(c.starts_at), 'endsAt', core.iso(c.ends_at), 'timezone', c.timezone,
    'fallbackUrl', c.fallback_url, 'currency', c.currency, 'payoutMinor', c.payout_minor,
    'costModel', c.cost_model, 'costMinor', c.cost_minor, 'capDay', c.cap_day, 'capTotal', c.cap_total,
    'referrerPolicy', c.referrer_policy, 'passQuery', c.pass_query, 'durable', c.durable,
    'source', (
      select jsonb_build_object('id', s.id, 'slug', s.slug, 'paramMap', s.param_map)
      from clicks.traffic_sources s
      where s.id = c.traffic_source_id
    ),
    'landingPages', coalesce((
      select jsonb_agg(
        jsonb_build_object('id', p.id, 'name', p.name, 'url', p.url, 'weight', p.weight, 'targets', p.targets)
        order by p.id
      )
      from clicks.landing_pages p
      where p.campaign_id = c.id
        and p.status = 'active'
    ), '[]'),
    'offers', coalesce((
      select jsonb_agg(
        jsonb_build_object('id', o.id, 'name', o.name, 'url', o.url, 'weight', o.weight, 'targets', o.targets)
        order by o.id
      )
      from clicks.campaign_offers o
      where o.campaign_id = c.id
        and o.status = 'active'
    ), '[]')
  )
  from clicks.campaigns c
  where c.id = campaign
$$;

create or replace function clicks.rule_holds(fact jsonb, op text, value jsonb) returns boolean
language sql immutable parallel safe
as $$
  select coalesce(
    case
      when fact is null or fact = 'null'::jsonb then false
      when op = 'eq' then fact = value
      when op = 'ne' then fact <> value
      when op = 'in' then jsonb_typeof(value) = 'array' and value @> fact
      when jsonb_typeof(fact) <> 'number' or jsonb_typeof(value) <> 'number' then false
      when op = 'lt' then fact < value
      when op = 'lte' then fact <= value
      when op = 'gt' then fact > value
      when op = 'gte' then fact >= value
    end,
    false
  )
$$;

create or replace function clicks.keep_version() returns trigger
language plpgsql
set search_path = ''
as $$
begin
  insert into clicks.campaign_versions (campaign_id, version, config)
  values (new.id, new.version, clicks.config_of(new.id));
  return null;
end
$$;

create or replace trigger campaigns_keep_new_version
after insert on clicks.campaigns
for each row
execute function clicks.keep_version();

create or replace trigger campaigns_keep_version
after update on clicks.campaigns
for each row
when (new.version > old.version)
execute function clicks.keep_version();

insert into clicks.hosting_networks (asn, name)
values
  (8075, 'Microsoft Azure'),
  (8560, 'IONOS'),
  (9009, 'M247'),
  (12876, 'Scaleway'),
  (14061, 'DigitalOcean'),
  (14618, 'Amazon AES'),
  (16276, 'OVH'),
  (16509, 'Amazon'),
  (20473, 'Vultr'),
  (24940, 'Hetzner'),
  (26496, 'GoDaddy'),
  (31898, 'Oracle Cloud'),
  (36351, 'IBM Cloud'),
  (45102, 'Alibaba Cloud'),
  (51167, 'Contabo'),
  (53667, 'FranTech'),
  (60781, 'Leaseweb'),
  (63949, 'Akamai Linode'),
  (132203, 'Tencent Cloud'),
  (197540, 'netcup'),
  (213230, 'Hetzner Cloud'),
  (396982, 'Google Cloud')
on conflict do nothing;

insert into clicks.rule_sets (name, state, activated_at)
values
  ('First set', 'active', now())
on conflict do nothing;

insert into clicks.rules (rule_set_id, name, fact, op, value, weight, class, reason)
values
  ((select min(id) from clicks.rule_sets), 'bot', 'bot', 'eq', 'true', 100, 'G', 'The agent names a bot'),
  ((select min(id) from clicks.rule_sets), 'noAgent', 'noAgent', 'eq', 'true', 100, 'G', 'The request has no User-Agent'),
  ((select min(id) from clicks.rule_sets), 'repeated', 'secondsSincePrevious', 'lt', '3600', 100, 'G', 'The visitor clicked within the last hour'),
  ((select min(id) from clicks.rule_sets), 'frequent', 'clicksToday', 'gt', '20', 100, 'S', 'The visitor clicked more than 20 times on one day'),
  ((select min(id) from clicks.rule_sets), 'hosting', 'hosting', 'eq', 'true', 60, 'S', 'The network belongs to a hoster'),
  ((select min(id) from clicks.rule_sets), 'blockedReferrer', 'referrerHost', 'in', '[]', 100, 'G', 'The referring site is blocked'),
  ((select min(id) from clicks.rule_sets), 'instantConversion', 'secondsToConvert', 'lt', '2', 100, 'S', 'The conversion came within two seconds')
on conflict do nothing;

alter table clicks.campaign_stats set (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.02);

alter table clicks.campaign_counts set (fillfactor = 50);

alter table clicks.visitors set (fillfactor = 80);

grant usage on schema clicks to lockstep_app;

grant select, insert, update on table clicks.traffic_sources to lockstep_app;

grant select, insert, update on table clicks.campaigns to lockstep_app;

grant select, insert, update on table clicks.landing_pages to lockstep_app;

grant select, insert, update on table clicks.campaign_offers to lockstep_app;

grant select, insert on table clicks.campaign_versions to lockstep_app;

grant select, insert, update on table clicks.campaign_counts to lockstep_app;

grant select, insert, update, delete on table clicks.salts to lockstep_app;

grant select on table clicks.hosting_networks to lockstep_app;

grant select, insert, update (conversion_type, converted_at, facts, rule_set_id, reasons, is_valid, validity, ip_hash, ip_prefix, user_agent, referrer, sub1, sub2, sub3, sub4, sub5, click_id_param, affiliate_sub, affiliate_sub2, asked, erased_at, updated_at) on table clicks.clicks to lockstep_app;

grant select, insert, update (id), delete on table clicks.events to lockstep_app;

grant select, insert, update, delete on table clicks.visitors to lockstep_app;

grant select, insert, update on table clicks.conversions to lockstep_app;

grant select, insert on table clicks.conversion_events to lockstep_app;

grant select, insert, update on table clicks.orphan_postbacks to lockstep_app;

grant select, insert, update, delete on table clicks.postbacks_out to lockstep_app;

grant select, insert, update on table clicks.campaign_stats to lockstep_app;

grant select, insert, update, delete on table clicks.campaign_dimensions to lockstep_app;

grant select, insert, delete on table clicks.unfolded to lockstep_app;

grant select, insert, update on table clicks.folds to lockstep_app;

grant select, insert, update on table clicks.rule_sets to lockstep_app;

grant select, insert on table clicks.rules to lockstep_app;

grant select, insert, update on table clicks.replays to lockstep_app;

grant select, insert on table clicks.erasures to lockstep_app;

create index if not exists idx_clicks_campaign
on clicks.clicks using btree (campaign_id, id);

comment on index clicks.idx_clicks_campaign is 'lists, exports, replays and folds of a campaign, by time';

create index if not exists idx_clicks_visitor
on clicks.clicks using btree (ip_hash)
where ip_hash is not null;

comment on index clicks.idx_clicks_visitor is 'DELETE /v1/clicks/visitors/{key}';
