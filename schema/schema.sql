-- What the migrations make: written by "npm run db:generate" from the catalogs of a migrated database.
-- For reading and for review; never edited, and never run: databases are made by the migrations.

create extension cube schema public;

create extension pg_stat_statements schema public;

create extension pg_trgm schema public;

create schema clicks;
grant usage on schema clicks to lockstep_app;

create table clicks.campaign_counts (
  campaign_id bigint not null,
  total bigint default 0 not null,
  day date not null,
  today bigint default 0 not null,
  constraint campaign_counts_pkey PRIMARY KEY (campaign_id),
  constraint campaign_counts_campaign_id_campaigns_id_fk FOREIGN KEY (campaign_id) REFERENCES clicks.campaigns(id)
) with (fillfactor=50);
grant insert, select, update on table clicks.campaign_counts to lockstep_app;

create table clicks.campaign_dimensions (
  campaign_id bigint not null,
  quarter timestamp with time zone not null,
  dimension text not null,
  value text not null,
  currency character(3) not null,
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
  constraint campaign_dimensions_campaign_id_quarter_dimension_value_currenc PRIMARY KEY (campaign_id, quarter, dimension, value, currency),
  constraint campaign_dimensions_known CHECK (dimension = ANY (ARRAY['sub1'::text, 'sub2'::text, 'sub3'::text, 'sub4'::text, 'sub5'::text, 'country'::text, 'device'::text, 'os'::text, 'browser'::text, 'referrer'::text]))
);
grant delete, insert, select, update on table clicks.campaign_dimensions to lockstep_app;

create table clicks.campaign_offers (
  id bigint generated always as identity not null,
  campaign_id bigint not null,
  name text not null,
  url text not null,
  weight integer default 1 not null,
  targets jsonb default '{}'::jsonb not null,
  status text default 'active'::text not null,
  created_at timestamp with time zone default now() not null,
  updated_at timestamp with time zone default now() not null,
  constraint campaign_offers_pkey PRIMARY KEY (id),
  constraint campaign_offers_name_length CHECK (char_length(name) >= 1 AND char_length(name) <= 200),
  constraint campaign_offers_status_known CHECK (status = ANY (ARRAY['active'::text, 'archived'::text])),
  constraint campaign_offers_url_shape CHECK (url ~* '^https?://'::text AND char_length(url) <= 2000),
  constraint campaign_offers_weight_range CHECK (weight >= 0 AND weight <= 10000),
  constraint campaign_offers_campaign_id_campaigns_id_fk FOREIGN KEY (campaign_id) REFERENCES clicks.campaigns(id)
);
CREATE INDEX idx_campaign_offers_campaign ON clicks.campaign_offers USING btree (campaign_id, id);
comment on index clicks.idx_campaign_offers_campaign is 'the offers of a campaign';
grant insert, select, update on table clicks.campaign_offers to lockstep_app;

create table clicks.campaign_stats (
  campaign_id bigint not null,
  quarter timestamp with time zone not null,
  landing_page_id bigint default 0 not null,
  campaign_offer_id bigint default 0 not null,
  traffic_source_id bigint default 0 not null,
  currency character(3) not null,
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
  constraint campaign_stats_campaign_id_quarter_landing_page_id_campaign_off PRIMARY KEY (campaign_id, quarter, landing_page_id, campaign_offer_id, traffic_source_id, currency)
) with (fillfactor=80, autovacuum_vacuum_scale_factor=0.02);
grant insert, select, update on table clicks.campaign_stats to lockstep_app;

create table clicks.campaign_versions (
  campaign_id bigint not null,
  version integer not null,
  config jsonb not null,
  created_at timestamp with time zone default now() not null,
  constraint campaign_versions_campaign_id_version_pk PRIMARY KEY (campaign_id, version),
  constraint campaign_versions_campaign_id_campaigns_id_fk FOREIGN KEY (campaign_id) REFERENCES clicks.campaigns(id)
);
grant insert, select on table clicks.campaign_versions to lockstep_app;

create table clicks.campaigns (
  id bigint generated always as identity not null,
  owner text not null,
  slug text not null,
  name text not null,
  status text default 'active'::text not null,
  starts_at timestamp with time zone,
  ends_at timestamp with time zone,
  timezone text default 'UTC'::text not null,
  fallback_url text,
  currency character(3) not null,
  payout_minor bigint default 0 not null,
  cost_model text,
  cost_minor bigint,
  cost_percent numeric(5,2),
  cap_day integer,
  cap_total integer,
  referrer_policy text default 'strict-origin-when-cross-origin'::text not null,
  pass_query boolean default false not null,
  durable boolean default false not null,
  traffic_source_id bigint,
  version integer default 1 not null,
  created_at timestamp with time zone default now() not null,
  updated_at timestamp with time zone default now() not null,
  constraint campaigns_pkey PRIMARY KEY (id),
  constraint campaigns_caps_positive CHECK (cap_day >= 1 AND cap_total >= 1),
  constraint campaigns_cost_model_known CHECK (cost_model = ANY (ARRAY['cpc'::text, 'cpm'::text, 'cpa'::text, 'revshare'::text])),
  constraint campaigns_cost_range CHECK (cost_minor >= 0 AND cost_minor <= '9007199254740'::bigint AND cost_percent >= 0::numeric AND cost_percent <= 100::numeric),
  constraint campaigns_cost_with_model CHECK ((cost_minor IS NOT NULL) = (cost_model IS NOT NULL AND cost_model <> 'revshare'::text) AND (cost_percent IS NOT NULL) = (NOT cost_model IS DISTINCT FROM 'revshare'::text)),
  constraint campaigns_currency_iso CHECK (currency ~ '^[A-Z]{3}$'::text),
  constraint campaigns_ends_after_start CHECK (ends_at > starts_at),
  constraint campaigns_fallback_shape CHECK (fallback_url ~* '^https?://'::text AND char_length(fallback_url) <= 2000),
  constraint campaigns_name_length CHECK (char_length(name) >= 1 AND char_length(name) <= 200),
  constraint campaigns_owner_shape CHECK (owner = 'admin'::text OR owner ~ '^partner:[!-~]{1,128}$'::text),
  constraint campaigns_payout_range CHECK (payout_minor >= 0 AND payout_minor <= '9007199254740991'::bigint),
  constraint campaigns_referrer_policy_known CHECK (referrer_policy = ANY (ARRAY['no-referrer'::text, 'origin'::text, 'strict-origin'::text, 'strict-origin-when-cross-origin'::text, 'no-referrer-when-downgrade'::text, 'unsafe-url'::text])),
  constraint campaigns_slug_shape CHECK (slug ~* '^[a-z0-9-]{1,64}$'::text),
  constraint campaigns_status_known CHECK (status = ANY (ARRAY['active'::text, 'paused'::text, 'archived'::text])),
  constraint campaigns_timezone_known CHECK (('2000-01-01 00:00:00+00'::timestamp with time zone AT TIME ZONE timezone) IS NOT NULL),
  constraint campaigns_version_positive CHECK (version >= 1),
  constraint campaigns_traffic_source_id_traffic_sources_id_fk FOREIGN KEY (traffic_source_id) REFERENCES clicks.traffic_sources(id)
);
CREATE INDEX idx_campaigns_owner ON clicks.campaigns USING btree (owner, id DESC);
comment on index clicks.idx_campaigns_owner is 'GET /v1/clicks/campaigns of one owner';
CREATE UNIQUE INDEX idx_campaigns_slug ON clicks.campaigns USING btree (lower(slug));
comment on index clicks.idx_campaigns_slug is 'a slug names one campaign; the redirect reads it';
CREATE TRIGGER campaigns_keep_new_version AFTER INSERT ON clicks.campaigns FOR EACH ROW EXECUTE FUNCTION clicks.keep_version();
CREATE TRIGGER campaigns_keep_version AFTER UPDATE ON clicks.campaigns FOR EACH ROW WHEN (new.version > old.version) EXECUTE FUNCTION clicks.keep_version();
grant insert, select, update on table clicks.campaigns to lockstep_app;

create table clicks.clicks (
  id uuid not null,
  campaign_id bigint not null,
  kind text default 'click'::text not null,
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
  country character(2),
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
  reasons text[] default '{}'::text[] not null,
  facts jsonb not null,
  conversion_type text,
  converted_at timestamp with time zone,
  erased_at timestamp with time zone,
  created_at timestamp with time zone generated always as (uuid_extract_timestamp(id)) stored,
  updated_at timestamp with time zone default now() not null,
  constraint clicks_pkey PRIMARY KEY (id),
  constraint clicks_erased_wholly CHECK (erased_at IS NULL OR ip_hash IS NULL AND ip_prefix IS NULL),
  constraint clicks_kind_known CHECK (kind = ANY (ARRAY['click'::text, 'preview'::text, 'fallback'::text])),
  constraint clicks_valid_as_judged CHECK (is_valid = (validity = 'valid'::text)),
  constraint clicks_validity_known CHECK (validity = ANY (ARRAY['valid'::text, 'general'::text, 'sophisticated'::text]))
) partition by RANGE (id);
CREATE INDEX idx_clicks_campaign ON ONLY clicks.clicks USING btree (campaign_id, id);
comment on index clicks.idx_clicks_campaign is 'lists, exports, replays and folds of a campaign, by time';
CREATE INDEX idx_clicks_visitor ON ONLY clicks.clicks USING btree (ip_hash) WHERE (ip_hash IS NOT NULL);
comment on index clicks.idx_clicks_visitor is 'DELETE /v1/clicks/visitors/{key}';
grant insert, select on table clicks.clicks to lockstep_app;
grant update on clicks.clicks column ip_hash to lockstep_app;
grant update on clicks.clicks column ip_prefix to lockstep_app;
grant update on clicks.clicks column user_agent to lockstep_app;
grant update on clicks.clicks column referrer to lockstep_app;
grant update on clicks.clicks column sub1 to lockstep_app;
grant update on clicks.clicks column sub2 to lockstep_app;
grant update on clicks.clicks column sub3 to lockstep_app;
grant update on clicks.clicks column sub4 to lockstep_app;
grant update on clicks.clicks column sub5 to lockstep_app;
grant update on clicks.clicks column click_id_param to lockstep_app;
grant update on clicks.clicks column affiliate_sub to lockstep_app;
grant update on clicks.clicks column affiliate_sub2 to lockstep_app;
grant update on clicks.clicks column asked to lockstep_app;
grant update on clicks.clicks column is_valid to lockstep_app;
grant update on clicks.clicks column validity to lockstep_app;
grant update on clicks.clicks column rule_set_id to lockstep_app;
grant update on clicks.clicks column reasons to lockstep_app;
grant update on clicks.clicks column facts to lockstep_app;
grant update on clicks.clicks column conversion_type to lockstep_app;
grant update on clicks.clicks column converted_at to lockstep_app;
grant update on clicks.clicks column erased_at to lockstep_app;
grant update on clicks.clicks column updated_at to lockstep_app;

create table clicks.conversion_events (
  id bigint generated always as identity not null,
  conversion_id bigint not null,
  result text not null,
  from_status text,
  to_status text not null,
  revenue_delta_minor bigint default 0 not null,
  traffic_source_id bigint,
  data jsonb default '{}'::jsonb not null,
  received_at timestamp with time zone default now() not null,
  constraint conversion_events_pkey PRIMARY KEY (id),
  constraint conversion_events_result_known CHECK (result = ANY (ARRAY['accepted'::text, 'updated'::text, 'duplicate'::text])),
  constraint conversion_events_to_known CHECK (to_status = ANY (ARRAY['pending'::text, 'approved'::text, 'rejected'::text, 'reversed'::text])),
  constraint conversion_events_conversion_id_conversions_id_fk FOREIGN KEY (conversion_id) REFERENCES clicks.conversions(id)
);
CREATE INDEX idx_conversion_events_conversion ON clicks.conversion_events USING btree (conversion_id, id);
comment on index clicks.idx_conversion_events_conversion is 'the history of a conversion';
grant insert, select on table clicks.conversion_events to lockstep_app;

create table clicks.conversions (
  id bigint generated always as identity not null,
  click_id uuid not null,
  campaign_id bigint not null,
  landing_page_id bigint,
  campaign_offer_id bigint,
  traffic_source_id bigint,
  type text not null,
  txid text default ''::text not null,
  status text not null,
  payout_minor bigint not null,
  currency character(3) not null,
  seconds_to_convert bigint,
  created_at timestamp with time zone default now() not null,
  updated_at timestamp with time zone default now() not null,
  constraint conversions_pkey PRIMARY KEY (id),
  constraint conversions_once UNIQUE (click_id, type, txid),
  constraint conversions_currency_iso CHECK (currency ~ '^[A-Z]{3}$'::text),
  constraint conversions_payout_range CHECK (payout_minor >= 0 AND payout_minor <= '9007199254740991'::bigint),
  constraint conversions_status_known CHECK (status = ANY (ARRAY['pending'::text, 'approved'::text, 'rejected'::text, 'reversed'::text])),
  constraint conversions_txid_length CHECK (char_length(txid) <= 200),
  constraint conversions_type_shape CHECK (type ~ '^[A-Za-z0-9_.-]{1,64}$'::text),
  constraint conversions_campaign_id_campaigns_id_fk FOREIGN KEY (campaign_id) REFERENCES clicks.campaigns(id)
);
CREATE INDEX idx_conversions_campaign ON clicks.conversions USING btree (campaign_id, id DESC);
comment on index clicks.idx_conversions_campaign is 'GET /v1/clicks/conversions?campaignId=';
grant insert, select, update on table clicks.conversions to lockstep_app;

create table clicks.erasures (
  id uuid default gen_random_uuid() not null,
  key_digest text not null,
  clicks bigint not null,
  requested_by text not null,
  created_at timestamp with time zone default now() not null,
  constraint erasures_pkey PRIMARY KEY (id)
);
grant insert, select on table clicks.erasures to lockstep_app;

create table clicks.events (
  id uuid not null,
  click_id uuid not null,
  event_type text not null,
  event_data jsonb default '{}'::jsonb not null,
  created_at timestamp with time zone default now() not null,
  constraint events_pkey PRIMARY KEY (id),
  constraint events_type_shape CHECK (event_type ~ '^[a-z][a-z0-9_]{0,63}$'::text)
);
CREATE INDEX idx_events_click ON clicks.events USING btree (click_id, created_at, id);
comment on index clicks.idx_events_click is 'the events of a click';
CREATE INDEX idx_events_created ON clicks.events USING btree (created_at);
comment on index clicks.idx_events_created is 'the removal of events past their time';
grant delete, insert, select on table clicks.events to lockstep_app;
grant update on clicks.events column id to lockstep_app;
grant update on clicks.events column event_data to lockstep_app;

create table clicks.folds (
  name text not null,
  as_of timestamp with time zone not null,
  constraint folds_pkey PRIMARY KEY (name)
);
grant insert, select, update on table clicks.folds to lockstep_app;

create table clicks.hosting_networks (
  asn integer not null,
  name text not null,
  constraint hosting_networks_pkey PRIMARY KEY (asn),
  constraint hosting_networks_no_relay CHECK (asn <> ALL (ARRAY[13335, 36183, 54113]))
);
grant select on table clicks.hosting_networks to lockstep_app;

create table clicks.landing_pages (
  id bigint generated always as identity not null,
  campaign_id bigint not null,
  name text not null,
  url text not null,
  weight integer default 1 not null,
  targets jsonb default '{}'::jsonb not null,
  status text default 'active'::text not null,
  created_at timestamp with time zone default now() not null,
  updated_at timestamp with time zone default now() not null,
  constraint landing_pages_pkey PRIMARY KEY (id),
  constraint landing_pages_name_length CHECK (char_length(name) >= 1 AND char_length(name) <= 200),
  constraint landing_pages_status_known CHECK (status = ANY (ARRAY['active'::text, 'archived'::text])),
  constraint landing_pages_url_shape CHECK (url ~* '^https?://'::text AND char_length(url) <= 2000),
  constraint landing_pages_weight_range CHECK (weight >= 0 AND weight <= 10000),
  constraint landing_pages_campaign_id_campaigns_id_fk FOREIGN KEY (campaign_id) REFERENCES clicks.campaigns(id)
);
CREATE INDEX idx_landing_pages_campaign ON clicks.landing_pages USING btree (campaign_id, id);
comment on index clicks.idx_landing_pages_campaign is 'the landing pages of a campaign';
grant insert, select, update on table clicks.landing_pages to lockstep_app;

create table clicks.orphan_postbacks (
  id bigint generated always as identity not null,
  owner text not null,
  traffic_source_id bigint not null,
  click_id uuid not null,
  type text not null,
  txid text default ''::text not null,
  status text not null,
  payout_minor bigint,
  currency character(3),
  data jsonb default '{}'::jsonb not null,
  state text default 'open'::text not null,
  received_at timestamp with time zone default now() not null,
  decided_at timestamp with time zone,
  matched_click_id uuid,
  constraint orphan_postbacks_pkey PRIMARY KEY (id),
  constraint orphan_postbacks_decided CHECK ((state = 'open'::text) = (decided_at IS NULL)),
  constraint orphan_postbacks_owner_shape CHECK (owner = 'admin'::text OR owner ~ '^partner:[!-~]{1,128}$'::text),
  constraint orphan_postbacks_state_known CHECK (state = ANY (ARRAY['open'::text, 'matched'::text, 'expired'::text])),
  constraint orphan_postbacks_status_known CHECK (status = ANY (ARRAY['pending'::text, 'approved'::text, 'rejected'::text, 'reversed'::text])),
  constraint orphan_postbacks_traffic_source_id_traffic_sources_id_fk FOREIGN KEY (traffic_source_id) REFERENCES clicks.traffic_sources(id)
);
CREATE INDEX idx_orphan_postbacks_click ON clicks.orphan_postbacks USING btree (click_id, id) WHERE (state = 'open'::text);
comment on index clicks.idx_orphan_postbacks_click is 'parked postbacks whose click came';
CREATE INDEX idx_orphan_postbacks_owner ON clicks.orphan_postbacks USING btree (owner, state, id DESC);
comment on index clicks.idx_orphan_postbacks_owner is 'GET /v1/clicks/orphans of one owner';
CREATE INDEX idx_orphan_postbacks_received ON clicks.orphan_postbacks USING btree (received_at) WHERE (state = 'open'::text);
comment on index clicks.idx_orphan_postbacks_received is 'parked postbacks past their time';
grant insert, select, update on table clicks.orphan_postbacks to lockstep_app;

create table clicks.parked_events (
  id uuid not null,
  click_id uuid not null,
  campaign_id bigint,
  event_type text not null,
  event_data jsonb not null,
  due_at timestamp with time zone default (now() + '00:01:00'::interval) not null,
  created_at timestamp with time zone default now() not null,
  constraint parked_events_pkey PRIMARY KEY (id)
);
CREATE INDEX idx_parked_events_due ON clicks.parked_events USING btree (due_at);
comment on index clicks.idx_parked_events_due is 'the parked events whose click is looked for';
grant delete, insert, select, update on table clicks.parked_events to lockstep_app;

create table clicks.postbacks_out (
  id bigint generated always as identity not null,
  conversion_id bigint not null,
  traffic_source_id bigint not null,
  conversion_status text not null,
  url text not null,
  state text default 'waiting'::text not null,
  tries integer default 0 not null,
  due_at timestamp with time zone default now() not null,
  give_up_at timestamp with time zone not null,
  outcome text,
  http_status integer,
  created_at timestamp with time zone default now() not null,
  finished_at timestamp with time zone,
  constraint postbacks_out_pkey PRIMARY KEY (id),
  constraint postbacks_out_once UNIQUE (conversion_id, conversion_status),
  constraint postbacks_out_finished CHECK ((state = 'waiting'::text) = (finished_at IS NULL)),
  constraint postbacks_out_state_known CHECK (state = ANY (ARRAY['waiting'::text, 'delivered'::text, 'dead'::text])),
  constraint postbacks_out_tries_range CHECK (tries >= 0 AND tries <= 5),
  constraint postbacks_out_conversion_id_conversions_id_fk FOREIGN KEY (conversion_id) REFERENCES clicks.conversions(id),
  constraint postbacks_out_traffic_source_id_traffic_sources_id_fk FOREIGN KEY (traffic_source_id) REFERENCES clicks.traffic_sources(id)
);
CREATE INDEX idx_postbacks_out_due ON clicks.postbacks_out USING btree (traffic_source_id, due_at, id) WHERE (state = 'waiting'::text);
comment on index clicks.idx_postbacks_out_due is 'the postbacks of a source that are due';
CREATE INDEX idx_postbacks_out_source ON clicks.postbacks_out USING btree (traffic_source_id, state, id DESC);
comment on index clicks.idx_postbacks_out_source is 'GET /v1/clicks/postbacks of a source, or of the sources of one owner';
grant delete, insert, select, update on table clicks.postbacks_out to lockstep_app;

create table clicks.replays (
  id bigint generated always as identity not null,
  rule_set_id bigint not null,
  kind text not null,
  state text default 'running'::text not null,
  from_at timestamp with time zone not null,
  to_at timestamp with time zone not null,
  "position" uuid,
  judged bigint default 0 not null,
  changed bigint default 0 not null,
  result jsonb,
  created_at timestamp with time zone default now() not null,
  finished_at timestamp with time zone,
  constraint replays_pkey PRIMARY KEY (id),
  constraint replays_finished CHECK ((state = 'running'::text) = (finished_at IS NULL)),
  constraint replays_kind_known CHECK (kind = ANY (ARRAY['replay'::text, 'rejudge'::text])),
  constraint replays_state_known CHECK (state = ANY (ARRAY['running'::text, 'done'::text, 'failed'::text])),
  constraint replays_window CHECK (to_at > from_at),
  constraint replays_rule_set_id_rule_sets_id_fk FOREIGN KEY (rule_set_id) REFERENCES clicks.rule_sets(id)
);
CREATE UNIQUE INDEX idx_replays_running ON clicks.replays USING btree (state) WHERE (state = 'running'::text);
comment on index clicks.idx_replays_running is 'one replay runs at a time; its job continues it';
grant insert, select, update on table clicks.replays to lockstep_app;

create table clicks.rule_sets (
  id bigint generated always as identity not null,
  name text not null,
  state text default 'draft'::text not null,
  version integer default 1 not null,
  created_at timestamp with time zone default now() not null,
  activated_at timestamp with time zone,
  constraint rule_sets_pkey PRIMARY KEY (id),
  constraint rule_sets_activated CHECK (state = 'draft'::text OR activated_at IS NOT NULL),
  constraint rule_sets_name_length CHECK (char_length(name) >= 1 AND char_length(name) <= 200),
  constraint rule_sets_state_known CHECK (state = ANY (ARRAY['draft'::text, 'active'::text, 'retired'::text]))
);
CREATE UNIQUE INDEX idx_rule_sets_active ON clicks.rule_sets USING btree (state) WHERE (state = 'active'::text);
comment on index clicks.idx_rule_sets_active is 'one set of rules is active; the consumer reads it';
grant insert, select, update on table clicks.rule_sets to lockstep_app;

create table clicks.rules (
  rule_set_id bigint not null,
  name text not null,
  fact text not null,
  op text not null,
  value jsonb not null,
  weight integer not null,
  class text not null,
  reason text not null,
  constraint rules_rule_set_id_name_pk PRIMARY KEY (rule_set_id, name),
  constraint rules_class_known CHECK (class = ANY (ARRAY['G'::text, 'S'::text])),
  constraint rules_fact_known CHECK (fact = ANY (ARRAY['bot'::text, 'noAgent'::text, 'hosting'::text, 'secondsSincePrevious'::text, 'clicksToday'::text, 'secondsToConvert'::text, 'referrerHost'::text, 'country'::text, 'asn'::text, 'device'::text, 'os'::text, 'browser'::text])),
  constraint rules_name_shape CHECK (name ~ '^[A-Za-z][A-Za-z0-9_]{0,63}$'::text),
  constraint rules_op_known CHECK (op = ANY (ARRAY['eq'::text, 'ne'::text, 'lt'::text, 'lte'::text, 'gt'::text, 'gte'::text, 'in'::text])),
  constraint rules_reason_length CHECK (char_length(reason) >= 1 AND char_length(reason) <= 300),
  constraint rules_weight_range CHECK (weight >= 1 AND weight <= 100),
  constraint rules_rule_set_id_rule_sets_id_fk FOREIGN KEY (rule_set_id) REFERENCES clicks.rule_sets(id)
);
grant insert, select on table clicks.rules to lockstep_app;

create table clicks.salts (
  day date not null,
  salt text not null,
  created_at timestamp with time zone default now() not null,
  constraint salts_pkey PRIMARY KEY (day)
);
grant delete, insert, select, update on table clicks.salts to lockstep_app;

create table clicks.traffic_sources (
  id bigint generated always as identity not null,
  owner text not null,
  slug text not null,
  name text not null,
  status text default 'active'::text not null,
  secret text not null,
  old_secret text,
  old_secret_until timestamp with time zone,
  param_map jsonb default '{}'::jsonb not null,
  status_map jsonb default '{}'::jsonb not null,
  ip_allow cidr[] default '{}'::cidr[] not null,
  postback_template text,
  version integer default 1 not null,
  created_at timestamp with time zone default now() not null,
  updated_at timestamp with time zone default now() not null,
  constraint traffic_sources_pkey PRIMARY KEY (id),
  constraint traffic_sources_name_length CHECK (char_length(name) >= 1 AND char_length(name) <= 200),
  constraint traffic_sources_old_secret_ends CHECK ((old_secret IS NULL) = (old_secret_until IS NULL)),
  constraint traffic_sources_owner_shape CHECK (owner = 'admin'::text OR owner ~ '^partner:[!-~]{1,128}$'::text),
  constraint traffic_sources_slug_shape CHECK (slug ~* '^[a-z0-9-]{1,64}$'::text),
  constraint traffic_sources_status_known CHECK (status = ANY (ARRAY['active'::text, 'archived'::text])),
  constraint traffic_sources_template_length CHECK (char_length(postback_template) <= 2000),
  constraint traffic_sources_version_positive CHECK (version >= 1)
);
CREATE INDEX idx_traffic_sources_owner ON clicks.traffic_sources USING btree (owner, id DESC);
comment on index clicks.idx_traffic_sources_owner is 'GET /v1/clicks/sources of one owner';
CREATE UNIQUE INDEX idx_traffic_sources_slug ON clicks.traffic_sources USING btree (lower(slug));
comment on index clicks.idx_traffic_sources_slug is 'a slug names one source; /postback/{source}';
grant insert, select, update on table clicks.traffic_sources to lockstep_app;

create table clicks.unfolded (
  id bigint generated always as identity not null,
  campaign_id bigint not null,
  quarter timestamp with time zone not null,
  since timestamp with time zone default now() not null,
  constraint unfolded_pkey PRIMARY KEY (id)
);
CREATE INDEX idx_unfolded_quarter ON clicks.unfolded USING btree (campaign_id, quarter);
comment on index clicks.idx_unfolded_quarter is 'the fold of the dimensions';
grant delete, insert, select on table clicks.unfolded to lockstep_app;

create table clicks.visitors (
  campaign_id bigint not null,
  visitor_key text not null,
  day date not null,
  clicks integer not null,
  last_at timestamp with time zone not null,
  constraint visitors_campaign_id_visitor_key_day_pk PRIMARY KEY (campaign_id, visitor_key, day)
) with (fillfactor=80);
CREATE INDEX idx_visitors_day ON clicks.visitors USING btree (day);
comment on index clicks.idx_visitors_day is 'the removal of visitors past their time';
CREATE INDEX idx_visitors_key ON clicks.visitors USING btree (visitor_key);
comment on index clicks.idx_visitors_key is 'DELETE /v1/clicks/visitors/{key}';
grant delete, insert, select, update on table clicks.visitors to lockstep_app;

CREATE OR REPLACE FUNCTION clicks.config_of(campaign bigint)
 RETURNS jsonb
 LANGUAGE sql
 STABLE
 SET search_path TO ''
AS $function$
  select jsonb_build_object(
    'id', c.id, 'owner', c.owner, 'version', c.version, 'slug', c.slug, 'status', c.status,
    'startsAt', core.iso(c.starts_at), 'endsAt', core.iso(c.ends_at), 'timezone', c.timezone,
    'fallbackUrl', c.fallback_url, 'currency', c.currency, 'payoutMinor', c.payout_minor,
    'costModel', c.cost_model, 'costMinor', c.cost_minor, 'costPercent', c.cost_percent, 'capDay', c.cap_day,
    'capTotal', c.cap_total, 'referrerPolicy', c.referrer_policy, 'passQuery', c.pass_query, 'durable', c.durable,
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
$function$;

CREATE OR REPLACE FUNCTION clicks.hot_store_847e7d4b(jsonb, text, text, text, text, text, text, text, text)
 RETURNS TABLE(messages integer)
 LANGUAGE plpgsql
 SET plan_cache_mode TO 'force_generic_plan'
AS $function$
#variable_conflict use_column
declare
  ignored record;
begin
  if $9 is not null then
    perform set_config('app.tenant_id', $9, true);
  end if;
  if $5 is not null then
    perform core.begin_idempotent($5, $6, $7, $8);
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
happened as (
  insert into clicks.events (id, click_id, event_type, event_data, created_at)
  select distinct on (id) id, click, type, data, uuid_extract_timestamp(id)
  from parsed
  where kind = 'event'
  order by id
  on conflict (id) do nothing
  returning id
),
done as (
  select item from wanted join stored using (id)
  union all
  select min(item) from parsed join happened using (id) group by id
),
outcome as (
  select p.isolate as source, p.n,
    count(d.item) as stored,
    count(*) filter (where d.item is null and is_known) as duplicate,
    count(*) filter (where not is_known) as rejected
  from (
    select p.isolate, p.n, p.item,
      p.kind = 'event' or c.id is not null as is_known
    from parsed p
    left join clicks.campaigns c on c.id = p.campaign
  ) p
  left join done d using (item)
  cross join (select count(*) from capped) locked_before
  group by p.isolate, p.n
),
accounted as (select source, n, stored, duplicate, rejected, 0 as dead from outcome),

counted_sources as (
  insert into core.ingest_sources as s (stream, source, answered, items, messages, last_at)
  select $3::text, source, max(answered), sum(items), count(*), max(at)
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
  select $4::text, date_trunc('minute', f.at), coalesce(sum(f.items) filter (where not f.was_dead), 0),
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
  if $5 is not null then
    perform core.assert_settled();
  end if;
end
$function$;
comment on function clicks.hot_store_847e7d4b(jsonb,text,text,text,text,text,text,text,text) is 'Called by the last release only';

CREATE OR REPLACE FUNCTION clicks.hot_store_fed0f498(jsonb, text, integer, text, text, text, text, text, text, text)
 RETURNS TABLE(messages integer)
 LANGUAGE plpgsql
 SET plan_cache_mode TO 'force_generic_plan'
AS $function$
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
$function$;

CREATE OR REPLACE FUNCTION clicks.keep_version()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO ''
AS $function$
begin
  insert into clicks.campaign_versions (campaign_id, version, config)
  values (new.id, new.version, clicks.config_of(new.id));
  return null;
end
$function$;

CREATE OR REPLACE FUNCTION clicks.rule_holds(fact jsonb, op text, value jsonb)
 RETURNS boolean
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
AS $function$
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
$function$;

create schema core;
grant usage on schema core to lockstep_app;

create table core.alert_values (
  rule text not null,
  at timestamp with time zone not null,
  measured jsonb not null,
  constraint alert_values_rule_at_pk PRIMARY KEY (rule, at)
);
grant delete, insert, select on table core.alert_values to lockstep_app;

create table core.alerts (
  id bigint generated always as identity not null,
  rule text not null,
  labels jsonb not null,
  state text not null,
  severity text not null,
  since timestamp with time zone not null,
  seen_at timestamp with time zone not null,
  fired_at timestamp with time zone,
  clearing_since timestamp with time zone,
  ended_at timestamp with time zone,
  value double precision,
  peak double precision,
  count integer default 0 not null,
  why text,
  evidence jsonb default '[]'::jsonb not null,
  notified text,
  notified_severity text,
  notified_at timestamp with time zone,
  flapping boolean default false not null,
  acked_at timestamp with time zone,
  acked_by text,
  note text,
  constraint alerts_pkey PRIMARY KEY (id),
  constraint alerts_acked CHECK ((acked_at IS NULL) = (acked_by IS NULL)),
  constraint alerts_ended CHECK ((state = 'resolved'::text) = (ended_at IS NOT NULL)),
  constraint alerts_fired CHECK (state <> 'firing'::text OR fired_at IS NOT NULL),
  constraint alerts_notified CHECK (notified = ANY (ARRAY['firing'::text, 'unknown'::text, 'resolved'::text])),
  constraint alerts_severity CHECK (severity = ANY (ARRAY['warning'::text, 'critical'::text])),
  constraint alerts_state CHECK (state = ANY (ARRAY['pending'::text, 'firing'::text, 'unknown'::text, 'resolved'::text]))
);
CREATE UNIQUE INDEX alerts_open ON core.alerts USING btree (rule, labels) WHERE (ended_at IS NULL);
CREATE INDEX idx_alerts_ended ON core.alerts USING btree (ended_at) WHERE (ended_at IS NOT NULL);
CREATE INDEX idx_alerts_owing ON core.alerts USING btree (id) WHERE ((ended_at IS NOT NULL) AND (notified = ANY (ARRAY['firing'::text, 'unknown'::text])));
grant delete, insert, select, update on table core.alerts to lockstep_app;

create table core.dead_messages (
  id bigint generated always as identity not null,
  stream text not null,
  message text not null,
  source uuid,
  n integer,
  items integer,
  body text not null,
  reason text not null,
  attempts integer not null,
  created_at timestamp with time zone default now() not null,
  replayed_at timestamp with time zone,
  constraint dead_messages_pkey PRIMARY KEY (id)
);
CREATE UNIQUE INDEX dead_messages_message ON core.dead_messages USING btree (stream, message);
CREATE INDEX idx_dead_messages_stream ON core.dead_messages USING btree (stream, id) WHERE (replayed_at IS NULL);
comment on index core.idx_dead_messages_stream is 'the dead messages of a stream that wait for a replay';
grant delete, insert, select, update on table core.dead_messages to lockstep_app;

create table core.feed_positions (
  name text not null,
  xid xid8 not null,
  seq bigint not null,
  moved_at timestamp with time zone default now() not null,
  constraint feed_positions_pkey PRIMARY KEY (name)
);
grant insert, select, update on table core.feed_positions to lockstep_app;

create table core.idempotency_keys (
  id text not null,
  principal text not null,
  route text not null,
  body_hash text not null,
  outcome jsonb,
  created_at timestamp with time zone default now() not null,
  request_id text,
  xid xid8,
  constraint idempotency_keys_pkey PRIMARY KEY (id)
);
CREATE INDEX idx_idempotency_keys_created ON core.idempotency_keys USING btree (created_at);
comment on index core.idx_idempotency_keys_created is 'the removal of keys past their day';
CREATE INDEX idx_idempotency_keys_request ON core.idempotency_keys USING btree (request_id);
comment on index core.idx_idempotency_keys_request is 'the timeline of a request';
CREATE INDEX idx_idempotency_keys_xid ON core.idempotency_keys USING btree (((((xid)::text)::bigint & '4294967295'::bigint)));
comment on index core.idx_idempotency_keys_xid is 'the request that wrote a row, by the xmin of the row';
grant delete, insert, select, update on table core.idempotency_keys to lockstep_app;

create table core.ingest_messages (
  stream text not null,
  source uuid not null,
  n integer not null,
  at timestamp with time zone not null,
  answered bigint not null,
  items integer not null,
  dead boolean default false not null,
  received_at timestamp with time zone default now() not null,
  constraint ingest_messages_stream_source_n_pk PRIMARY KEY (stream, source, n),
  constraint ingest_messages_counts CHECK (n > 0 AND items > 0 AND answered >= items)
);
grant delete, insert, select, update on table core.ingest_messages to lockstep_app;

create table core.ingest_minutes (
  stream text not null,
  minute timestamp with time zone not null,
  items bigint default 0 not null,
  stored bigint default 0 not null,
  duplicate bigint default 0 not null,
  rejected bigint default 0 not null,
  dead bigint default 0 not null,
  missing bigint default 0 not null,
  constraint ingest_minutes_stream_minute_pk PRIMARY KEY (stream, minute),
  constraint ingest_minutes_accounted CHECK (items = (stored + duplicate + rejected + dead))
);
grant delete, insert, select, update on table core.ingest_minutes to lockstep_app;

create table core.ingest_sources (
  stream text not null,
  source uuid not null,
  answered bigint not null,
  items bigint not null,
  messages integer not null,
  last_at timestamp with time zone not null,
  received_at timestamp with time zone default now() not null,
  constraint ingest_sources_stream_source_pk PRIMARY KEY (stream, source),
  constraint ingest_sources_total CHECK (answered >= items)
);
CREATE INDEX idx_ingest_sources_incomplete ON core.ingest_sources USING btree (stream) WHERE (answered <> items);
comment on index core.idx_ingest_sources_incomplete is 'the gaps of a stream: few sources have one';
CREATE INDEX idx_ingest_sources_received ON core.ingest_sources USING btree (received_at);
comment on index core.idx_ingest_sources_received is 'the retention of messages, a whole source at a time';
grant delete, insert, select, update on table core.ingest_sources to lockstep_app;

create table core.job_pauses (
  id bigint generated always as identity not null,
  job text not null,
  since timestamp with time zone default now() not null,
  until timestamp with time zone not null,
  reason text not null,
  by text not null,
  ended_at timestamp with time zone,
  constraint job_pauses_pkey PRIMARY KEY (id),
  constraint job_pauses_day CHECK (until <= (since + '24:00:00'::interval))
);
CREATE INDEX idx_job_pauses_job ON core.job_pauses USING btree (job, until);
grant delete, insert, select, update on table core.job_pauses to lockstep_app;

create table core.job_runs (
  id bigint generated always as identity not null,
  job text not null,
  slot timestamp with time zone,
  trigger text not null,
  started_at timestamp with time zone not null,
  finished_at timestamp with time zone,
  outcome text default 'running'::text not null,
  rows bigint,
  detail jsonb,
  error text,
  round_trips integer,
  xid xid8,
  constraint job_runs_pkey PRIMARY KEY (id),
  constraint job_runs_finished CHECK ((outcome = 'running'::text) = (finished_at IS NULL)),
  constraint job_runs_outcome CHECK (outcome = ANY (ARRAY['running'::text, 'ok'::text, 'skipped'::text, 'failed'::text])),
  constraint job_runs_trigger CHECK (trigger = ANY (ARRAY['cron'::text, 'manual'::text]))
);
CREATE INDEX idx_job_runs_job_outcome ON core.job_runs USING btree (job, outcome, id);
comment on index core.idx_job_runs_job_outcome is 'the newest runs of one job with an outcome, such as its last success';
CREATE INDEX idx_job_runs_newest ON core.job_runs USING btree (job, id);
comment on index core.idx_job_runs_newest is 'the newest runs of one job';
CREATE INDEX idx_job_runs_outcome ON core.job_runs USING btree (outcome, id);
comment on index core.idx_job_runs_outcome is 'the newest runs of all jobs with an outcome, without those that found no work';
CREATE INDEX idx_job_runs_xid ON core.job_runs USING btree (((((xid)::text)::bigint & '4294967295'::bigint)));
comment on index core.idx_job_runs_xid is 'the run that wrote a row, by the xmin of the row';
grant delete, insert, select, update on table core.job_runs to lockstep_app;

create table core.job_slots (
  job text not null,
  slot timestamp with time zone not null,
  done_at timestamp with time zone default now() not null,
  constraint job_slots_job_slot_pk PRIMARY KEY (job, slot)
);
grant delete, insert, select on table core.job_slots to lockstep_app;

create table core.leases (
  name text not null,
  owner text not null,
  fence bigint not null,
  expires_at timestamp with time zone not null,
  constraint leases_pkey PRIMARY KEY (name)
);
grant insert, select, update on table core.leases to lockstep_app;

create table core.operator_actions (
  id bigint generated always as identity not null,
  at timestamp with time zone default now() not null,
  by text not null,
  action text not null,
  subject text not null,
  reason text,
  detail jsonb default '{}'::jsonb not null,
  constraint operator_actions_pkey PRIMARY KEY (id),
  constraint operator_actions_action CHECK (action ~ '^[a-z]+[.][a-z_]+$'::text)
);
CREATE INDEX idx_operator_actions_subject ON core.operator_actions USING btree (subject, id);
grant insert, select on table core.operator_actions to lockstep_app;

create table core.outbox (
  xid xid8 default core.reading_xid() not null,
  seq bigint generated always as identity not null,
  topic text not null,
  audience text,
  subject text not null,
  type text not null,
  data jsonb not null,
  created_at timestamp with time zone default now() not null,
  constraint outbox_xid_seq_pk PRIMARY KEY (xid, seq),
  constraint outbox_rules CHECK (core.check_outbox(outbox.*))
);
grant delete, insert, select on table core.outbox to lockstep_app;

create table core.partitioned (
  relation text not null,
  key text not null,
  every text not null,
  ahead integer not null,
  kept integer not null,
  folded_by text,
  constraint partitioned_pkey PRIMARY KEY (relation),
  constraint partitioned_ahead CHECK (ahead >= 1 AND ahead <= 60),
  constraint partitioned_every CHECK (every = ANY (ARRAY['day'::text, 'month'::text])),
  constraint partitioned_kept CHECK (kept >= 1 AND kept <= 1000),
  constraint partitioned_key CHECK (key = ANY (ARRAY['time'::text, 'id'::text])),
  constraint partitioned_relation_shape CHECK (relation ~ '^[a-z_]{1,30}[.][a-z][a-z0-9_]{0,49}$'::text)
);
grant select on table core.partitioned to lockstep_app;

create table core.query_marks (
  query_id bigint not null,
  name text not null,
  calls bigint not null,
  total_ms double precision not null,
  squares_ms double precision not null,
  rows bigint not null,
  blocks_hit bigint not null,
  blocks_read bigint not null,
  temp_bytes bigint not null,
  wal_bytes numeric not null,
  stats_since timestamp with time zone not null,
  read_at timestamp with time zone not null,
  constraint query_marks_pkey PRIMARY KEY (query_id)
);
grant delete, insert, select, update on table core.query_marks to lockstep_app;

create table core.query_reads (
  id smallint not null,
  read_at timestamp with time zone not null,
  removed bigint not null,
  evicted_at timestamp with time zone,
  statements integer not null,
  constraint query_reads_pkey PRIMARY KEY (id),
  constraint query_reads_one CHECK (id = 1)
);
grant delete, insert, select, update on table core.query_reads to lockstep_app;

create table core.query_stats (
  name text not null,
  minutes smallint not null,
  begins timestamp with time zone not null,
  calls bigint not null,
  total_ms double precision not null,
  squares_ms double precision not null,
  rows bigint not null,
  blocks_hit bigint not null,
  blocks_read bigint not null,
  temp_bytes bigint not null,
  wal_bytes numeric not null,
  resets integer not null,
  constraint query_stats_name_minutes_begins_pk PRIMARY KEY (name, minutes, begins),
  constraint query_stats_minutes CHECK (minutes = ANY (ARRAY[5, 60]))
);
CREATE INDEX idx_query_stats_begins ON core.query_stats USING btree (begins);
grant delete, insert, select, update on table core.query_stats to lockstep_app;

create table core.query_texts (
  query_id bigint not null,
  name text not null,
  text text not null,
  first_seen_at timestamp with time zone default now() not null,
  last_seen_at timestamp with time zone default now() not null,
  constraint query_texts_pkey PRIMARY KEY (query_id)
);
CREATE INDEX idx_query_texts_name ON core.query_texts USING btree (name);
grant delete, insert, select, update on table core.query_texts to lockstep_app;

create table core.relation_days (
  relation text not null,
  day date not null,
  bytes bigint not null,
  scans bigint,
  constraint relation_days_relation_day_pk PRIMARY KEY (relation, day)
);
grant delete, insert, select on table core.relation_days to lockstep_app;

create table core.schema_migrations (
  version integer not null,
  name text not null,
  checksum text not null,
  applied_at timestamp with time zone default now() not null,
  constraint schema_migrations_pkey PRIMARY KEY (version)
);
grant select on table core.schema_migrations to lockstep_app;

create table core.silences (
  id bigint generated always as identity not null,
  rule text,
  labels jsonb default '{}'::jsonb not null,
  reason text not null,
  by text not null,
  since timestamp with time zone default now() not null,
  until timestamp with time zone,
  ended_at timestamp with time zone,
  ended_by text,
  constraint silences_pkey PRIMARY KEY (id),
  constraint silences_ended CHECK ((ended_at IS NULL) = (ended_by IS NULL)),
  constraint silences_week CHECK (until <= (since + '7 days'::interval))
);
CREATE INDEX idx_silences_open ON core.silences USING btree (id) WHERE (ended_at IS NULL);
grant insert, select, update on table core.silences to lockstep_app;

create table core.source_writes (
  source text not null,
  shard integer not null,
  writes bigint not null,
  constraint source_writes_source_shard_pk PRIMARY KEY (source, shard)
);
grant select on table core.source_writes to lockstep_app;

create table core.view_recounts (
  view text not null,
  recounted_at timestamp with time zone not null,
  drift_keys bigint not null,
  constraint view_recounts_pkey PRIMARY KEY (view)
);
grant select on table core.view_recounts to lockstep_app;

create table core.view_refreshes (
  id bigint generated always as identity not null,
  view text not null,
  started_at timestamp with time zone not null,
  confirmed_at timestamp with time zone not null,
  duration_ms double precision not null,
  rows bigint not null,
  source_writes bigint,
  skipped integer default 0 not null,
  constraint view_refreshes_pkey PRIMARY KEY (id),
  constraint view_refreshes_confirmed_after_start CHECK (confirmed_at >= started_at)
);
CREATE INDEX idx_view_refreshes_view ON core.view_refreshes USING btree (view, id DESC);
comment on index core.idx_view_refreshes_view is 'the newest refresh of a view: its age, and whether its sources have moved since';
grant select on table core.view_refreshes to lockstep_app;

CREATE OR REPLACE FUNCTION core.assert_fresh(after xid8, bound interval)
 RETURNS void
 LANGUAGE plpgsql
 SET search_path TO ''
AS $function$
declare
  replayed_at timestamptz;
  behind boolean;
begin
  if after is not null then
    perform core.assert_replayed(after);
  end if;
  if not pg_catalog.pg_is_in_recovery() then
    return;
  end if;
  replayed_at := pg_catalog.pg_last_xact_replay_timestamp();
  behind := pg_catalog.pg_last_wal_receive_lsn() is distinct from pg_catalog.pg_last_wal_replay_lsn();
  if replayed_at is null
    or replayed_at < pg_catalog.clock_timestamp() - interval '150 seconds'
    or behind and replayed_at < pg_catalog.clock_timestamp() - bound
  then
    raise exception using errcode = 'LS021', message = 'this replica is older than its readers accept';
  end if;
end
$function$;

CREATE OR REPLACE FUNCTION core.assert_lease(lease_name text, lease_fence bigint)
 RETURNS void
 LANGUAGE plpgsql
 SET search_path TO ''
AS $function$
begin
  perform from core.leases l where l.name = lease_name and l.fence = lease_fence for share;
  if not found then
    raise exception using errcode = 'LS012', message = 'the lease has another holder';
  end if;
end
$function$;

CREATE OR REPLACE FUNCTION core.assert_not_paused(job_name text)
 RETURNS void
 LANGUAGE plpgsql
 SET search_path TO ''
AS $function$
begin
  if exists (
    select
    from core.job_pauses p
    where p.job = job_name
      and p.until > clock_timestamp()
      and p.ended_at is null
  ) then
    raise exception using errcode = 'LS013', message = 'this job is paused';
  end if;
end
$function$;

CREATE OR REPLACE FUNCTION core.assert_replayed(after xid8)
 RETURNS void
 LANGUAGE plpgsql
 SET search_path TO ''
AS $function$
declare
  seen pg_catalog.pg_snapshot := pg_catalog.pg_current_snapshot();
begin
  if after < pg_catalog.pg_snapshot_xmin(seen) then
    return;
  end if;
  if after >= pg_catalog.pg_snapshot_xmax(seen)
    or pg_catalog.pg_xact_status(after) = 'in progress'
    or pg_catalog.current_setting('transaction_isolation') <> 'read committed'
  then
    raise exception using errcode = 'LS020', message = 'this replica has not replayed that far';
  end if;
end
$function$;

CREATE OR REPLACE FUNCTION core.assert_settled()
 RETURNS void
 LANGUAGE plpgsql
 SET search_path TO ''
AS $function$
declare
  key text := nullif(current_setting('lockstep.key', true), '');
  run bigint := nullif(current_setting('lockstep.run', true), '')::bigint;
begin
  if exists (select from core.idempotency_keys k where k.id = key and k.outcome is null)
    or exists (select from core.job_runs r where r.id = run and r.outcome = 'running')
  then
    raise exception 'a statement with an effect did not settle its answer';
  end if;
end
$function$;

CREATE OR REPLACE FUNCTION core.assert_slot_open(job_name text, slot_at timestamp with time zone)
 RETURNS void
 LANGUAGE plpgsql
 SET search_path TO ''
AS $function$
begin
  if exists (select from core.job_slots s where s.job = job_name and s.slot = slot_at) then
    raise exception using errcode = 'LS011', message = 'this slot is done';
  end if;
end
$function$;

CREATE OR REPLACE FUNCTION core.begin_idempotent(key text, hash text, caller text, path text)
 RETURNS void
 LANGUAGE plpgsql
 SET search_path TO ''
AS $function$
declare
  kept record;
begin
  insert into core.idempotency_keys as k (id, principal, route, body_hash, request_id, xid)
  values (key, caller, split_part(path, '#', 1), hash, nullif(split_part(path, '#', 2), ''), pg_catalog.pg_current_xact_id())
  on conflict (id) do update
  set body_hash = excluded.body_hash, outcome = null, created_at = now(), request_id = excluded.request_id,
    xid = excluded.xid
  where k.created_at < now() - interval '24 hours';
  if found then
    perform set_config('lockstep.key', key, true);
    return;
  end if;
  -- The position of the first answer is the transaction that wrote it: xmin, whose upper half comes from the snapshot.
  select k.body_hash, k.outcome, s.next - ((s.next - k.xmin::text::bigint) & 4294967295) as position
  into kept
  from core.idempotency_keys k,
    lateral (select pg_catalog.pg_snapshot_xmax(pg_catalog.pg_current_snapshot())::text::bigint as next) s
  where k.id = key;
  if not found then
    raise exception using errcode = 'LS003', message = 'the key is being given up at this moment';
  end if;
  if kept.body_hash <> hash then
    raise exception using errcode = 'LS002', message = 'the key was used with another request';
  end if;
  raise exception using
    errcode = 'LS001',
    message = 'the key has its answer',
    column = kept.outcome::text,
    table = kept.position::text;
exception
  when lock_not_available then
    raise exception using errcode = 'LS003', message = 'the key is in use right now';
end
$function$;

CREATE OR REPLACE FUNCTION core.begin_run(job_name text, slot_at timestamp with time zone, fired_by text)
 RETURNS bigint
 LANGUAGE plpgsql
 SET search_path TO ''
AS $function$
declare
  run bigint;
begin
  insert into core.job_runs (job, slot, trigger, started_at, xid)
  values (job_name, slot_at, fired_by, clock_timestamp(), pg_catalog.pg_current_xact_id())
  returning id into run;
  perform set_config('lockstep.run', run::text, true);
  return run;
end
$function$;

CREATE OR REPLACE FUNCTION core.check_outbox(r core.outbox)
 RETURNS boolean
 LANGUAGE plpgsql
 IMMUTABLE
AS $function$
declare
  broken text;
begin
  broken := case
    when (r.audience ~ '^[a-z]{2,20}:[!-~]{1,128}$') is false then 'outbox_audience_shape'
    when (jsonb_typeof(r.data) = 'object') is false then 'outbox_data_is_object'
    when (char_length(r.subject) between 1 and 200) is false then 'outbox_subject_length'
    when (r.topic ~ '^[a-z]{2,20}$') is false then 'outbox_topic_shape'
    when (r.type ~ '^[a-z][a-z_.]{1,59}$') is false then 'outbox_type_shape'
  end;
  if broken is null then
    return true;
  end if;
  raise exception 'new row for relation "outbox" violates check constraint "%"', broken
    using errcode = 'check_violation', constraint = broken, schema = 'core', table = 'outbox';
end
$function$;

CREATE OR REPLACE FUNCTION core.count_writes()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
begin
  if tg_op <> 'TRUNCATE' then
    if not exists (select from changed) then
      return null;
    end if;
  end if;
  insert into core.source_writes as w (source, shard, writes)
  values (tg_table_schema || '.' || tg_table_name, pg_catalog.pg_backend_pid() % 16, 1)
  on conflict (source, shard) do update
  set writes = w.writes + 1;
  return null;
end
$function$;

CREATE OR REPLACE FUNCTION core.drop_partition(relation text, partition regclass, first_moment timestamp with time zone, next_moment timestamp with time zone)
 RETURNS void
 LANGUAGE plpgsql
 SET search_path TO ''
 SET lock_timeout TO '250ms'
AS $function$
#variable_conflict use_column
declare
  registered core.partitioned;
begin
  select * into strict registered from core.partitioned p where p.relation = drop_partition.relation;
  execute format('lock table only %s in access exclusive mode', registered.relation::regclass);
  execute format('lock table only %s in access exclusive mode', partition);
  if not core.is_folded(registered, first_moment, next_moment) then
    raise exception using errcode = 'LS030', message = 'a partition has rows that are not folded';
  end if;
  execute format('drop table %s', partition);
end
$function$;

CREATE OR REPLACE FUNCTION core.emit(topic text, audience text, subjects text[], types text[], bodies jsonb[])
 RETURNS void
 LANGUAGE sql
 SET search_path TO ''
AS $function$
  insert into core.outbox (topic, audience, subject, type, data)
  select topic, audience, e.subject, e.type, e.body
  from unnest(subjects, types, bodies) with ordinality as e (subject, type, body, place)
  order by e.place;
$function$;

CREATE OR REPLACE FUNCTION core.explain_query(bigint)
 RETURNS text
 LANGUAGE plpgsql
 SET search_path TO ''
AS $function$
declare
  line text;
  plan text := '';
begin
  for line in execute 'explain (generic_plan) ' || (select t.text from core.query_texts t where t.query_id = $1) loop
    plan := plan || line || e'\n';
  end loop;
  return nullif(plan, '');
exception
  when others then
    return null;
end
$function$;
revoke execute on function core.explain_query(bigint) from public;
grant execute on function core.explain_query(bigint) to lockstep_app;

CREATE OR REPLACE FUNCTION core.first_id(at timestamp with time zone)
 RETURNS uuid
 LANGUAGE sql
 IMMUTABLE STRICT
 SET search_path TO ''
AS $function$
  select rpad(lpad(to_hex(floor(extract(epoch from at) * 1000)::bigint), 12, '0'), 32, '0')::uuid
$function$;

CREATE OR REPLACE FUNCTION core.get_views_refresh_status()
 RETURNS TABLE(view text, populated boolean, last_refresh timestamp with time zone, confirmed_at timestamp with time zone, age_seconds double precision, duration_ms double precision, rows bigint, size_bytes bigint, pending_writes bigint, skipped integer)
 LANGUAGE sql
 STABLE
 SET search_path TO ''
AS $function$
  select
    n.nspname || '.' || c.relname,
    c.relispopulated,
    last.started_at,
    last.confirmed_at,
    extract(epoch from clock_timestamp() - last.confirmed_at)::float8,
    last.duration_ms,
    last.rows,
    pg_catalog.pg_total_relation_size(c.oid),
    core.writes_behind(c.oid) - last.source_writes,
    last.skipped
  from pg_catalog.pg_class c
  join pg_catalog.pg_namespace n on n.oid = c.relnamespace
  left join lateral (
    select *
    from core.view_refreshes v
    where v.view = n.nspname || '.' || c.relname
    order by v.id desc
    limit 1
  ) last on true
  where c.relkind = 'm'
  order by 1
$function$;

CREATE OR REPLACE FUNCTION core.is_folded(registered core.partitioned, first_moment timestamp with time zone, next_moment timestamp with time zone)
 RETURNS boolean
 LANGUAGE plpgsql
 SET search_path TO ''
AS $function$
declare
  folded boolean := true;
begin
  if registered.folded_by is not null then
    execute format('select %s($1, $2)', registered.folded_by::regproc) into folded using first_moment, next_moment;
  end if;
  return coalesce(folded, false);
end
$function$;

CREATE OR REPLACE FUNCTION core.iso(t timestamp with time zone)
 RETURNS text
 LANGUAGE sql
 STABLE PARALLEL SAFE
RETURN to_char((t AT TIME ZONE 'UTC'::text), 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'::text);

CREATE OR REPLACE FUNCTION core.keep_partitions()
 RETURNS TABLE(relation text, made integer, dropped integer, waiting integer, error text)
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
#variable_conflict use_column
declare
  registered core.partitioned;
  unit interval;
  today timestamp;
  partition record;
begin
  for registered in select * from core.partitioned p order by p.relation loop
    relation := registered.relation;
    made := 0;
    dropped := 0;
    waiting := 0;
    error := null;
    unit := ('1 ' || registered.every)::interval;
    today := date_trunc(registered.every, now() at time zone 'UTC');
    begin
      made := core.make_partitions(
        registered.relation,
        array(
          select (today + step * unit) at time zone 'UTC'
          from generate_series(0, registered.ahead) step
        )
      );

      -- Only a name that the keeper gave is taken, and the name says which time it holds.
      for partition in
        select named.oid, named.first_moment, (named.first_moment at time zone 'UTC' + unit) at time zone 'UTC' as next_moment
        from (
          select c.oid::regclass as oid,
            to_timestamp(rpad(substring(c.relname from '_(\d+)$'), 8, '01') || ' UTC', 'YYYYMMDD TZ') as first_moment,
            c.relname
          from pg_catalog.pg_inherits i
          join pg_catalog.pg_class c on c.oid = i.inhrelid
          where i.inhparent = registered.relation::regclass
            and c.relname ~ ('^' || split_part(registered.relation, '.', 2)
              || case registered.every when 'day' then '_\d{8}$' else '_\d{6}$' end)
        ) named
        where named.relname = core.partition_name(registered, named.first_moment)
          and named.first_moment < (today - registered.kept * unit) at time zone 'UTC'
        order by named.first_moment
        limit 12
      loop
        begin
          -- Asked first without a lock: an unfolded partition costs no reader a wait.
          if not core.is_folded(registered, partition.first_moment, partition.next_moment) then
            waiting := waiting + 1;
            continue;
          end if;
          perform core.drop_partition(registered.relation, partition.oid, partition.first_moment, partition.next_moment);
          dropped := dropped + 1;
        exception
          when lock_not_available or sqlstate 'LS030' then waiting := waiting + 1;
        end;
      end loop;
    exception
      when others then
        made := 0;
        dropped := 0;
        error := sqlstate || ' ' || sqlerrm;
    end;
    return next;
  end loop;
end
$function$;
revoke execute on function core.keep_partitions() from public;
grant execute on function core.keep_partitions() to lockstep_app;

CREATE OR REPLACE FUNCTION core.make_partition(relation text, at timestamp with time zone)
 RETURNS boolean
 LANGUAGE plpgsql
 SET search_path TO ''
AS $function$
#variable_conflict use_column
declare
  registered core.partitioned;
  first_moment timestamptz;
  next_moment timestamptz;
  partition_name text;
  schema_name text;
  bounds text[];
begin
  select * into strict registered from core.partitioned p where p.relation = make_partition.relation;
  first_moment := date_trunc(registered.every, at, 'UTC');
  next_moment := (first_moment at time zone 'UTC' + ('1 ' || registered.every)::interval) at time zone 'UTC';
  schema_name := split_part(registered.relation, '.', 1);
  partition_name := core.partition_name(registered, first_moment);

  perform pg_advisory_xact_lock(hashtextextended('partitions of ' || registered.relation, 0));
  -- Asked of the table and not of the catalog cache, which does not see what was made while this waited.
  if exists (
    select
    from pg_catalog.pg_inherits i
    join pg_catalog.pg_class c on c.oid = i.inhrelid
    where i.inhparent = registered.relation::regclass
      and c.relname = partition_name
  ) then
    return false;
  end if;

  bounds := case registered.key
    when 'id' then array[core.first_id(first_moment)::text, core.first_id(next_moment)::text]
    else array[first_moment::text, next_moment::text]
  end;
  execute format(
    'create table %I.%I (like %s including all excluding identity)',
    schema_name, partition_name, registered.relation::regclass
  );
  execute format(
    'alter table %s attach partition %I.%I for values from (%L) to (%L)',
    registered.relation::regclass, schema_name, partition_name, bounds[1], bounds[2]
  );
  return true;
end
$function$;

CREATE OR REPLACE FUNCTION core.make_partitions(relation text, moments timestamp with time zone[])
 RETURNS integer
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
#variable_conflict use_column
declare
  registered core.partitioned;
  unit interval;
  today timestamp;
  made integer;
begin
  select * into strict registered from core.partitioned p where p.relation = make_partitions.relation;
  unit := ('1 ' || registered.every)::interval;
  today := date_trunc(registered.every, now() at time zone 'UTC');

  select count(*) filter (where core.make_partition(registered.relation, wanted.first_moment))
  into made
  from (
    select distinct date_trunc(registered.every, moment, 'UTC') as first_moment
    from unnest(moments) moment
    where moment >= (today - registered.kept * unit) at time zone 'UTC'
      and moment < (today + (registered.ahead + 1) * unit) at time zone 'UTC'
    order by 1
  ) wanted;
  return made;
end
$function$;
revoke execute on function core.make_partitions(text,timestamp with time zone[]) from public;
grant execute on function core.make_partitions(text,timestamp with time zone[]) to lockstep_app;

CREATE OR REPLACE FUNCTION core.mark_horizon(tables regclass[], numbers regclass)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
  finished bigint;
  numbered bigint;
  writing bigint;
begin
  finished := pg_snapshot_xmax(pg_current_snapshot())::text::bigint - 1;
  numbered := coalesce(pg_sequence_last_value(numbers), 0);

  select min(finished + (((w.transactionid::text::bigint - finished + 2147483648) % 4294967296 + 4294967296) % 4294967296 - 2147483648))
  into writing
  from pg_locks l
  join pg_locks w on w.pid = l.pid and w.locktype = 'transactionid' and w.mode = 'ExclusiveLock' and w.granted
  where l.locktype = 'relation'
    and l.database = (select d.oid from pg_database d where d.datname = current_database())
    and l.mode = 'RowExclusiveLock'
    and l.granted
    and l.relation in (
      select p.relid from unnest(tables) t, pg_partition_tree(t) p
      union all
      select t from unnest(tables) t
      union all
      select numbers
    );

  perform set_config('lockstep.horizon', case
    when writing <= finished then writing || ' 0'
    else finished || ' ' || numbered + 1
  end, true);
end
$function$;
revoke execute on function core.mark_horizon(regclass[],regclass) from public;
grant execute on function core.mark_horizon(regclass[],regclass) to lockstep_app;

CREATE OR REPLACE FUNCTION core.own_statements()
 RETURNS TABLE(query_id bigint, name text, query text, calls bigint, total_ms double precision, squares_ms double precision, rows bigint, blocks_hit bigint, blocks_read bigint, temp_bytes bigint, wal_bytes numeric, stats_since timestamp with time zone, removed bigint)
 LANGUAGE plpgsql
 STABLE
 SET search_path TO ''
AS $function$
declare
  place text := (
    select n.nspname from pg_catalog.pg_extension e join pg_catalog.pg_namespace n on n.oid = e.extnamespace
    where e.extname = 'pg_stat_statements'
  );
begin
  if place is null then
    return;
  end if;
  return query execute pg_catalog.format($query$
    select s.queryid, pg_catalog.substring(s.query, '/\* ([a-z]+\.[a-z0-9_-]+) \*/'), s.query, s.calls,
      s.total_exec_time, (s.stddev_exec_time ^ 2 + s.mean_exec_time ^ 2) * s.calls, s.rows,
      s.shared_blks_hit, s.shared_blks_read, (s.temp_blks_read + s.temp_blks_written) * 8192, s.wal_bytes,
      s.stats_since, i.dealloc
    from %1$I.pg_stat_statements s
    cross join %1$I.pg_stat_statements_info i
    where s.toplevel
      and s.userid = (select oid from pg_catalog.pg_roles where rolname = current_user)
      and s.dbid = (select oid from pg_catalog.pg_database where datname = pg_catalog.current_database())
      and s.query ~ '^\s*(select|with|insert|update|delete|merge|values) /\* [a-z]+\.[a-z0-9_-]+ \*/'
  $query$, place);
exception
  when undefined_table or undefined_column or insufficient_privilege or object_not_in_prerequisite_state then
    return;
end
$function$;
revoke execute on function core.own_statements() from public;
grant execute on function core.own_statements() to lockstep_app;

CREATE OR REPLACE FUNCTION core.partition_name(registered core.partitioned, first_moment timestamp with time zone)
 RETURNS text
 LANGUAGE sql
 STABLE
 SET search_path TO ''
AS $function$
  select split_part(registered.relation, '.', 2) || '_' || to_char(
    first_moment at time zone 'UTC',
    case registered.every when 'day' then 'YYYYMMDD' else 'YYYYMM' end
  )
$function$;

CREATE OR REPLACE FUNCTION core.reading_xid()
 RETURNS xid8
 LANGUAGE plpgsql
 SET search_path TO ''
AS $function$
begin
  return greatest(
    pg_current_xact_id(),
    (pg_snapshot_xmax(pg_current_snapshot())::text::bigint - 1)::text::xid8
  );
end
$function$;

CREATE OR REPLACE FUNCTION core.recount_once(known core.view_refreshes, begun timestamp with time zone, counting text)
 RETURNS boolean
 LANGUAGE plpgsql
 SET search_path TO ''
AS $function$
declare
  differing bigint := core.recount_view(known.view);
  counted bigint;
begin
  if differing is not null then
    execute counting into counted;
    if counted = known.source_writes then
      insert into core.view_recounts as r (view, recounted_at, drift_keys)
      values (known.view, clock_timestamp(), differing)
      on conflict (view) do update
      set recounted_at = excluded.recounted_at, drift_keys = excluded.drift_keys;
    end if;
  end if;
  if differing > 0 then
    return false;
  end if;
  update core.view_refreshes v set confirmed_at = begun, skipped = v.skipped + 1 where v.id = known.id;
  return true;
end
$function$;

CREATE OR REPLACE FUNCTION core.recount_view(view_name text)
 RETURNS bigint
 LANGUAGE plpgsql
 SET search_path TO ''
AS $function$
declare
  begun timestamptz := clock_timestamp();
  compared text;
  differing bigint;
begin
  if not exists (
    select
    from (select * from core.view_refreshes v where v.view = view_name order by v.id desc limit 1) newest
    left join core.view_recounts r on r.view = view_name
    where greatest(newest.started_at, r.recounted_at) < begun - interval '1 day'
      and newest.duration_ms < 2000
      and not exists (select from core.view_recounts x where x.recounted_at >= now())
  ) then
    return null;
  end if;
  select string_agg(quote_ident(a.attname), ', ' order by a.attnum) into compared
  from pg_catalog.pg_attribute a
  where a.attrelid = view_name::regclass
    and a.attnum > 0
    and not a.attisdropped
    and a.atttypid not in ('real'::regtype, 'double precision'::regtype);
  execute format(
    'with expected as materialized (select %1$s from (%2$s) query),
    actual as materialized (select %1$s from %3$s)
    select greatest(
      (select count(*) from (table expected except all table actual) missing),
      (select count(*) from (table actual except all table expected) surplus)
    )',
    compared,
    rtrim(pg_get_viewdef(view_name::regclass), ';'),
    view_name::regclass
  ) into differing;
  return differing;
end
$function$;

CREATE OR REPLACE FUNCTION core.refresh_view(view_name text, max_age interval DEFAULT NULL::interval)
 RETURNS TABLE(view text, outcome text, rows bigint, duration_ms double precision, as_of timestamp with time zone)
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
  found_view record;
  known core.view_refreshes;
  begun timestamptz := clock_timestamp();
  counted bigint;
  seen bigint;
begin
  select c.oid as id, c.relispopulated as populated into found_view
  from pg_catalog.pg_class c
  where c.oid = to_regclass(view_name)
    and c.relkind = 'm';
  if not found then
    raise exception '% is no materialized view', view_name;
  end if;
  if not pg_try_advisory_xact_lock(hashtextextended('refresh ' || view_name, 0)) then
    return query select view_name, 'busy', null::bigint, null::float8, null::timestamptz;
    return;
  end if;
  counted := core.writes_behind(found_view.id);
  select * into known from core.view_refreshes v where v.view = view_name order by v.id desc limit 1;
  if found_view.populated
    and known.source_writes = counted
    and (max_age is null or known.started_at > begun - max_age)
  then
    if core.recount_once(known, begun, format('select core.writes_behind(%s)', found_view.id)) then
      return query select view_name, 'skipped', known.rows, 0::float8, begun;
      return;
    end if;
  end if;
  execute format(
    'refresh materialized view %s %s',
    case when found_view.populated then 'concurrently' else '' end,
    found_view.id::regclass
  );
  execute format('select count(*) from %s', found_view.id::regclass) into seen;
  delete from core.view_refreshes v where v.view = view_name and v.started_at < begun - interval '30 days';
  insert into core.view_refreshes as v (view, started_at, confirmed_at, duration_ms, rows, source_writes)
  values (view_name, begun, begun, extract(epoch from clock_timestamp() - begun) * 1000, seen, counted)
  returning v.* into known;
  return query select view_name, 'refreshed', known.rows, known.duration_ms, begun;
end
$function$;
revoke execute on function core.refresh_view(text,interval) from public;
grant execute on function core.refresh_view(text,interval) to lockstep_app;

CREATE OR REPLACE FUNCTION core.settled(answer jsonb)
 RETURNS jsonb
 LANGUAGE plpgsql
 SET search_path TO ''
AS $function$
declare
  key text := nullif(current_setting('lockstep.key', true), '');
  run bigint := nullif(current_setting('lockstep.run', true), '')::bigint;
begin
  if key is not null and answer ? 'again' then
    delete from core.idempotency_keys where id = key;
  elsif key is not null then
    update core.idempotency_keys set outcome = coalesce(answer, 'null') where id = key;
  end if;
  if run is not null then
    update core.job_runs
    set outcome = coalesce(answer ->> 'outcome', 'ok'),
        rows = (answer ->> 'rows')::bigint,
        error = answer ->> 'error',
        detail = answer - 'outcome' - 'rows' - 'error',
        finished_at = clock_timestamp(),
        round_trips = coalesce(nullif(current_setting('lockstep.trips', true), '')::integer, 1)
    where id = run;
  end if;
  if run is not null and answer ->> 'outcome' = 'failed' then
    delete from core.job_slots s using core.job_runs r where r.id = run and s.job = r.job and s.slot = r.slot;
  end if;
  return answer;
end
$function$;

CREATE OR REPLACE FUNCTION core.show_identities()
 RETURNS TABLE(relation text, left_share double precision)
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
  select n.nspname || '.' || t.relname,
    min(1 - coalesce(pg_catalog.pg_sequence_last_value(s.seqrelid), 0)::float8 / s.seqmax)
  from pg_catalog.pg_sequence s
  join pg_catalog.pg_depend d on d.classid = 'pg_catalog.pg_class'::regclass and d.objid = s.seqrelid
    and d.refclassid = 'pg_catalog.pg_class'::regclass and d.deptype in ('a', 'i')
  join pg_catalog.pg_class t on t.oid = d.refobjid
  join pg_catalog.pg_namespace n on n.oid = t.relnamespace
  group by 1
$function$;
revoke execute on function core.show_identities() from public;
grant execute on function core.show_identities() to lockstep_app;

CREATE OR REPLACE FUNCTION core.show_sessions()
 RETURNS TABLE(pid integer, role text, database text, application text, kind text, state text, wait text, waits_for_lock boolean, transaction_at timestamp with time zone, state_at timestamp with time zone, xmin_age bigint, own boolean)
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
  select
    a.pid,
    a.usename::text,
    a.datname::text,
    a.application_name,
    a.backend_type,
    a.state,
    a.wait_event_type || ': ' || a.wait_event,
    coalesce(a.wait_event_type = 'Lock', false),
    a.xact_start,
    a.state_change,
    pg_catalog.age(a.backend_xmin)::bigint,
    coalesce(a.usename = session_user, false)
  from pg_catalog.pg_stat_activity a
  where a.pid <> pg_catalog.pg_backend_pid()
$function$;
revoke execute on function core.show_sessions() from public;
grant execute on function core.show_sessions() to lockstep_app;

CREATE OR REPLACE FUNCTION core.slowest_reader(feed text)
 RETURNS TABLE(xid xid8, seq bigint)
 LANGUAGE sql
 STABLE
 SET search_path TO ''
AS $function$
  select p.xid, p.seq
  from core.feed_positions p
  where split_part(p.name, ':', 2) = feed
    and split_part(p.name, ':', 1) <> 'removed'
  order by p.xid, p.seq
  limit 1
$function$;

CREATE OR REPLACE FUNCTION core.take_lease(lease_name text, holder text, time_to_live interval)
 RETURNS bigint
 LANGUAGE plpgsql
 SET search_path TO ''
AS $function$
declare
  taken bigint;
begin
  insert into core.leases as l (name, owner, fence, expires_at)
  values (lease_name, holder, 1, clock_timestamp() + time_to_live)
  on conflict (name) do update
  set owner = excluded.owner, fence = l.fence + 1, expires_at = excluded.expires_at
  where l.expires_at <= clock_timestamp()
  returning l.fence into taken;
  if taken is null then
    raise exception using errcode = 'LS010', message = 'somebody else holds this lease';
  end if;
  return taken;
exception
  when lock_not_available then
    raise exception using errcode = 'LS010', message = 'the holder of this lease is writing';
end
$function$;

CREATE OR REPLACE FUNCTION core.take_lock(lock_id bigint)
 RETURNS void
 LANGUAGE plpgsql
 SET search_path TO ''
AS $function$
begin
  if not pg_catalog.pg_try_advisory_xact_lock(lock_id) then
    raise exception using errcode = 'LS010', message = 'somebody else holds this lock';
  end if;
end
$function$;

CREATE OR REPLACE FUNCTION core.take_lock_of(lock_id integer, thing integer)
 RETURNS void
 LANGUAGE plpgsql
 SET search_path TO ''
AS $function$
begin
  if not pg_catalog.pg_try_advisory_xact_lock(lock_id, thing) then
    raise exception using errcode = 'LS010', message = 'somebody else holds this lock';
  end if;
end
$function$;

CREATE OR REPLACE FUNCTION core.take_slot(job_name text, slot_at timestamp with time zone)
 RETURNS void
 LANGUAGE plpgsql
 SET search_path TO ''
AS $function$
begin
  insert into core.job_slots (job, slot) values (job_name, slot_at) on conflict do nothing;
  if not found then
    raise exception using errcode = 'LS011', message = 'this slot is done';
  end if;
end
$function$;

CREATE OR REPLACE FUNCTION core.writes_behind(view_id oid)
 RETURNS bigint
 LANGUAGE sql
 STABLE
 SET search_path TO ''
AS $function$
  with sources as (
    select distinct d.refobjid as id
    from pg_catalog.pg_rewrite r
    join pg_catalog.pg_depend d on d.classid = 'pg_catalog.pg_rewrite'::regclass and d.objid = r.oid
    where r.ev_class = view_id
      and d.refclassid = 'pg_catalog.pg_class'::regclass
      and d.refobjid <> view_id
  ),
  counted as (
    select
      exists (
        select from pg_catalog.pg_trigger t
        where t.tgrelid = s.id
          and t.tgfoid = 'core.count_writes()'::regprocedure
      ) as is_counted,
      (select sum(w.writes) from core.source_writes w where w.source = n.nspname || '.' || c.relname) as writes
    from sources s
    join pg_catalog.pg_class c on c.oid = s.id
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
  )
  select case when bool_and(is_counted) then coalesce(sum(writes), 0)::bigint end
  from counted
$function$;

create schema dispatch;
grant usage on schema dispatch to lockstep_app;

create table dispatch.couriers (
  id bigint generated always as identity not null,
  name text not null,
  capacity_boxes integer default 8 not null,
  held_boxes integer default 0 not null,
  available boolean default false not null,
  last_lat double precision,
  last_lng double precision,
  last_seen_at timestamp with time zone,
  zone text,
  version integer default 1 not null,
  created_at timestamp with time zone default now() not null,
  constraint couriers_pkey PRIMARY KEY (id),
  constraint couriers_rules CHECK (dispatch.check_couriers(couriers.*))
);
CREATE TRIGGER couriers_never_step_back BEFORE UPDATE ON dispatch.couriers FOR EACH ROW EXECUTE FUNCTION dispatch.refuse_older_version();
grant insert, select, update on table dispatch.couriers to lockstep_app;

create table dispatch.lost_claims (
  order_id bigint not null,
  courier_id bigint not null,
  times integer default 1 not null,
  last_at timestamp with time zone default now() not null,
  constraint lost_claims_pkey PRIMARY KEY (order_id, courier_id),
  constraint lost_claims_times_positive CHECK (times >= 1)
);
CREATE INDEX idx_lost_claims_recent ON dispatch.lost_claims USING btree (last_at);
comment on index dispatch.idx_lost_claims_recent is 'lost claims of the last hours in GET /v1/dispatch/stats, and the removal of old ones';
grant insert, select, update on table dispatch.lost_claims to lockstep_app;

create table dispatch.order_events (
  id bigint generated always as identity not null,
  order_id bigint not null,
  type text not null,
  from_status text,
  to_status text not null,
  actor_role text not null,
  actor_id text,
  courier_id bigint,
  fence bigint not null,
  data jsonb default '{}'::jsonb not null,
  xid xid8 default core.reading_xid() not null,
  created_at timestamp with time zone default now() not null,
  constraint order_events_pkey PRIMARY KEY (id),
  constraint order_events_rules CHECK (dispatch.check_order_events(order_events.*)),
  constraint order_events_order_id_orders_id_fk FOREIGN KEY (order_id) REFERENCES dispatch.orders(id)
);
CREATE INDEX idx_order_events_feed ON dispatch.order_events USING btree (xid, id);
comment on index dispatch.idx_order_events_feed is 'GET /v1/dispatch/events after a cursor';
CREATE INDEX idx_order_events_order ON dispatch.order_events USING btree (order_id, created_at DESC, id DESC);
comment on index dispatch.idx_order_events_order is 'GET /v1/dispatch/orders/{id}/events';
CREATE INDEX idx_order_events_recent ON dispatch.order_events USING btree (created_at);
comment on index dispatch.idx_order_events_recent is 'events of the last hour, over all orders, and the removal of old ones';
grant insert, select on table dispatch.order_events to lockstep_app;

create table dispatch.order_exclusions (
  order_id bigint not null,
  courier_id bigint not null,
  reason text not null,
  created_at timestamp with time zone default now() not null,
  constraint order_exclusions_pkey PRIMARY KEY (order_id, courier_id),
  constraint order_exclusions_reason_length CHECK (char_length(reason) >= 1 AND char_length(reason) <= 500),
  constraint order_exclusions_courier_id_couriers_id_fk FOREIGN KEY (courier_id) REFERENCES dispatch.couriers(id),
  constraint order_exclusions_order_id_orders_id_fk FOREIGN KEY (order_id) REFERENCES dispatch.orders(id)
);
CREATE INDEX idx_order_exclusions_courier ON dispatch.order_exclusions USING btree (courier_id, order_id);
comment on index dispatch.idx_order_exclusions_courier is 'what claim-next must not offer this courier';
grant insert, select on table dispatch.order_exclusions to lockstep_app;

create table dispatch.orders (
  id bigint generated always as identity not null,
  store_id bigint not null,
  status text default 'new'::text not null,
  courier_id bigint,
  pickup_address text not null,
  delivery_address text not null,
  recipient_name text not null,
  phone text not null,
  boxes_count integer not null,
  price_minor bigint not null,
  currency character(3) default 'USD'::bpchar not null,
  pickup_lat double precision,
  pickup_lng double precision,
  delivery_lat double precision,
  delivery_lng double precision,
  ready_at timestamp with time zone,
  due_at timestamp with time zone,
  assigned_at timestamp with time zone,
  accepted_at timestamp with time zone,
  picked_up_at timestamp with time zone,
  delivered_at timestamp with time zone,
  canceled_at timestamp with time zone,
  lease_expires_at timestamp with time zone,
  fence bigint default 0 not null,
  attempts integer default 0 not null,
  failure_reason text,
  version integer default 1 not null,
  created_at timestamp with time zone default now() not null,
  settled_at timestamp with time zone,
  constraint orders_pkey PRIMARY KEY (id),
  constraint orders_rules CHECK (dispatch.check_orders(orders.*)),
  constraint orders_courier_id_couriers_id_fk FOREIGN KEY (courier_id) REFERENCES dispatch.couriers(id),
  constraint orders_store_id_stores_id_fk FOREIGN KEY (store_id) REFERENCES dispatch.stores(id)
) with (fillfactor=85, autovacuum_vacuum_scale_factor=0.01, autovacuum_vacuum_insert_scale_factor=0.05);
CREATE INDEX idx_orders_active ON dispatch.orders USING btree (created_at DESC) WHERE (status = ANY (ARRAY['new'::text, 'assigned'::text, 'accepted'::text, 'picked_up'::text]));
comment on index dispatch.idx_orders_active is 'live orders of every status, newest first';
CREATE INDEX idx_orders_claimable ON dispatch.orders USING btree (id) WHERE ((status = 'new'::text) AND (courier_id IS NULL));
comment on index dispatch.idx_orders_claimable is 'POST /v1/dispatch/orders/claim-next, oldest first';
CREATE INDEX idx_orders_courier ON dispatch.orders USING btree (courier_id, status, created_at DESC, id DESC) WHERE (courier_id IS NOT NULL);
comment on index dispatch.idx_orders_courier is 'GET /v1/dispatch/couriers/{id}/orders';
CREATE INDEX idx_orders_created_brin ON dispatch.orders USING brin (created_at) WITH (pages_per_range='128', autosummarize='on');
comment on index dispatch.idx_orders_created_brin is 'GET /v1/dispatch/stats/days';
CREATE INDEX idx_orders_leases ON dispatch.orders USING btree (lease_expires_at) WHERE (status = 'assigned'::text);
comment on index dispatch.idx_orders_leases is 'the sweep of leases that ran out';
CREATE INDEX idx_orders_list ON dispatch.orders USING btree (status, created_at DESC, id DESC);
comment on index dispatch.idx_orders_list is 'GET /v1/dispatch/orders?status=, newest first';
CREATE INDEX idx_orders_near ON dispatch.orders USING gist (dispatch.on_sphere(pickup_lat, pickup_lng)) WHERE ((status = 'new'::text) AND (courier_id IS NULL) AND (pickup_lat IS NOT NULL));
comment on index dispatch.idx_orders_near is 'POST /v1/dispatch/orders/claim-next, nearest first';
CREATE INDEX idx_orders_store ON dispatch.orders USING btree (store_id, status, created_at DESC, id DESC);
comment on index dispatch.idx_orders_store is 'GET /v1/dispatch/orders of one store, newest first';
CREATE INDEX idx_orders_unsettled ON dispatch.orders USING btree (delivered_at) WHERE ((status = 'delivered'::text) AND (settled_at IS NULL));
comment on index dispatch.idx_orders_unsettled is 'deliveries whose time to be undone is over';
CREATE TRIGGER orders_never_step_back BEFORE UPDATE ON dispatch.orders FOR EACH ROW EXECUTE FUNCTION dispatch.refuse_step_back();
grant insert, select, update on table dispatch.orders to lockstep_app;

create table dispatch.stores (
  id bigint generated always as identity not null,
  name text not null,
  pickup_address text not null,
  lat double precision,
  lng double precision,
  box_limit integer,
  opens_at time without time zone,
  closes_at time without time zone,
  time_zone text default 'UTC'::text not null,
  version integer default 1 not null,
  created_at timestamp with time zone default now() not null,
  constraint stores_pkey PRIMARY KEY (id),
  constraint stores_box_limit_range CHECK (box_limit >= 1 AND box_limit <= 200),
  constraint stores_hours_both_or_neither CHECK ((opens_at IS NULL) = (closes_at IS NULL)),
  constraint stores_name_length CHECK (char_length(name) >= 1 AND char_length(name) <= 200),
  constraint stores_on_earth CHECK (num_nulls(lat, lng) <> 1 AND lat >= '-90'::integer::double precision AND lat <= 90::double precision AND lng >= '-180'::integer::double precision AND lng <= 180::double precision),
  constraint stores_pickup_address_length CHECK (char_length(pickup_address) >= 1 AND char_length(pickup_address) <= 300),
  constraint stores_time_zone_known CHECK (('2000-01-01 00:00:00+00'::timestamp with time zone AT TIME ZONE time_zone) IS NOT NULL),
  constraint stores_version_positive CHECK (version >= 1)
);
grant insert, select, update on table dispatch.stores to lockstep_app;

CREATE OR REPLACE FUNCTION dispatch.check_couriers(r dispatch.couriers)
 RETURNS boolean
 LANGUAGE plpgsql
 IMMUTABLE
AS $function$
declare
  broken text;
begin
  broken := case
    when (r.capacity_boxes between 1 and 1000) is false then 'couriers_capacity_range'
    when (r.held_boxes >= 0) is false then 'couriers_held_not_negative'
    when (r.held_boxes <= r.capacity_boxes) is false then 'couriers_held_within_capacity'
    when (char_length(r.name) between 1 and 200) is false then 'couriers_name_length'
    when (num_nulls(r.last_lat, r.last_lng) <> 1 and r.last_lat between -90 and 90 and r.last_lng between -180 and 180) is false then 'couriers_on_earth'
    when (r.version >= 1) is false then 'couriers_version_positive'
    when (char_length(r.zone) between 1 and 100) is false then 'couriers_zone_length'
  end;
  if broken is null then
    return true;
  end if;
  raise exception 'new row for relation "couriers" violates check constraint "%"', broken
    using errcode = 'check_violation', constraint = broken, schema = 'dispatch', table = 'couriers';
end
$function$;

CREATE OR REPLACE FUNCTION dispatch.check_order_events(r dispatch.order_events)
 RETURNS boolean
 LANGUAGE plpgsql
 IMMUTABLE
AS $function$
declare
  broken text;
begin
  broken := case
    when (r.actor_role in ('admin', 'store', 'courier', 'system')) is false then 'order_events_actor_role_known'
    when (jsonb_typeof(r.data) = 'object') is false then 'order_events_data_is_object'
    when (r.fence >= 0) is false then 'order_events_fence_not_negative'
    when (r.from_status in ('new', 'assigned', 'accepted', 'picked_up', 'delivered', 'canceled', 'failed', 'returned')) is false then 'order_events_from_status_known'
    when ((r.actor_role = 'system') = (r.actor_id is null)) is false then 'order_events_system_is_nobody'
    when (r.to_status in ('new', 'assigned', 'accepted', 'picked_up', 'delivered', 'canceled', 'failed', 'returned')) is false then 'order_events_to_status_known'
    when (r.type ~ '^[a-z][a-z_]{0,39}$') is false then 'order_events_type_shape'
  end;
  if broken is null then
    return true;
  end if;
  raise exception 'new row for relation "order_events" violates check constraint "%"', broken
    using errcode = 'check_violation', constraint = broken, schema = 'dispatch', table = 'order_events';
end
$function$;

CREATE OR REPLACE FUNCTION dispatch.check_orders(r dispatch.orders)
 RETURNS boolean
 LANGUAGE plpgsql
 IMMUTABLE
AS $function$
declare
  broken text;
begin
  broken := case
    when (case when r.status in ('new', 'assigned') then r.accepted_at is null
      when r.status = 'canceled' then r.accepted_at is null or r.assigned_at is not null
      else r.accepted_at is not null end) is false then 'orders_accepted_at_with_status'
    when ((r.assigned_at is not null) = (r.courier_id is not null)) is false then 'orders_assigned_at_with_courier'
    when (r.boxes_count between 1 and 200) is false then 'orders_boxes_range'
    when ((r.canceled_at is not null) = (r.status = 'canceled')) is false then 'orders_canceled_at_with_status'
    when (case r.status when 'new' then r.courier_id is null when 'canceled' then true else r.courier_id is not null end) is false then 'orders_courier_with_status'
    when (r.currency ~ '^[A-Z]{3}$') is false then 'orders_currency_iso'
    when ((r.delivered_at is not null) = (r.status = 'delivered')) is false then 'orders_delivered_at_with_status'
    when (char_length(r.delivery_address) between 1 and 300) is false then 'orders_delivery_address_length'
    when (num_nulls(r.delivery_lat, r.delivery_lng) <> 1 and r.delivery_lat between -90 and 90 and r.delivery_lng between -180 and 180) is false then 'orders_delivery_on_earth'
    when (r.due_at >= r.ready_at) is false then 'orders_due_not_before_ready'
    when (r.attempts >= (r.failure_reason is not null)::int) is false then 'orders_failure_counted'
    when (char_length(r.failure_reason) between 1 and 500) is false then 'orders_failure_reason_length'
    when (case when r.status in ('failed', 'returned') then r.failure_reason is not null
      when r.status = 'canceled' then true
      else r.failure_reason is null end) is false then 'orders_failure_reason_with_status'
    when (r.fence >= (r.courier_id is not null)::int) is false then 'orders_fence_with_courier'
    when ((r.lease_expires_at is not null) = (r.status = 'assigned')) is false then 'orders_lease_with_status'
    when (char_length(r.phone) between 1 and 40) is false then 'orders_phone_length'
    when (case when r.status in ('new', 'assigned', 'accepted') then r.picked_up_at is null
      when r.status = 'canceled' then r.picked_up_at is null or r.accepted_at is not null
      else r.picked_up_at is not null end) is false then 'orders_picked_up_at_with_status'
    when (char_length(r.pickup_address) between 1 and 300) is false then 'orders_pickup_address_length'
    when (num_nulls(r.pickup_lat, r.pickup_lng) <> 1 and r.pickup_lat between -90 and 90 and r.pickup_lng between -180 and 180) is false then 'orders_pickup_on_earth'
    when (r.price_minor >= 0) is false then 'orders_price_not_negative'
    when (char_length(r.recipient_name) between 1 and 200) is false then 'orders_recipient_name_length'
    when (r.settled_at is null or r.status = 'delivered') is false then 'orders_settled_at_with_status'
    when (r.status in ('new', 'assigned', 'accepted', 'picked_up', 'delivered', 'canceled', 'failed', 'returned')) is false then 'orders_status_known'
    when (r.version >= 1) is false then 'orders_version_positive'
  end;
  if broken is null then
    return true;
  end if;
  raise exception 'new row for relation "orders" violates check constraint "%"', broken
    using errcode = 'check_violation', constraint = broken, schema = 'dispatch', table = 'orders';
end
$function$;

CREATE OR REPLACE FUNCTION dispatch.hot_accepted_568a2dcc(bigint, bigint, bigint, bigint, text[], text, text, text, text, bigint, text, bigint, bigint, bigint, bigint, bigint, bigint, text[], text, text, text, text, text, text)
 RETURNS TABLE(outcome jsonb, "position" text)
 LANGUAGE plpgsql
 SET plan_cache_mode TO 'force_generic_plan'
AS $function$
#variable_conflict use_column
declare
  ignored record;
begin
  if $24 is not null then
    perform set_config('app.tenant_id', $24, true);
  end if;
  if $20 is not null then
    perform core.begin_idempotent($20, $21, $22, $23);
  end if;
  return query with seen as materialized (
  select o.status, o.courier_id, o.fence, o.lease_expires_at
  from dispatch.orders o
  where o.id = $1
),
wanted as (
  
  select o.id, o.status, o.boxes_count
  from dispatch.orders o
  where o.id = $2
    and o.courier_id = $3
    and o.fence = $4
    and o.status = any ($5::text[])
    and (o.lease_expires_at is null or o.lease_expires_at > now())
  for update
),

moved as (
  update dispatch.orders o
  set status = $6,
      accepted_at = now(), lease_expires_at = null,
      version = o.version + 1
  from wanted
  where o.id = wanted.id
  returning o.*, wanted.status as from_status
),

logged as (
  insert into dispatch.order_events (order_id, type, from_status, to_status, actor_role, actor_id, courier_id, fence, data)
  select moved.id, $7, moved.from_status, moved.status, $8, $9,
    $10::bigint, moved.fence, jsonb_strip_nulls(jsonb_build_object('reason', $11::text))
  from moved)
select core.settled(case
  when exists (select from moved)
    then (select jsonb_build_object('ok', true, 'order', (
    select to_jsonb(shown)
    from (
      select o.id,
        o.store_id as "storeId",
        o.status,
        o.courier_id as "courierId",
        o.pickup_address as "pickupAddress",
        o.delivery_address as "deliveryAddress",
        o.boxes_count as "boxesCount",
        o.price_minor as "priceMinor",
        o.currency,
        core.iso(o.ready_at) as "readyAt",
        core.iso(o.due_at) as "dueAt",
        case
          when o.lease_expires_at is not null
          then jsonb_build_object('expiresAt', core.iso(o.lease_expires_at), 'fence', o.fence)
        end as lease,
        o.fence,
        o.version,
        core.iso(o.created_at) as "createdAt",
        o.recipient_name as "recipientName",
        o.phone,
        o.pickup_lat as "pickupLat",
        o.pickup_lng as "pickupLng",
        o.delivery_lat as "deliveryLat",
        o.delivery_lng as "deliveryLng",
        core.iso(o.assigned_at) as "assignedAt",
        core.iso(o.accepted_at) as "acceptedAt",
        core.iso(o.picked_up_at) as "pickedUpAt",
        core.iso(o.delivered_at) as "deliveredAt",
        core.iso(o.canceled_at) as "canceledAt",
        core.iso(o.settled_at) as "settledAt",
        o.attempts,
        o.failure_reason as "failureReason"
    ) shown
  ) - case
    when o.courier_id = $12::bigint then '{}'::text[]
    else '{recipientName,phone}'
  end) from moved o)
  when seen.courier_id is distinct from $13 and not exists (
    select from dispatch.order_events e where e.order_id = $14 and e.courier_id = $15
  ) then jsonb_build_object('ok', false, 'reason', 'not_found', 'detail', 'You hold no such order')
  when seen.fence <> $16 or seen.courier_id <> $17
    then jsonb_build_object('ok', false, 'reason', 'stale_fence')
  when seen.status <> all ($18::text[])
    then jsonb_build_object('ok', false, 'reason', 'illegal_transition', 'from', seen.status, 'to', $19::text)
  when seen.lease_expires_at <= now()
    then jsonb_build_object('ok', false, 'reason', 'lease_expired')
  else jsonb_build_object('ok', false, 'reason', 'order_busy', 'again', true)
end) as outcome, pg_current_xact_id_if_assigned()::text as position
from (select) as always
left join seen on true;
  if $20 is not null then
    perform core.assert_settled();
  end if;
end
$function$;

CREATE OR REPLACE FUNCTION dispatch.hot_claim_d4ce3f3c(bigint, bigint, bigint, bigint, bigint, bigint, text, boolean, boolean, double precision, text, text, text, bigint, text, bigint, text, text, bigint, bigint, bigint, text, text, text, text, text)
 RETURNS TABLE(outcome jsonb, "position" text)
 LANGUAGE plpgsql
 SET plan_cache_mode TO 'force_generic_plan'
AS $function$
#variable_conflict use_column
declare
  ignored record;
begin
  if $26 is not null then
    perform set_config('app.tenant_id', $26, true);
  end if;
  if $22 is not null then
    perform core.begin_idempotent($22, $23, $24, $25);
  end if;
  return query with seen as materialized (
  select o.status, o.version, o.lease_expires_at, x.order_id is not null as excluded,
    o.courier_id is not distinct from $1::bigint as own
  from dispatch.orders o
  left join dispatch.order_exclusions x on x.order_id = o.id and x.courier_id = $2
  where o.id = $3
),
wanted as (
  
  select o.*
  from dispatch.orders o
  where o.id = $4
    and (o.status = 'new' or o.courier_id = $5 and (o.status = 'accepted' or o.lease_expires_at > now()))
    and not (select excluded from seen)
  for update
),
carrier as (
  update dispatch.couriers c
  set held_boxes = c.held_boxes + wanted.boxes_count
  from wanted, seen
  where wanted.status = 'new'
    and c.id = $6
    and c.available
    and c.held_boxes + wanted.boxes_count <= c.capacity_boxes
    and wanted.version = seen.version
  returning c.id
),
claimed as (
  update dispatch.orders o
  set status = $7,
      courier_id = carrier.id,
      assigned_at = now(),
      accepted_at = case when $8::boolean then now() end,
      lease_expires_at = case when not $9::boolean then now() + make_interval(secs => $10) end,
      fence = o.fence + 1,
      version = o.version + 1
  from wanted, carrier
  where o.id = wanted.id
  returning o.*
),
logged as (
  insert into dispatch.order_events (order_id, type, from_status, to_status, actor_role, actor_id, courier_id, fence, data)
  select claimed.id, $11, 'new', claimed.status, $12, $13,
    claimed.courier_id, claimed.fence, '{}'::jsonb
  from claimed),
decided as materialized (
  select case
    when exists (select from claimed)
      then (select jsonb_build_object('ok', true, 'order', (
    select to_jsonb(shown)
    from (
      select o.id,
        o.store_id as "storeId",
        o.status,
        o.courier_id as "courierId",
        o.pickup_address as "pickupAddress",
        o.delivery_address as "deliveryAddress",
        o.boxes_count as "boxesCount",
        o.price_minor as "priceMinor",
        o.currency,
        core.iso(o.ready_at) as "readyAt",
        core.iso(o.due_at) as "dueAt",
        case
          when o.lease_expires_at is not null
          then jsonb_build_object('expiresAt', core.iso(o.lease_expires_at), 'fence', o.fence)
        end as lease,
        o.fence,
        o.version,
        core.iso(o.created_at) as "createdAt",
        o.recipient_name as "recipientName",
        o.phone,
        o.pickup_lat as "pickupLat",
        o.pickup_lng as "pickupLng",
        o.delivery_lat as "deliveryLat",
        o.delivery_lng as "deliveryLng",
        core.iso(o.assigned_at) as "assignedAt",
        core.iso(o.accepted_at) as "acceptedAt",
        core.iso(o.picked_up_at) as "pickedUpAt",
        core.iso(o.delivered_at) as "deliveredAt",
        core.iso(o.canceled_at) as "canceledAt",
        core.iso(o.settled_at) as "settledAt",
        o.attempts,
        o.failure_reason as "failureReason"
    ) shown
  ) - case
    when o.courier_id = $14::bigint then '{}'::text[]
    else '{recipientName,phone}'
  end) from claimed o)
    when seen.status is null
      then jsonb_build_object('ok', false, 'reason', 'not_found', 'detail', 'There is no such order')
    when wanted.status = $15
      then (select jsonb_build_object('ok', true, 'order', (
    select to_jsonb(shown)
    from (
      select o.id,
        o.store_id as "storeId",
        o.status,
        o.courier_id as "courierId",
        o.pickup_address as "pickupAddress",
        o.delivery_address as "deliveryAddress",
        o.boxes_count as "boxesCount",
        o.price_minor as "priceMinor",
        o.currency,
        core.iso(o.ready_at) as "readyAt",
        core.iso(o.due_at) as "dueAt",
        case
          when o.lease_expires_at is not null
          then jsonb_build_object('expiresAt', core.iso(o.lease_expires_at), 'fence', o.fence)
        end as lease,
        o.fence,
        o.version,
        core.iso(o.created_at) as "createdAt",
        o.recipient_name as "recipientName",
        o.phone,
        o.pickup_lat as "pickupLat",
        o.pickup_lng as "pickupLng",
        o.delivery_lat as "deliveryLat",
        o.delivery_lng as "deliveryLng",
        core.iso(o.assigned_at) as "assignedAt",
        core.iso(o.accepted_at) as "acceptedAt",
        core.iso(o.picked_up_at) as "pickedUpAt",
        core.iso(o.delivered_at) as "deliveredAt",
        core.iso(o.canceled_at) as "canceledAt",
        core.iso(o.settled_at) as "settledAt",
        o.attempts,
        o.failure_reason as "failureReason"
    ) shown
  ) - case
    when o.courier_id = $16::bigint then '{}'::text[]
    else '{recipientName,phone}'
  end) from wanted o)
    when wanted.status <> 'new'
      then jsonb_build_object('ok', false, 'reason', 'illegal_transition', 'from', wanted.status, 'to', $17::text)
    when wanted.version <> seen.version or seen.status = 'assigned' and seen.lease_expires_at <= now()
      then jsonb_build_object('ok', false, 'reason', 'order_busy', 'again', true)
    when seen.own
      then jsonb_build_object('ok', false, 'reason', 'illegal_transition', 'from', seen.status, 'to', $18::text)
    when seen.excluded
      then jsonb_build_object('ok', false, 'reason', 'excluded')
    when wanted.id is null
      then jsonb_build_object('ok', false, 'reason', 'order_taken')
    when c.available is not true
      then jsonb_build_object('ok', false, 'reason', 'courier_unavailable')
    when c.held_boxes + wanted.boxes_count > c.capacity_boxes
      then jsonb_build_object('ok', false, 'reason', 'courier_at_capacity', 'capacityBoxes', c.capacity_boxes)
    else jsonb_build_object('ok', false, 'reason', 'order_busy', 'again', true)
  end as outcome
  from (select) as always
  left join seen on true
  left join wanted on true
  left join dispatch.couriers c on c.id = $19
),
lost as (
  insert into dispatch.lost_claims as l (order_id, courier_id)
  select $20, $21
  from decided
  where outcome ->> 'reason' = 'order_taken'
  on conflict (order_id, courier_id) do update
  set times = l.times + 1, last_at = now()
)
select core.settled(outcome) as outcome, pg_current_xact_id_if_assigned()::text as position
from decided;
  if $22 is not null then
    perform core.assert_settled();
  end if;
end
$function$;

CREATE OR REPLACE FUNCTION dispatch.hot_claim_next_f4778fda(bigint, bigint, bigint, bigint, bigint, bigint, bigint, bigint, bigint, bigint, text, boolean, boolean, double precision, text, text, text, bigint, bigint, bigint, text, text, text, text, text)
 RETURNS TABLE(outcome jsonb, "position" text)
 LANGUAGE plpgsql
 SET plan_cache_mode TO 'force_generic_plan'
AS $function$
#variable_conflict use_column
declare
  ignored record;
begin
  if $25 is not null then
    perform set_config('app.tenant_id', $25, true);
  end if;
  if $21 is not null then
    perform core.begin_idempotent($21, $22, $23, $24);
  end if;
  return query with me as materialized (
  select c.available,
    c.capacity_boxes - c.held_boxes as room,
    dispatch.on_sphere(c.last_lat, c.last_lng) as at
  from dispatch.couriers c
  where c.id = $1
),
nearest as (
  select o.id, o.boxes_count, o.version
  from dispatch.orders o
  where (select available and at is not null from me)
    and o.pickup_lat is not null
    and o.status = 'new'
    and o.courier_id is null
    and o.boxes_count <= (select room from me)
    and o.id <> all (array(select order_id from dispatch.order_exclusions where courier_id = $2))
  order by dispatch.on_sphere(o.pickup_lat, o.pickup_lng) operator(public.<->) (select at from me)
  limit $3
  for update skip locked
),
oldest as (
  select o.id, o.boxes_count, o.version
  from dispatch.orders o
  where (select available from me)
    and not exists (select from nearest)
    and o.id > $4
    and o.status = 'new'
    and o.courier_id is null
    and o.boxes_count <= (select room from me)
    and o.id <> all (array(select order_id from dispatch.order_exclusions where courier_id = $5))
  order by o.id
  limit $6
  for update skip locked
),
older as (
  select o.id, o.boxes_count, o.version
  from dispatch.orders o
  where (select available from me)
    and not exists (select from nearest)
    and not exists (select from oldest)
    and o.id <= $7
    and o.status = 'new'
    and o.courier_id is null
    and o.boxes_count <= (select room from me)
    and o.id <> all (array(select order_id from dispatch.order_exclusions where courier_id = $8))
  order by o.id
  limit $9
  for update skip locked
),
wanted as (
  select *, false as oldest from nearest
  union all
  select *, true from oldest
  union all
  select *, false from older
),
carrier as (
  update dispatch.couriers c
  set held_boxes = c.held_boxes + wanted.boxes_count
  from wanted
  where c.id = $10
    and c.available
    and c.held_boxes + wanted.boxes_count <= c.capacity_boxes
    and wanted.version = (select o.version from dispatch.orders o where o.id = wanted.id)
  returning c.id
),
claimed as (
  update dispatch.orders o
  set status = $11,
      courier_id = carrier.id,
      assigned_at = now(),
      accepted_at = case when $12::boolean then now() end,
      lease_expires_at = case when not $13::boolean then now() + make_interval(secs => $14) end,
      fence = o.fence + 1,
      version = o.version + 1
  from wanted, carrier
  where o.id = wanted.id
  returning o.*
),
logged as (
  insert into dispatch.order_events (order_id, type, from_status, to_status, actor_role, actor_id, courier_id, fence, data)
  select claimed.id, $15, 'new', claimed.status, $16, $17,
    claimed.courier_id, claimed.fence, '{}'::jsonb
  from claimed)
select core.settled(case
  when exists (select from claimed) then (
    select jsonb_build_object('ok', true, 'order', (
    select to_jsonb(shown)
    from (
      select o.id,
        o.store_id as "storeId",
        o.status,
        o.courier_id as "courierId",
        o.pickup_address as "pickupAddress",
        o.delivery_address as "deliveryAddress",
        o.boxes_count as "boxesCount",
        o.price_minor as "priceMinor",
        o.currency,
        core.iso(o.ready_at) as "readyAt",
        core.iso(o.due_at) as "dueAt",
        case
          when o.lease_expires_at is not null
          then jsonb_build_object('expiresAt', core.iso(o.lease_expires_at), 'fence', o.fence)
        end as lease,
        o.fence,
        o.version,
        core.iso(o.created_at) as "createdAt",
        o.recipient_name as "recipientName",
        o.phone,
        o.pickup_lat as "pickupLat",
        o.pickup_lng as "pickupLng",
        o.delivery_lat as "deliveryLat",
        o.delivery_lng as "deliveryLng",
        core.iso(o.assigned_at) as "assignedAt",
        core.iso(o.accepted_at) as "acceptedAt",
        core.iso(o.picked_up_at) as "pickedUpAt",
        core.iso(o.delivered_at) as "deliveredAt",
        core.iso(o.canceled_at) as "canceledAt",
        core.iso(o.settled_at) as "settledAt",
        o.attempts,
        o.failure_reason as "failureReason"
    ) shown
  ) - case
    when o.courier_id = $18::bigint then '{}'::text[]
    else '{recipientName,phone}'
  end, 'oldest', (select oldest from wanted))
    from claimed o
  )
  when (select available from me) is not true then jsonb_build_object('ok', false, 'reason', 'courier_unavailable')
  when exists (select from wanted) or (
    select true
    from dispatch.orders o
    where o.status = 'assigned'
      and o.lease_expires_at <= now()
      and (o.courier_id = $19
      or o.boxes_count <= (select room from me)
      and o.id <> all (array(select order_id from dispatch.order_exclusions where courier_id = $20)))
    order by o.lease_expires_at
    limit 1
  ) then jsonb_build_object('ok', false, 'reason', 'order_busy', 'again', true)
  else jsonb_build_object('ok', true, 'order', null, 'oldest', false)
end) as outcome, pg_current_xact_id_if_assigned()::text as position;
  if $21 is not null then
    perform core.assert_settled();
  end if;
end
$function$;

CREATE OR REPLACE FUNCTION dispatch.hot_create_24c7d2b2(jsonb, character, text, text, text, text, text, text, text, text, text)
 RETURNS TABLE(outcome jsonb, "position" text)
 LANGUAGE plpgsql
 SET plan_cache_mode TO 'force_generic_plan'
AS $function$
#variable_conflict use_column
declare
  ignored record;
begin
  if $11 is not null then
    perform set_config('app.tenant_id', $11, true);
  end if;
  if $7 is not null then
    perform core.begin_idempotent($7, $8, $9, $10);
  end if;
  return query with input as materialized (
  select a.*, s.id as "store", s.box_limit, s.pickup_address, s.lat, s.lng,
    s.id is not null
      and a."boxesCount" <= coalesce(s.box_limit, a."boxesCount")
      and coalesce(a."dueAt" >= a."readyAt", true) as valid,
    coalesce(a."dueAt" < a."readyAt", false) as due_too_early,
    coalesce(a."pickupAddress" = s.pickup_address, true) and a."pickupLat" is null as at_store
  from jsonb_to_recordset($1::jsonb) as a (
    at int, "storeId" bigint, "pickupAddress" text, "deliveryAddress" text, "recipientName" text, "phone" text,
    "boxesCount" int, "priceMinor" bigint, "pickupLat" float8, "pickupLng" float8,
    "deliveryLat" float8, "deliveryLng" float8, "readyAt" timestamptz, "dueAt" timestamptz
  )
  left join dispatch.stores s on s.id = a."storeId"
),
created as (
  insert into dispatch.orders (
    store_id, pickup_address, delivery_address, recipient_name, phone, boxes_count, price_minor, currency,
    pickup_lat, pickup_lng, delivery_lat, delivery_lng, ready_at, due_at
  )
  select
    store, coalesce("pickupAddress", pickup_address), "deliveryAddress", "recipientName", "phone", "boxesCount",
    "priceMinor", $2,
    case when at_store then lat else "pickupLat" end, case when at_store then lng else "pickupLng" end,
    "deliveryLat", "deliveryLng", "readyAt", "dueAt"
  from input
  where valid
  order by at
  returning *
),
logged as (
  insert into dispatch.order_events (order_id, type, from_status, to_status, actor_role, actor_id, courier_id, fence, data)
  select created.id, $3, null, created.status, $4, $5,
    created.courier_id, created.fence, '{}'::jsonb
  from created),
numbered as (
  select a.*, row_number() over (partition by valid order by at) as nth
  from input a
)
select core.settled(jsonb_build_object('items', jsonb_agg(case
  when n.valid
    then jsonb_build_object('ok', true, 'order', (
    select to_jsonb(shown)
    from (
      select o.id,
        o.store_id as "storeId",
        o.status,
        o.courier_id as "courierId",
        o.pickup_address as "pickupAddress",
        o.delivery_address as "deliveryAddress",
        o.boxes_count as "boxesCount",
        o.price_minor as "priceMinor",
        o.currency,
        core.iso(o.ready_at) as "readyAt",
        core.iso(o.due_at) as "dueAt",
        case
          when o.lease_expires_at is not null
          then jsonb_build_object('expiresAt', core.iso(o.lease_expires_at), 'fence', o.fence)
        end as lease,
        o.fence,
        o.version,
        core.iso(o.created_at) as "createdAt",
        o.recipient_name as "recipientName",
        o.phone,
        o.pickup_lat as "pickupLat",
        o.pickup_lng as "pickupLng",
        o.delivery_lat as "deliveryLat",
        o.delivery_lng as "deliveryLng",
        core.iso(o.assigned_at) as "assignedAt",
        core.iso(o.accepted_at) as "acceptedAt",
        core.iso(o.picked_up_at) as "pickedUpAt",
        core.iso(o.delivered_at) as "deliveredAt",
        core.iso(o.canceled_at) as "canceledAt",
        core.iso(o.settled_at) as "settledAt",
        o.attempts,
        o.failure_reason as "failureReason"
    ) shown
  ))
  when n.store is null
    then jsonb_build_object('ok', false, 'reason', 'not_found', 'detail', 'There is no such store')
  when n.due_too_early
    then jsonb_build_object('ok', false, 'reason', 'unprocessable', 'detail', $6::text)
  else jsonb_build_object('ok', false, 'reason', 'box_limit_exceeded', 'boxLimit', n.box_limit)
end order by n.at))) as outcome, pg_current_xact_id_if_assigned()::text as position
from numbered n
left join (select c.*, row_number() over (order by c.id) as nth from created c) o on o.nth = n.nth and n.valid;
  if $7 is not null then
    perform core.assert_settled();
  end if;
end
$function$;

CREATE OR REPLACE FUNCTION dispatch.hot_delivered_5d1a44f4(bigint, bigint, bigint, bigint, text[], bigint, text, text, text, text, bigint, text, bigint, bigint, bigint, bigint, bigint, bigint, text[], text, text, text, text, text, text)
 RETURNS TABLE(outcome jsonb, "position" text)
 LANGUAGE plpgsql
 SET plan_cache_mode TO 'force_generic_plan'
AS $function$
#variable_conflict use_column
declare
  ignored record;
begin
  if $25 is not null then
    perform set_config('app.tenant_id', $25, true);
  end if;
  if $21 is not null then
    perform core.begin_idempotent($21, $22, $23, $24);
  end if;
  return query with seen as materialized (
  select o.status, o.courier_id, o.fence, o.lease_expires_at
  from dispatch.orders o
  where o.id = $1
),
wanted as (
  
  select o.id, o.status, o.boxes_count
  from dispatch.orders o
  where o.id = $2
    and o.courier_id = $3
    and o.fence = $4
    and o.status = any ($5::text[])
    and (o.lease_expires_at is null or o.lease_expires_at > now())
  for update
),
freed as (
  update dispatch.couriers c
  set held_boxes = c.held_boxes - wanted.boxes_count
  from wanted
  where c.id = $6
),
moved as (
  update dispatch.orders o
  set status = $7,
      delivered_at = now(),
      version = o.version + 1
  from wanted
  where o.id = wanted.id
  returning o.*, wanted.status as from_status
),

logged as (
  insert into dispatch.order_events (order_id, type, from_status, to_status, actor_role, actor_id, courier_id, fence, data)
  select moved.id, $8, moved.from_status, moved.status, $9, $10,
    $11::bigint, moved.fence, jsonb_strip_nulls(jsonb_build_object('reason', $12::text))
  from moved)
select core.settled(case
  when exists (select from moved)
    then (select jsonb_build_object('ok', true, 'order', (
    select to_jsonb(shown)
    from (
      select o.id,
        o.store_id as "storeId",
        o.status,
        o.courier_id as "courierId",
        o.pickup_address as "pickupAddress",
        o.delivery_address as "deliveryAddress",
        o.boxes_count as "boxesCount",
        o.price_minor as "priceMinor",
        o.currency,
        core.iso(o.ready_at) as "readyAt",
        core.iso(o.due_at) as "dueAt",
        case
          when o.lease_expires_at is not null
          then jsonb_build_object('expiresAt', core.iso(o.lease_expires_at), 'fence', o.fence)
        end as lease,
        o.fence,
        o.version,
        core.iso(o.created_at) as "createdAt",
        o.recipient_name as "recipientName",
        o.phone,
        o.pickup_lat as "pickupLat",
        o.pickup_lng as "pickupLng",
        o.delivery_lat as "deliveryLat",
        o.delivery_lng as "deliveryLng",
        core.iso(o.assigned_at) as "assignedAt",
        core.iso(o.accepted_at) as "acceptedAt",
        core.iso(o.picked_up_at) as "pickedUpAt",
        core.iso(o.delivered_at) as "deliveredAt",
        core.iso(o.canceled_at) as "canceledAt",
        core.iso(o.settled_at) as "settledAt",
        o.attempts,
        o.failure_reason as "failureReason"
    ) shown
  ) - case
    when o.courier_id = $13::bigint then '{}'::text[]
    else '{recipientName,phone}'
  end) from moved o)
  when seen.courier_id is distinct from $14 and not exists (
    select from dispatch.order_events e where e.order_id = $15 and e.courier_id = $16
  ) then jsonb_build_object('ok', false, 'reason', 'not_found', 'detail', 'You hold no such order')
  when seen.fence <> $17 or seen.courier_id <> $18
    then jsonb_build_object('ok', false, 'reason', 'stale_fence')
  when seen.status <> all ($19::text[])
    then jsonb_build_object('ok', false, 'reason', 'illegal_transition', 'from', seen.status, 'to', $20::text)
  when seen.lease_expires_at <= now()
    then jsonb_build_object('ok', false, 'reason', 'lease_expired')
  else jsonb_build_object('ok', false, 'reason', 'order_busy', 'again', true)
end) as outcome, pg_current_xact_id_if_assigned()::text as position
from (select) as always
left join seen on true;
  if $21 is not null then
    perform core.assert_settled();
  end if;
end
$function$;

CREATE OR REPLACE FUNCTION dispatch.hot_list_dae0d0f2(text, bigint, bigint, bigint, text, text, text, text, text)
 RETURNS TABLE(id double precision, "storeId" double precision, status text, "courierId" double precision, "pickupAddress" text, "deliveryAddress" text, "boxesCount" integer, "priceMinor" double precision, currency character, "readyAt" text, "dueAt" text, lease jsonb, fence double precision, version integer, "createdAt" text)
 LANGUAGE plpgsql
 SET plan_cache_mode TO 'force_generic_plan'
AS $function$
#variable_conflict use_column
declare
  ignored record;
begin
  if $9 is not null then
    perform set_config('app.tenant_id', $9, true);
  end if;
  if $5 is not null then
    perform core.begin_idempotent($5, $6, $7, $8);
  end if;
  return query select o.id::float8,
        o.store_id::float8 as "storeId",
        o.status,
        o.courier_id::float8 as "courierId",
        o.pickup_address as "pickupAddress",
        o.delivery_address as "deliveryAddress",
        o.boxes_count as "boxesCount",
        o.price_minor::float8 as "priceMinor",
        o.currency,
        core.iso(o.ready_at) as "readyAt",
        core.iso(o.due_at) as "dueAt",
        case
          when o.lease_expires_at is not null
          then jsonb_build_object('expiresAt', core.iso(o.lease_expires_at), 'fence', o.fence)
        end as lease,
        o.fence::float8,
        o.version,
        core.iso(o.created_at) as "createdAt"
from ((
  select o.id, o.status, o.store_id, o.courier_id, o.pickup_address, o.delivery_address, o.boxes_count,
    o.price_minor, o.currency, o.ready_at, o.due_at, o.lease_expires_at, o.fence, o.version, o.created_at
  from dispatch.orders o
  where o.status = $1 and o.store_id = $2::bigint
  order by o.created_at desc, o.id desc
  limit $3)) o
order by o.created_at desc, o.id desc
limit $4;
  if $5 is not null then
    perform core.assert_settled();
  end if;
end
$function$;

CREATE OR REPLACE FUNCTION dispatch.hot_list_e5d2a6d7(text, bigint, bigint, text, text, text, text, text)
 RETURNS TABLE(id double precision, "storeId" double precision, status text, "courierId" double precision, "pickupAddress" text, "deliveryAddress" text, "boxesCount" integer, "priceMinor" double precision, currency character, "readyAt" text, "dueAt" text, lease jsonb, fence double precision, version integer, "createdAt" text)
 LANGUAGE plpgsql
 SET plan_cache_mode TO 'force_generic_plan'
AS $function$
#variable_conflict use_column
declare
  ignored record;
begin
  if $8 is not null then
    perform set_config('app.tenant_id', $8, true);
  end if;
  if $4 is not null then
    perform core.begin_idempotent($4, $5, $6, $7);
  end if;
  return query select o.id::float8,
        o.store_id::float8 as "storeId",
        o.status,
        o.courier_id::float8 as "courierId",
        o.pickup_address as "pickupAddress",
        o.delivery_address as "deliveryAddress",
        o.boxes_count as "boxesCount",
        o.price_minor::float8 as "priceMinor",
        o.currency,
        core.iso(o.ready_at) as "readyAt",
        core.iso(o.due_at) as "dueAt",
        case
          when o.lease_expires_at is not null
          then jsonb_build_object('expiresAt', core.iso(o.lease_expires_at), 'fence', o.fence)
        end as lease,
        o.fence::float8,
        o.version,
        core.iso(o.created_at) as "createdAt"
from ((
  select o.id, o.status, o.store_id, o.courier_id, o.pickup_address, o.delivery_address, o.boxes_count,
    o.price_minor, o.currency, o.ready_at, o.due_at, o.lease_expires_at, o.fence, o.version, o.created_at
  from dispatch.orders o
  where o.status = $1
  order by o.created_at desc, o.id desc
  limit $2)) o
order by o.created_at desc, o.id desc
limit $3;
  if $4 is not null then
    perform core.assert_settled();
  end if;
end
$function$;

CREATE OR REPLACE FUNCTION dispatch.hot_picked_up_a901d17d(bigint, bigint, bigint, bigint, text[], text, text, text, text, bigint, text, bigint, bigint, bigint, bigint, bigint, bigint, text[], text, text, text, text, text, text)
 RETURNS TABLE(outcome jsonb, "position" text)
 LANGUAGE plpgsql
 SET plan_cache_mode TO 'force_generic_plan'
AS $function$
#variable_conflict use_column
declare
  ignored record;
begin
  if $24 is not null then
    perform set_config('app.tenant_id', $24, true);
  end if;
  if $20 is not null then
    perform core.begin_idempotent($20, $21, $22, $23);
  end if;
  return query with seen as materialized (
  select o.status, o.courier_id, o.fence, o.lease_expires_at
  from dispatch.orders o
  where o.id = $1
),
wanted as (
  
  select o.id, o.status, o.boxes_count
  from dispatch.orders o
  where o.id = $2
    and o.courier_id = $3
    and o.fence = $4
    and o.status = any ($5::text[])
    and (o.lease_expires_at is null or o.lease_expires_at > now())
  for update
),

moved as (
  update dispatch.orders o
  set status = $6,
      picked_up_at = now(),
      version = o.version + 1
  from wanted
  where o.id = wanted.id
  returning o.*, wanted.status as from_status
),

logged as (
  insert into dispatch.order_events (order_id, type, from_status, to_status, actor_role, actor_id, courier_id, fence, data)
  select moved.id, $7, moved.from_status, moved.status, $8, $9,
    $10::bigint, moved.fence, jsonb_strip_nulls(jsonb_build_object('reason', $11::text))
  from moved)
select core.settled(case
  when exists (select from moved)
    then (select jsonb_build_object('ok', true, 'order', (
    select to_jsonb(shown)
    from (
      select o.id,
        o.store_id as "storeId",
        o.status,
        o.courier_id as "courierId",
        o.pickup_address as "pickupAddress",
        o.delivery_address as "deliveryAddress",
        o.boxes_count as "boxesCount",
        o.price_minor as "priceMinor",
        o.currency,
        core.iso(o.ready_at) as "readyAt",
        core.iso(o.due_at) as "dueAt",
        case
          when o.lease_expires_at is not null
          then jsonb_build_object('expiresAt', core.iso(o.lease_expires_at), 'fence', o.fence)
        end as lease,
        o.fence,
        o.version,
        core.iso(o.created_at) as "createdAt",
        o.recipient_name as "recipientName",
        o.phone,
        o.pickup_lat as "pickupLat",
        o.pickup_lng as "pickupLng",
        o.delivery_lat as "deliveryLat",
        o.delivery_lng as "deliveryLng",
        core.iso(o.assigned_at) as "assignedAt",
        core.iso(o.accepted_at) as "acceptedAt",
        core.iso(o.picked_up_at) as "pickedUpAt",
        core.iso(o.delivered_at) as "deliveredAt",
        core.iso(o.canceled_at) as "canceledAt",
        core.iso(o.settled_at) as "settledAt",
        o.attempts,
        o.failure_reason as "failureReason"
    ) shown
  ) - case
    when o.courier_id = $12::bigint then '{}'::text[]
    else '{recipientName,phone}'
  end) from moved o)
  when seen.courier_id is distinct from $13 and not exists (
    select from dispatch.order_events e where e.order_id = $14 and e.courier_id = $15
  ) then jsonb_build_object('ok', false, 'reason', 'not_found', 'detail', 'You hold no such order')
  when seen.fence <> $16 or seen.courier_id <> $17
    then jsonb_build_object('ok', false, 'reason', 'stale_fence')
  when seen.status <> all ($18::text[])
    then jsonb_build_object('ok', false, 'reason', 'illegal_transition', 'from', seen.status, 'to', $19::text)
  when seen.lease_expires_at <= now()
    then jsonb_build_object('ok', false, 'reason', 'lease_expired')
  else jsonb_build_object('ok', false, 'reason', 'order_busy', 'again', true)
end) as outcome, pg_current_xact_id_if_assigned()::text as position
from (select) as always
left join seen on true;
  if $20 is not null then
    perform core.assert_settled();
  end if;
end
$function$;

CREATE OR REPLACE FUNCTION dispatch.hot_read_181d3bfc(bigint, bigint, bigint, bigint, bigint, text, text, text, text, text, text, text, text)
 RETURNS TABLE("order" jsonb)
 LANGUAGE plpgsql
 SET plan_cache_mode TO 'force_generic_plan'
AS $function$
#variable_conflict use_column
declare
  ignored record;
begin
  if $13 is not null then
    perform set_config('app.tenant_id', $13, true);
  end if;
  if $9 is not null then
    perform core.begin_idempotent($9, $10, $11, $12);
  end if;
  if exists (
  select from dispatch.orders o
  where o.id = $3
    and o.status = 'assigned'
    and o.lease_expires_at <= now()
) then
with expired as (
  select o.id, o.courier_id, o.boxes_count
  from dispatch.orders o
  where o.status = 'assigned'
    and o.lease_expires_at <= now()
    and o.id = $4
  order by o.lease_expires_at
  limit $5
  for update skip locked
),
holders as materialized (
  select c.id, c.available
  from dispatch.couriers c
  where c.id = any (array(select courier_id from expired))
  order by c.id
  for update
),
ended as (
  select *
  from expired
  where true
),
freed as (
  update dispatch.couriers c
  set held_boxes = c.held_boxes - boxes.given_back
  from holders
  join (select courier_id, sum(boxes_count)::int as given_back from ended group by courier_id) boxes
    on boxes.courier_id = holders.id
  where c.id = holders.id
),
moved as (
  update dispatch.orders o
  set status = 'new',
      courier_id = null,
      assigned_at = null,
      lease_expires_at = null,
      version = o.version + 1
  from ended
  where o.id = ended.id
  returning o.id, o.status, o.fence, ended.courier_id
),
logged as (
  insert into dispatch.order_events (order_id, type, from_status, to_status, actor_role, actor_id, courier_id, fence, data)
  select moved.id, $6, 'assigned', moved.status, $7, $8,
    moved.courier_id, moved.fence, '{}'::jsonb
  from moved)
select core.settled(jsonb_build_object('rows', (select count(*) from moved))) as outcome, pg_current_xact_id_if_assigned()::text as position into ignored;
  end if;
  return query select (
    select to_jsonb(shown)
    from (
      select o.id,
        o.store_id as "storeId",
        o.status,
        o.courier_id as "courierId",
        o.pickup_address as "pickupAddress",
        o.delivery_address as "deliveryAddress",
        o.boxes_count as "boxesCount",
        o.price_minor as "priceMinor",
        o.currency,
        core.iso(o.ready_at) as "readyAt",
        core.iso(o.due_at) as "dueAt",
        case
          when o.lease_expires_at is not null
          then jsonb_build_object('expiresAt', core.iso(o.lease_expires_at), 'fence', o.fence)
        end as lease,
        o.fence,
        o.version,
        core.iso(o.created_at) as "createdAt",
        o.recipient_name as "recipientName",
        o.phone,
        o.pickup_lat as "pickupLat",
        o.pickup_lng as "pickupLng",
        o.delivery_lat as "deliveryLat",
        o.delivery_lng as "deliveryLng",
        core.iso(o.assigned_at) as "assignedAt",
        core.iso(o.accepted_at) as "acceptedAt",
        core.iso(o.picked_up_at) as "pickedUpAt",
        core.iso(o.delivered_at) as "deliveredAt",
        core.iso(o.canceled_at) as "canceledAt",
        core.iso(o.settled_at) as "settledAt",
        o.attempts,
        o.failure_reason as "failureReason"
    ) shown
  ) as order
from dispatch.orders o
where o.id = $1
  and o.store_id = $2::bigint;
  if $9 is not null then
    perform core.assert_settled();
  end if;
end
$function$;

CREATE OR REPLACE FUNCTION dispatch.hot_read_3dd5611f(bigint, bigint, bigint, bigint, bigint, bigint, text, text, text, text, text, text, text, text)
 RETURNS TABLE("order" jsonb)
 LANGUAGE plpgsql
 SET plan_cache_mode TO 'force_generic_plan'
AS $function$
#variable_conflict use_column
declare
  ignored record;
begin
  if $14 is not null then
    perform set_config('app.tenant_id', $14, true);
  end if;
  if $10 is not null then
    perform core.begin_idempotent($10, $11, $12, $13);
  end if;
  if exists (
  select from dispatch.orders o
  where o.id = $4
    and o.status = 'assigned'
    and o.lease_expires_at <= now()
) then
with expired as (
  select o.id, o.courier_id, o.boxes_count
  from dispatch.orders o
  where o.status = 'assigned'
    and o.lease_expires_at <= now()
    and o.id = $5
  order by o.lease_expires_at
  limit $6
  for update skip locked
),
holders as materialized (
  select c.id, c.available
  from dispatch.couriers c
  where c.id = any (array(select courier_id from expired))
  order by c.id
  for update
),
ended as (
  select *
  from expired
  where true
),
freed as (
  update dispatch.couriers c
  set held_boxes = c.held_boxes - boxes.given_back
  from holders
  join (select courier_id, sum(boxes_count)::int as given_back from ended group by courier_id) boxes
    on boxes.courier_id = holders.id
  where c.id = holders.id
),
moved as (
  update dispatch.orders o
  set status = 'new',
      courier_id = null,
      assigned_at = null,
      lease_expires_at = null,
      version = o.version + 1
  from ended
  where o.id = ended.id
  returning o.id, o.status, o.fence, ended.courier_id
),
logged as (
  insert into dispatch.order_events (order_id, type, from_status, to_status, actor_role, actor_id, courier_id, fence, data)
  select moved.id, $7, 'assigned', moved.status, $8, $9,
    moved.courier_id, moved.fence, '{}'::jsonb
  from moved)
select core.settled(jsonb_build_object('rows', (select count(*) from moved))) as outcome, pg_current_xact_id_if_assigned()::text as position into ignored;
  end if;
  return query select (
    select to_jsonb(shown)
    from (
      select o.id,
        o.store_id as "storeId",
        o.status,
        o.courier_id as "courierId",
        o.pickup_address as "pickupAddress",
        o.delivery_address as "deliveryAddress",
        o.boxes_count as "boxesCount",
        o.price_minor as "priceMinor",
        o.currency,
        core.iso(o.ready_at) as "readyAt",
        core.iso(o.due_at) as "dueAt",
        case
          when o.lease_expires_at is not null
          then jsonb_build_object('expiresAt', core.iso(o.lease_expires_at), 'fence', o.fence)
        end as lease,
        o.fence,
        o.version,
        core.iso(o.created_at) as "createdAt",
        o.recipient_name as "recipientName",
        o.phone,
        o.pickup_lat as "pickupLat",
        o.pickup_lng as "pickupLng",
        o.delivery_lat as "deliveryLat",
        o.delivery_lng as "deliveryLng",
        core.iso(o.assigned_at) as "assignedAt",
        core.iso(o.accepted_at) as "acceptedAt",
        core.iso(o.picked_up_at) as "pickedUpAt",
        core.iso(o.delivered_at) as "deliveredAt",
        core.iso(o.canceled_at) as "canceledAt",
        core.iso(o.settled_at) as "settledAt",
        o.attempts,
        o.failure_reason as "failureReason"
    ) shown
  ) - case
    when o.courier_id = $1::bigint then '{}'::text[]
    else '{recipientName,phone}'
  end as order
from dispatch.orders o
where o.id = $2
  and (o.status = 'new' or o.courier_id = $3::bigint);
  if $10 is not null then
    perform core.assert_settled();
  end if;
end
$function$;

CREATE OR REPLACE FUNCTION dispatch.hot_read_815c6dec(bigint, bigint, bigint, bigint, text, text, text, text, text, text, text, text)
 RETURNS TABLE("order" jsonb)
 LANGUAGE plpgsql
 SET plan_cache_mode TO 'force_generic_plan'
AS $function$
#variable_conflict use_column
declare
  ignored record;
begin
  if $12 is not null then
    perform set_config('app.tenant_id', $12, true);
  end if;
  if $8 is not null then
    perform core.begin_idempotent($8, $9, $10, $11);
  end if;
  if exists (
  select from dispatch.orders o
  where o.id = $2
    and o.status = 'assigned'
    and o.lease_expires_at <= now()
) then
with expired as (
  select o.id, o.courier_id, o.boxes_count
  from dispatch.orders o
  where o.status = 'assigned'
    and o.lease_expires_at <= now()
    and o.id = $3
  order by o.lease_expires_at
  limit $4
  for update skip locked
),
holders as materialized (
  select c.id, c.available
  from dispatch.couriers c
  where c.id = any (array(select courier_id from expired))
  order by c.id
  for update
),
ended as (
  select *
  from expired
  where true
),
freed as (
  update dispatch.couriers c
  set held_boxes = c.held_boxes - boxes.given_back
  from holders
  join (select courier_id, sum(boxes_count)::int as given_back from ended group by courier_id) boxes
    on boxes.courier_id = holders.id
  where c.id = holders.id
),
moved as (
  update dispatch.orders o
  set status = 'new',
      courier_id = null,
      assigned_at = null,
      lease_expires_at = null,
      version = o.version + 1
  from ended
  where o.id = ended.id
  returning o.id, o.status, o.fence, ended.courier_id
),
logged as (
  insert into dispatch.order_events (order_id, type, from_status, to_status, actor_role, actor_id, courier_id, fence, data)
  select moved.id, $5, 'assigned', moved.status, $6, $7,
    moved.courier_id, moved.fence, '{}'::jsonb
  from moved)
select core.settled(jsonb_build_object('rows', (select count(*) from moved))) as outcome, pg_current_xact_id_if_assigned()::text as position into ignored;
  end if;
  return query select (
    select to_jsonb(shown)
    from (
      select o.id,
        o.store_id as "storeId",
        o.status,
        o.courier_id as "courierId",
        o.pickup_address as "pickupAddress",
        o.delivery_address as "deliveryAddress",
        o.boxes_count as "boxesCount",
        o.price_minor as "priceMinor",
        o.currency,
        core.iso(o.ready_at) as "readyAt",
        core.iso(o.due_at) as "dueAt",
        case
          when o.lease_expires_at is not null
          then jsonb_build_object('expiresAt', core.iso(o.lease_expires_at), 'fence', o.fence)
        end as lease,
        o.fence,
        o.version,
        core.iso(o.created_at) as "createdAt",
        o.recipient_name as "recipientName",
        o.phone,
        o.pickup_lat as "pickupLat",
        o.pickup_lng as "pickupLng",
        o.delivery_lat as "deliveryLat",
        o.delivery_lng as "deliveryLng",
        core.iso(o.assigned_at) as "assignedAt",
        core.iso(o.accepted_at) as "acceptedAt",
        core.iso(o.picked_up_at) as "pickedUpAt",
        core.iso(o.delivered_at) as "deliveredAt",
        core.iso(o.canceled_at) as "canceledAt",
        core.iso(o.settled_at) as "settledAt",
        o.attempts,
        o.failure_reason as "failureReason"
    ) shown
  ) as order
from dispatch.orders o
where o.id = $1
  and true;
  if $8 is not null then
    perform core.assert_settled();
  end if;
end
$function$;

CREATE OR REPLACE FUNCTION dispatch.on_sphere(lat double precision, lng double precision)
 RETURNS public.cube
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE STRICT
RETURN public.cube(ARRAY[(cos(radians(lat)) * cos(radians(lng))), (cos(radians(lat)) * sin(radians(lng))), sin(radians(lat))]);

CREATE OR REPLACE FUNCTION dispatch.plan_assignments(order_ids bigint[], boxes integer[], order_lats double precision[], order_lngs double precision[], courier_ids bigint[], rooms integer[], loads integer[], courier_lats double precision[], courier_lngs double precision[])
 RETURNS TABLE(order_id bigint, courier_id bigint)
 LANGUAGE plpgsql
 SET search_path TO ''
AS $function$
declare
  couriers constant integer := coalesce(cardinality(courier_ids), 0);
  excluding constant boolean := exists (select from dispatch.order_exclusions x where x.order_id = any (order_ids));
  excluded bigint[] := '{}';
  places integer[];
  ways double precision[];
  weights double precision[];
  behind integer;
  cheapest double precision;
  best integer;
begin
  places := array(
    select dense_rank() over (order by o.lat, o.lng)
    from unnest(order_lats, order_lngs) with ordinality as o (lat, lng, nth)
    order by o.nth
  );
  ways := array(
    select coalesce(12742 * asin(sqrt(case when w.chord > 1 then 1 else w.chord end)), 10)
    from (select distinct p.lat, p.lng from unnest(order_lats, order_lngs) as p (lat, lng)) o
    cross join unnest(courier_lats, courier_lngs) with ordinality as c (lat, lng, at)
    cross join lateral (
      select sin(radians(c.lat - o.lat) / 2) ^ 2
        + cos(radians(c.lat)) * cos(radians(o.lat)) * sin(radians(c.lng - o.lng) / 2) ^ 2 as chord
    ) w
    order by o.lat, o.lng, c.at
  );
  weights := array(select 0.5::double precision * c.load from unnest(loads) with ordinality as c (load, at) order by c.at);
  for nth in 1 .. coalesce(cardinality(order_ids), 0) loop
    if excluding then
      excluded := array(select x.courier_id from dispatch.order_exclusions x where x.order_id = order_ids[nth]);
    end if;
    best := null;
    cheapest := 'infinity';
    behind := (places[nth] - 1) * couriers;
    for at in 1 .. couriers loop
      if ways[behind + at] + weights[at] < cheapest and rooms[at] >= boxes[nth] and not (excluding and courier_ids[at] = any (excluded)) then
        best := at;
        cheapest := ways[behind + at] + weights[at];
      end if;
    end loop;
    continue when best is null;
    rooms[best] := rooms[best] - boxes[nth];
    weights[best] := weights[best] + 0.5::double precision * boxes[nth];
    order_id := order_ids[nth];
    courier_id := courier_ids[best];
    return next;
  end loop;
end
$function$;

CREATE OR REPLACE FUNCTION dispatch.refuse_older_version()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO ''
AS $function$
begin
  if (new.version < old.version) is not true then
    return new;
  end if;
  raise exception 'courier % cannot go from version % back to %', old.id, old.version, new.version
    using errcode = 'check_violation', constraint = tg_name, schema = tg_table_schema, table = tg_table_name;
end
$function$;

CREATE OR REPLACE FUNCTION dispatch.refuse_step_back()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO ''
AS $function$
begin
  if (new.fence < old.fence
    or new.version < old.version
    or new.status <> old.status and (
      old.status in ('canceled', 'returned')
      or old.status = 'delivered' and (new.status <> 'picked_up' or old.settled_at is not null)
    )
    or old.settled_at is not null and new.settled_at is distinct from old.settled_at) is not true
  then
    return new;
  end if;
  raise exception 'order % cannot go back: % fence % version % after % fence % version %',
    old.id, new.status, new.fence, new.version, old.status, old.fence, old.version
    using errcode = 'check_violation', constraint = tg_name, schema = tg_table_schema, table = tg_table_name;
end
$function$;

CREATE OR REPLACE FUNCTION dispatch.remove_old_events(most integer)
 RETURNS bigint
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
  removed bigint;
  lost bigint;
begin
  with old as materialized (
    select e.id
    from dispatch.order_events e
    join dispatch.orders o on o.id = e.order_id
    where e.created_at < now() - interval '90 days'
      and (o.status in ('canceled', 'returned') or o.settled_at is not null)
      and (e.xid, e.id) <= (select r.xid, r.seq from core.slowest_reader('dispatch') r)
    limit most
  ),
  gone as (
    delete from dispatch.order_events e
    using old
    where e.id = old.id
    returning e.xid, e.id
  ),
  marked as (
    insert into core.feed_positions as p (name, xid, seq)
    (select 'removed:dispatch', xid, id from gone order by xid desc, id desc limit 1)
    on conflict (name) do update
    set xid = excluded.xid, seq = excluded.seq, moved_at = now()
    where (excluded.xid, excluded.seq) > (p.xid, p.seq)
  )
  select count(*) into removed from gone;
  delete from dispatch.lost_claims l
  where (l.order_id, l.courier_id) in (
    select c.order_id, c.courier_id from dispatch.lost_claims c where c.last_at < now() - interval '90 days' limit most
  );
  get diagnostics lost = row_count;
  return removed + lost;
end
$function$;
revoke execute on function dispatch.remove_old_events(integer) from public;
grant execute on function dispatch.remove_old_events(integer) to lockstep_app;

create schema fleet;
grant usage on schema fleet to lockstep_app;

create table fleet.alerts (
  id bigint generated always as identity not null,
  tenant_id bigint,
  kind text not null,
  severity text default 'warning'::text not null,
  subject text not null,
  labels jsonb default '{}'::jsonb not null,
  since timestamp with time zone not null,
  raised_at timestamp with time zone,
  seen_at timestamp with time zone default now() not null,
  cleared_at timestamp with time zone,
  acked_at timestamp with time zone,
  acked_by text,
  value double precision,
  peak double precision,
  count integer default 1 not null,
  note text,
  constraint alerts_pkey PRIMARY KEY (id),
  constraint alerts_kind CHECK (kind = ANY (ARRAY['node_silent'::text, 'metric_silent'::text, 'target'::text, 'stuck'::text, 'clock_skew'::text, 'drift'::text, 'config_rejected'::text, 'budget'::text, 'cycle_failures'::text, 'cycle_missed'::text, 'telemetry_unaccounted'::text, 'queue_full'::text])),
  constraint alerts_severity CHECK (severity = ANY (ARRAY['warning'::text, 'critical'::text])),
  constraint alerts_times CHECK (raised_at >= since AND cleared_at >= raised_at AND acked_at >= raised_at)
);
CREATE UNIQUE INDEX alerts_open ON fleet.alerts USING btree (kind, subject) WHERE (cleared_at IS NULL);
CREATE INDEX idx_alerts_tenant ON fleet.alerts USING btree (tenant_id, id);
alter table fleet.alerts enable row level security;
alter table fleet.alerts force row level security;
create policy of_tenant on fleet.alerts for all to lockstep_app
  using (((current_setting('app.tenant_id'::text, true) = '*'::text) OR (current_setting('app.tenant_id'::text, true) = (tenant_id)::text)))
  with check ();
grant delete, insert, select, update on table fleet.alerts to lockstep_app;

create table fleet.calibrations (
  node_id bigint not null,
  metric_id smallint not null,
  channel text not null,
  from_at timestamp with time zone not null,
  tenant_id bigint not null,
  gain double precision not null,
  shift double precision not null,
  created_at timestamp with time zone default now() not null,
  applied_at timestamp with time zone,
  applied_until timestamp with time zone,
  served_at timestamp with time zone,
  constraint calibrations_pkey PRIMARY KEY (node_id, metric_id, channel, from_at)
);
CREATE INDEX idx_calibrations_due ON fleet.calibrations USING btree (tenant_id, created_at) WHERE (applied_at IS NULL);
CREATE INDEX idx_calibrations_served ON fleet.calibrations USING btree (tenant_id, served_at);
alter table fleet.calibrations enable row level security;
alter table fleet.calibrations force row level security;
create policy of_tenant on fleet.calibrations for all to lockstep_app
  using (((current_setting('app.tenant_id'::text, true) = '*'::text) OR (current_setting('app.tenant_id'::text, true) = (tenant_id)::text)))
  with check ();
grant delete, insert, select, update on table fleet.calibrations to lockstep_app;

create table fleet.channels (
  node_id bigint not null,
  channel text not null,
  tenant_id bigint not null,
  kind text not null,
  metric text,
  settings jsonb default '{}'::jsonb not null,
  reported_at timestamp with time zone default now() not null,
  constraint channels_pkey PRIMARY KEY (node_id, channel),
  constraint channels_kind CHECK (kind = ANY (ARRAY['sensor'::text, 'actuator'::text])),
  constraint channels_node_id_nodes_id_fk FOREIGN KEY (node_id) REFERENCES fleet.nodes(id)
);
alter table fleet.channels enable row level security;
alter table fleet.channels force row level security;
create policy of_tenant on fleet.channels for all to lockstep_app
  using (((current_setting('app.tenant_id'::text, true) = '*'::text) OR (current_setting('app.tenant_id'::text, true) = (tenant_id)::text)))
  with check ();
grant delete, insert, select, update on table fleet.channels to lockstep_app;

create table fleet.commands (
  id bigint generated always as identity not null,
  tenant_id bigint not null,
  node_id bigint not null,
  zone_id bigint not null,
  regulator_id bigint,
  slot timestamp with time zone,
  zone_epoch integer not null,
  regulator_epoch integer,
  kind text not null,
  channel text default ''::text not null,
  amount numeric(12,3),
  unit text,
  run_ms integer,
  max_run_ms integer,
  state text default 'QUEUED'::text not null,
  reason text,
  ordered_by text not null,
  queued_at timestamp with time zone default now() not null,
  sent_at timestamp with time zone,
  acked_at timestamp with time zone,
  finished_at timestamp with time zone,
  expires_at timestamp with time zone,
  constraint commands_pkey PRIMARY KEY (id),
  constraint commands_slot UNIQUE (regulator_id, slot),
  constraint commands_dose CHECK (kind <> 'dose'::text OR amount::double precision > 0::double precision AND run_ms > 0 AND max_run_ms >= run_ms),
  constraint commands_kind CHECK (kind = ANY (ARRAY['dose'::text, 'on'::text, 'off'::text])),
  constraint commands_state CHECK (state = ANY (ARRAY['QUEUED'::text, 'SENT'::text, 'ACK'::text, 'DONE'::text, 'NO_EFFECT'::text, 'ERROR'::text, 'BUSY'::text, 'TIMEOUT'::text, 'EXPIRED'::text]))
);
CREATE INDEX idx_commands_open ON fleet.commands USING btree (regulator_id) WHERE (state = ANY (ARRAY['QUEUED'::text, 'SENT'::text, 'ACK'::text]));
CREATE INDEX idx_commands_waiting ON fleet.commands USING btree (node_id) WHERE (state = ANY (ARRAY['QUEUED'::text, 'SENT'::text]));
CREATE INDEX idx_commands_zone ON fleet.commands USING btree (zone_id, id);
CREATE TRIGGER commands_only_move_up BEFORE UPDATE ON fleet.commands FOR EACH ROW WHEN (new.state <> old.state AND ((old.state <> ALL (ARRAY['QUEUED'::text, 'SENT'::text, 'ACK'::text])) OR new.state = 'QUEUED'::text OR old.state = 'ACK'::text AND new.state = 'SENT'::text)) EXECUTE FUNCTION fleet.refuse_command_step_back();
CREATE TRIGGER commands_settle AFTER UPDATE ON fleet.commands FOR EACH ROW WHEN (new.state <> old.state AND new.kind <> 'off'::text AND (new.state = ANY (ARRAY['ERROR'::text, 'NO_EFFECT'::text, 'EXPIRED'::text, 'TIMEOUT'::text]))) EXECUTE FUNCTION fleet.settle_command();
CREATE TRIGGER commands_tell_voided AFTER UPDATE ON fleet.commands FOR EACH ROW WHEN (new.state <> old.state AND (new.state = ANY (ARRAY['EXPIRED'::text, 'TIMEOUT'::text])) AND (new.reason = ANY (ARRAY['stale_epoch'::text, 'node_left_zone'::text, 'node_decommissioned'::text]))) EXECUTE FUNCTION fleet.tell_voided();
alter table fleet.commands enable row level security;
alter table fleet.commands force row level security;
create policy of_tenant on fleet.commands for all to lockstep_app
  using (((current_setting('app.tenant_id'::text, true) = '*'::text) OR (current_setting('app.tenant_id'::text, true) = (tenant_id)::text)))
  with check ();
grant delete, insert, select, update on table fleet.commands to lockstep_app;

create table fleet.cycles (
  shard integer not null,
  slot timestamp with time zone not null,
  started_at timestamp with time zone default now() not null,
  finished_at timestamp with time zone,
  took_ms double precision,
  zones integer default 0 not null,
  success integer default 0 not null,
  failed integer default 0 not null,
  commands integer default 0 not null,
  errors jsonb default '[]'::jsonb not null,
  decisions integer default 0 not null,
  constraint cycles_pkey PRIMARY KEY (shard, slot),
  constraint cycles_counts CHECK (zones = (success + failed))
) partition by RANGE (slot);
grant delete, insert, select, update on table fleet.cycles to lockstep_app;

create table fleet.decisions (
  regulator_id bigint not null,
  at timestamp with time zone not null,
  tenant_id bigint not null,
  zone_id bigint not null,
  outcome text not null,
  command_id bigint,
  value double precision,
  measured_at timestamp with time zone,
  quality text,
  node_id bigint,
  target_id bigint,
  target_version integer,
  low double precision,
  high double precision,
  hysteresis double precision,
  hour_left numeric(12,3) not null,
  day_left numeric(12,3) not null,
  regulator_version integer not null,
  constraint decisions_pkey PRIMARY KEY (regulator_id, at),
  constraint decisions_outcome CHECK (outcome = ANY (ARRAY['dosed'::text, 'in_range'::text, 'cooldown'::text, 'budget_exhausted'::text, 'stale'::text, 'suspect'::text, 'no_value'::text, 'no_target'::text, 'no_actuator'::text, 'unacknowledged'::text, 'opposed'::text, 'manual'::text, 'maintenance'::text, 'disabled'::text]))
) partition by RANGE (at);
CREATE INDEX idx_decisions_zone ON ONLY fleet.decisions USING btree (zone_id, at);
comment on index fleet.idx_decisions_zone is 'GET /v1/fleet/zones/{id}/decisions, newest first';
alter table fleet.decisions enable row level security;
alter table fleet.decisions force row level security;
create policy of_tenant on fleet.decisions for all to lockstep_app
  using (((current_setting('app.tenant_id'::text, true) = '*'::text) OR (current_setting('app.tenant_id'::text, true) = (tenant_id)::text)))
  with check ();
grant delete, insert, select, update on table fleet.decisions to lockstep_app;

create table fleet.dose_windows (
  regulator_id bigint not null,
  tenant_id bigint not null,
  hour_at timestamp with time zone not null,
  hour_used numeric(12,3) default '0'::numeric not null,
  hour_budget numeric(12,3) not null,
  day_at timestamp with time zone not null,
  day_used numeric(12,3) default '0'::numeric not null,
  day_budget numeric(12,3) not null,
  dosed_at timestamp with time zone,
  outcome text,
  decided_at timestamp with time zone,
  low double precision,
  high double precision,
  constraint dose_windows_pkey PRIMARY KEY (regulator_id),
  constraint dose_windows_day CHECK (day_used >= 0::numeric AND day_used <= day_budget),
  constraint dose_windows_hour CHECK (hour_used >= 0::numeric AND hour_used <= hour_budget),
  constraint dose_windows_outcome CHECK (outcome = ANY (ARRAY['dosed'::text, 'in_range'::text, 'cooldown'::text, 'budget_exhausted'::text, 'stale'::text, 'suspect'::text, 'no_value'::text, 'no_target'::text, 'no_actuator'::text, 'unacknowledged'::text, 'opposed'::text, 'manual'::text, 'maintenance'::text, 'disabled'::text])),
  constraint dose_windows_regulator_id_regulators_id_fk FOREIGN KEY (regulator_id) REFERENCES fleet.regulators(id)
) with (fillfactor=70);
alter table fleet.dose_windows enable row level security;
alter table fleet.dose_windows force row level security;
create policy of_tenant on fleet.dose_windows for all to lockstep_app
  using (((current_setting('app.tenant_id'::text, true) = '*'::text) OR (current_setting('app.tenant_id'::text, true) = (tenant_id)::text)))
  with check ();
grant delete, insert, select, update on table fleet.dose_windows to lockstep_app;

create table fleet.greenhouses (
  id bigint generated always as identity not null,
  tenant_id bigint not null,
  name text not null,
  timezone text not null,
  gen integer default 1 not null,
  version integer default 1 not null,
  created_at timestamp with time zone default now() not null,
  constraint greenhouses_pkey PRIMARY KEY (id)
);
CREATE INDEX idx_greenhouses_tenant ON fleet.greenhouses USING btree (tenant_id, id);
alter table fleet.greenhouses enable row level security;
alter table fleet.greenhouses force row level security;
create policy of_tenant on fleet.greenhouses for all to lockstep_app
  using (((current_setting('app.tenant_id'::text, true) = '*'::text) OR (current_setting('app.tenant_id'::text, true) = (tenant_id)::text)))
  with check ();
grant delete, insert, select, update on table fleet.greenhouses to lockstep_app;

create table fleet.metrics (
  id smallint generated always as identity not null,
  name text not null,
  unit text not null,
  min double precision,
  max double precision,
  kind text default 'gauge'::text not null,
  reporting text default 'periodic'::text not null,
  priority text default 'normal'::text not null,
  stale_after integer default 600 not null,
  late_after integer default 600 not null,
  max_rate double precision,
  stuck_after integer,
  rest_value double precision,
  constraint metrics_pkey PRIMARY KEY (id),
  constraint metrics_name UNIQUE (name),
  constraint metrics_kind CHECK (kind = ANY (ARRAY['gauge'::text, 'counter'::text])),
  constraint metrics_priority CHECK (priority = ANY (ARRAY['low'::text, 'normal'::text, 'high'::text])),
  constraint metrics_reporting CHECK (reporting = ANY (ARRAY['periodic'::text, 'on_change'::text]))
);
grant delete, insert, select, update on table fleet.metrics to lockstep_app;

create table fleet.node_boots (
  node_id bigint not null,
  boot_id text not null,
  first_at timestamp with time zone not null,
  last_at timestamp with time zone not null,
  seen int4multirange default '{}'::int4multirange not null,
  constraint node_boots_pkey PRIMARY KEY (node_id, boot_id)
);
CREATE INDEX idx_node_boots_first ON fleet.node_boots USING btree (first_at);
grant delete, insert, select, update on table fleet.node_boots to lockstep_app;

create table fleet.node_configs (
  node_id bigint not null,
  tenant_id bigint not null,
  settings jsonb default '{}'::jsonb not null,
  desired_version integer default 1 not null,
  desired_at timestamp with time zone default now() not null,
  published_version integer default 0 not null,
  published_at timestamp with time zone,
  claimed_until timestamp with time zone,
  reported_version integer default 0 not null,
  reported_at timestamp with time zone,
  outcome text,
  reason text,
  rejections integer default 0 not null,
  override_until timestamp with time zone,
  drifted_at timestamp with time zone default now(),
  constraint node_configs_pkey PRIMARY KEY (node_id),
  constraint node_configs_outcome CHECK (outcome = ANY (ARRAY['applied'::text, 'rejected'::text, 'local_override'::text, 'superseded'::text])),
  constraint node_configs_published CHECK (published_version <= desired_version),
  constraint node_configs_reported CHECK (reported_version <= desired_version),
  constraint node_configs_node_id_nodes_id_fk FOREIGN KEY (node_id) REFERENCES fleet.nodes(id)
) with (fillfactor=70);
alter table fleet.node_configs enable row level security;
alter table fleet.node_configs force row level security;
create policy of_tenant on fleet.node_configs for all to lockstep_app
  using (((current_setting('app.tenant_id'::text, true) = '*'::text) OR (current_setting('app.tenant_id'::text, true) = (tenant_id)::text)))
  with check ();
grant delete, insert, select, update on table fleet.node_configs to lockstep_app;

create table fleet.nodes (
  id bigint generated always as identity not null,
  tenant_id bigint not null,
  greenhouse_id bigint not null,
  hardware_id text not null,
  uid text not null,
  type text not null,
  name text,
  fw_version text,
  hardware_revision text,
  lifecycle text default 'REGISTERED_BACKEND'::text not null,
  maintenance_until timestamp with time zone,
  gen integer default 1 not null,
  used_gen integer default 0 not null,
  reprovision_until timestamp with time zone,
  first_seen_at timestamp with time zone default now() not null,
  last_seen_at timestamp with time zone,
  version integer default 1 not null,
  constraint nodes_pkey PRIMARY KEY (id),
  constraint nodes_hardware UNIQUE (tenant_id, hardware_id),
  constraint nodes_uid UNIQUE (uid),
  constraint nodes_lifecycle CHECK (lifecycle = ANY (ARRAY['REGISTERED_BACKEND'::text, 'ASSIGNED_TO_ZONE'::text, 'ACTIVE'::text, 'DEGRADED'::text, 'MAINTENANCE'::text, 'DECOMMISSIONED'::text])),
  constraint nodes_type CHECK (type = ANY (ARRAY['ph'::text, 'ec'::text, 'climate'::text, 'soil'::text, 'light'::text, 'irrigation'::text, 'pump'::text, 'tank'::text])),
  constraint nodes_used_gen CHECK (used_gen <= gen),
  constraint nodes_greenhouse_id_greenhouses_id_fk FOREIGN KEY (greenhouse_id) REFERENCES fleet.greenhouses(id)
) with (fillfactor=80);
CREATE INDEX idx_nodes_tenant ON fleet.nodes USING btree (tenant_id, id);
alter table fleet.nodes enable row level security;
alter table fleet.nodes force row level security;
create policy of_tenant on fleet.nodes for all to lockstep_app
  using (((current_setting('app.tenant_id'::text, true) = '*'::text) OR (current_setting('app.tenant_id'::text, true) = (tenant_id)::text)))
  with check ();
grant delete, insert, select, update on table fleet.nodes to lockstep_app;

create table fleet.regulators (
  id bigint generated always as identity not null,
  tenant_id bigint not null,
  zone_id bigint not null,
  metric_id smallint not null,
  direction text not null,
  node_type text not null,
  channel text default ''::text not null,
  dose numeric(12,3) not null,
  unit text default 'ml'::text not null,
  pulse_ms integer not null,
  max_run_ms integer not null,
  cooldown_seconds integer not null,
  budget_hour numeric(12,3) not null,
  budget_day numeric(12,3) not null,
  enabled boolean default true not null,
  epoch integer default 1 not null,
  version integer default 1 not null,
  created_at timestamp with time zone default now() not null,
  constraint regulators_pkey PRIMARY KEY (id),
  constraint regulators_zone UNIQUE (zone_id, metric_id, direction),
  constraint regulators_amounts CHECK (dose::double precision > 0::double precision AND budget_hour::double precision >= 0::double precision AND budget_day::double precision >= 0::double precision),
  constraint regulators_direction CHECK (direction = ANY (ARRAY['raise'::text, 'lower'::text])),
  constraint regulators_node_type CHECK (node_type = ANY (ARRAY['ph'::text, 'ec'::text, 'climate'::text, 'soil'::text, 'light'::text, 'irrigation'::text, 'pump'::text, 'tank'::text])),
  constraint regulators_times CHECK (pulse_ms > 0 AND max_run_ms >= pulse_ms AND cooldown_seconds >= 0),
  constraint regulators_metric_id_metrics_id_fk FOREIGN KEY (metric_id) REFERENCES fleet.metrics(id),
  constraint regulators_zone_id_zones_id_fk FOREIGN KEY (zone_id) REFERENCES fleet.zones(id)
);
CREATE INDEX idx_regulators_tenant ON fleet.regulators USING btree (tenant_id, id);
CREATE TRIGGER void_commands AFTER UPDATE ON fleet.regulators FOR EACH ROW WHEN (new.epoch > old.epoch) EXECUTE FUNCTION fleet.void_commands();
alter table fleet.regulators enable row level security;
alter table fleet.regulators force row level security;
create policy of_tenant on fleet.regulators for all to lockstep_app
  using (((current_setting('app.tenant_id'::text, true) = '*'::text) OR (current_setting('app.tenant_id'::text, true) = (tenant_id)::text)))
  with check ();
grant delete, insert, select, update on table fleet.regulators to lockstep_app;

create table fleet.telemetry_1d (
  node_id bigint not null,
  metric_id smallint not null,
  channel text not null,
  n integer not null,
  sum double precision not null,
  min double precision not null,
  max double precision not null,
  last double precision not null,
  last_ts timestamp with time zone not null,
  increase double precision,
  day date not null,
  constraint telemetry_1d_pkey PRIMARY KEY (node_id, metric_id, channel, day)
);
grant delete, insert, select, update on table fleet.telemetry_1d to lockstep_app;

create table fleet.telemetry_1h (
  node_id bigint not null,
  metric_id smallint not null,
  channel text not null,
  n integer not null,
  sum double precision not null,
  min double precision not null,
  max double precision not null,
  last double precision not null,
  last_ts timestamp with time zone not null,
  increase double precision,
  hour timestamp with time zone not null,
  folded boolean default false not null,
  constraint telemetry_1h_pkey PRIMARY KEY (node_id, metric_id, channel, hour)
) partition by RANGE (hour);
CREATE INDEX idx_telemetry_1h_unfolded ON ONLY fleet.telemetry_1h USING btree (hour) WHERE (NOT folded);
comment on index fleet.idx_telemetry_1h_unfolded is 'the job that folds hours into days; the keeper of partitions';
grant delete, insert, select, update on table fleet.telemetry_1h to lockstep_app;

create table fleet.telemetry_1m (
  node_id bigint not null,
  metric_id smallint not null,
  channel text not null,
  n integer not null,
  sum double precision not null,
  min double precision not null,
  max double precision not null,
  last double precision not null,
  last_ts timestamp with time zone not null,
  increase double precision,
  minute timestamp with time zone not null,
  folded boolean default false not null,
  constraint telemetry_1m_pkey PRIMARY KEY (node_id, metric_id, channel, minute)
) partition by RANGE (minute);
CREATE INDEX idx_telemetry_1m_unfolded ON ONLY fleet.telemetry_1m USING btree (minute) WHERE (NOT folded);
comment on index fleet.idx_telemetry_1m_unfolded is 'the job that folds minutes into hours and days; the keeper of partitions';
grant delete, insert, select, update on table fleet.telemetry_1m to lockstep_app;

create table fleet.telemetry_last (
  node_id bigint not null,
  metric_id smallint not null,
  channel text not null,
  ts timestamp with time zone not null,
  value double precision not null,
  raw double precision not null,
  quality text not null,
  same_since timestamp with time zone not null,
  received_at timestamp with time zone not null,
  constraint telemetry_last_pkey PRIMARY KEY (node_id, metric_id, channel),
  constraint telemetry_last_quality CHECK (quality = ANY (ARRAY['good'::text, 'suspect'::text, 'stuck'::text]))
) with (fillfactor=70);
grant delete, insert, select, update on table fleet.telemetry_last to lockstep_app;

create table fleet.telemetry_minutes (
  tenant_id bigint not null,
  minute timestamp with time zone not null,
  received bigint default 0 not null,
  accepted bigint default 0 not null,
  duplicate bigint default 0 not null,
  conflicting bigint default 0 not null,
  late bigint default 0 not null,
  rejected bigint default 0 not null,
  thinned bigint default 0 not null,
  refused bigint default 0 not null,
  constraint telemetry_minutes_pkey PRIMARY KEY (tenant_id, minute)
);
alter table fleet.telemetry_minutes enable row level security;
alter table fleet.telemetry_minutes force row level security;
create policy of_tenant on fleet.telemetry_minutes for all to lockstep_app
  using (((current_setting('app.tenant_id'::text, true) = '*'::text) OR (current_setting('app.tenant_id'::text, true) = (tenant_id)::text)))
  with check ();
grant delete, insert, select, update on table fleet.telemetry_minutes to lockstep_app;

create table fleet.telemetry_rejects (
  id uuid default uuidv7() not null,
  tenant_id bigint not null,
  node_uid text,
  reason text not null,
  sample jsonb not null,
  received_at timestamp with time zone not null,
  replayed_at timestamp with time zone,
  constraint telemetry_rejects_pkey PRIMARY KEY (id),
  constraint telemetry_rejects_reason CHECK (reason = ANY (ARRAY['malformed'::text, 'not_a_number'::text, 'clock_unset'::text, 'in_future'::text, 'too_old'::text, 'ts_missing'::text, 'unknown_node'::text, 'unknown_metric'::text, 'unit_mismatch'::text, 'out_of_range'::text]))
) partition by RANGE (id);
CREATE INDEX idx_telemetry_rejects_tenant ON ONLY fleet.telemetry_rejects USING btree (tenant_id, id);
comment on index fleet.idx_telemetry_rejects_tenant is 'GET /v1/fleet/telemetry/rejects of a tenant, newest first';
alter table fleet.telemetry_rejects enable row level security;
alter table fleet.telemetry_rejects force row level security;
create policy of_tenant on fleet.telemetry_rejects for all to lockstep_app
  using (((current_setting('app.tenant_id'::text, true) = '*'::text) OR (current_setting('app.tenant_id'::text, true) = (tenant_id)::text)))
  with check ();
grant delete, insert, select, update on table fleet.telemetry_rejects to lockstep_app;

create table fleet.telemetry_samples (
  node_id bigint not null,
  metric_id smallint not null,
  channel text not null,
  ts timestamp with time zone not null,
  value double precision not null,
  raw double precision not null,
  quality text not null,
  received_at timestamp with time zone not null,
  conflicts smallint default 0 not null,
  constraint telemetry_samples_pkey PRIMARY KEY (node_id, metric_id, channel, ts)
) partition by RANGE (ts);
grant delete, insert, select, update on table fleet.telemetry_samples to lockstep_app;

create table fleet.zone_bindings (
  id bigint generated always as identity not null,
  tenant_id bigint not null,
  zone_id bigint not null,
  node_id bigint not null,
  from_at timestamp with time zone default now() not null,
  until_at timestamp with time zone,
  constraint zone_bindings_pkey PRIMARY KEY (id),
  constraint zone_bindings_order CHECK (until_at >= from_at)
);
CREATE INDEX idx_zone_bindings_zone ON fleet.zone_bindings USING btree (zone_id, from_at);
CREATE UNIQUE INDEX zone_bindings_open ON fleet.zone_bindings USING btree (node_id) WHERE (until_at IS NULL);
alter table fleet.zone_bindings enable row level security;
alter table fleet.zone_bindings force row level security;
create policy of_tenant on fleet.zone_bindings for all to lockstep_app
  using (((current_setting('app.tenant_id'::text, true) = '*'::text) OR (current_setting('app.tenant_id'::text, true) = (tenant_id)::text)))
  with check ();
grant delete, insert, select, update on table fleet.zone_bindings to lockstep_app;

create table fleet.zone_slots (
  tenant_id bigint not null,
  zone_id bigint not null,
  node_type text not null,
  node_id bigint not null,
  constraint zone_slots_pkey PRIMARY KEY (zone_id, node_type),
  constraint zone_slots_node UNIQUE (node_id),
  constraint zone_slots_node_id_nodes_id_fk FOREIGN KEY (node_id) REFERENCES fleet.nodes(id),
  constraint zone_slots_zone_id_zones_id_fk FOREIGN KEY (zone_id) REFERENCES fleet.zones(id)
);
alter table fleet.zone_slots enable row level security;
alter table fleet.zone_slots force row level security;
create policy of_tenant on fleet.zone_slots for all to lockstep_app
  using (((current_setting('app.tenant_id'::text, true) = '*'::text) OR (current_setting('app.tenant_id'::text, true) = (tenant_id)::text)))
  with check ();
grant delete, insert, select, update on table fleet.zone_slots to lockstep_app;

create table fleet.zone_targets (
  id bigint generated always as identity not null,
  tenant_id bigint not null,
  zone_id bigint not null,
  metric_id smallint not null,
  min double precision not null,
  max double precision not null,
  hysteresis double precision default 0 not null,
  from_time time without time zone,
  until_time time without time zone,
  clock text default 'local'::text not null,
  version integer default 1 not null,
  constraint zone_targets_pkey PRIMARY KEY (id),
  constraint zone_targets_hours UNIQUE NULLS NOT DISTINCT (zone_id, metric_id, from_time),
  constraint zone_targets_clock CHECK (clock = ANY (ARRAY['local'::text, 'standard'::text])),
  constraint zone_targets_hours_whole CHECK ((from_time IS NULL) = (until_time IS NULL) AND from_time <> until_time),
  constraint zone_targets_range CHECK (min <= max AND hysteresis >= 0::double precision AND hysteresis <= (max - min)),
  constraint zone_targets_metric_id_metrics_id_fk FOREIGN KEY (metric_id) REFERENCES fleet.metrics(id),
  constraint zone_targets_zone_id_zones_id_fk FOREIGN KEY (zone_id) REFERENCES fleet.zones(id)
);
alter table fleet.zone_targets enable row level security;
alter table fleet.zone_targets force row level security;
create policy of_tenant on fleet.zone_targets for all to lockstep_app
  using (((current_setting('app.tenant_id'::text, true) = '*'::text) OR (current_setting('app.tenant_id'::text, true) = (tenant_id)::text)))
  with check ();
grant delete, insert, select, update on table fleet.zone_targets to lockstep_app;

create table fleet.zones (
  id bigint generated always as identity not null,
  tenant_id bigint not null,
  greenhouse_id bigint not null,
  name text not null,
  mode text default 'auto'::text not null,
  mode_until timestamp with time zone,
  epoch integer default 1 not null,
  version integer default 1 not null,
  created_at timestamp with time zone default now() not null,
  constraint zones_pkey PRIMARY KEY (id),
  constraint zones_mode CHECK (mode = ANY (ARRAY['auto'::text, 'manual'::text, 'maintenance'::text])),
  constraint zones_greenhouse_id_greenhouses_id_fk FOREIGN KEY (greenhouse_id) REFERENCES fleet.greenhouses(id)
);
CREATE INDEX idx_zones_mode ON fleet.zones USING btree (mode_until) WHERE (mode_until IS NOT NULL);
CREATE INDEX idx_zones_tenant ON fleet.zones USING btree (tenant_id, id);
CREATE TRIGGER void_commands AFTER UPDATE ON fleet.zones FOR EACH ROW WHEN (new.epoch > old.epoch) EXECUTE FUNCTION fleet.void_commands();
alter table fleet.zones enable row level security;
alter table fleet.zones force row level security;
create policy of_tenant on fleet.zones for all to lockstep_app
  using (((current_setting('app.tenant_id'::text, true) = '*'::text) OR (current_setting('app.tenant_id'::text, true) = (tenant_id)::text)))
  with check ();
grant delete, insert, select, update on table fleet.zones to lockstep_app;

CREATE OR REPLACE FUNCTION fleet.decide(at timestamp with time zone, enabled boolean, mode text, mode_until timestamp with time zone, direction text, low double precision, high double precision, hysteresis double precision, value double precision, fresh_at timestamp with time zone, stale_after integer, quality text, was text, waits boolean, actuator text, opposed_until timestamp with time zone, dosed_at timestamp with time zone, cooldown_seconds integer, dose numeric, budget_left numeric)
 RETURNS text
 LANGUAGE sql
 STABLE
RETURN CASE WHEN (NOT enabled) THEN 'disabled'::text WHEN ((mode <> 'auto'::text) AND ((mode_until IS NULL) OR (mode_until > at))) THEN mode WHEN (actuator = 'maintenance'::text) THEN 'maintenance'::text WHEN (low IS NULL) THEN 'no_target'::text WHEN (value IS NULL) THEN 'no_value'::text WHEN ((fresh_at + make_interval(secs => (stale_after)::double precision)) < at) THEN 'stale'::text WHEN (quality <> 'good'::text) THEN 'suspect'::text WHEN (NOT fleet.is_acting(direction, value, low, high, hysteresis, was)) THEN 'in_range'::text WHEN waits THEN 'unacknowledged'::text WHEN (actuator = 'none'::text) THEN 'no_actuator'::text WHEN (opposed_until > at) THEN 'opposed'::text WHEN ((dosed_at + make_interval(secs => (cooldown_seconds)::double precision)) > at) THEN 'cooldown'::text WHEN (dose > budget_left) THEN 'budget_exhausted'::text ELSE 'dosed'::text END;

CREATE OR REPLACE FUNCTION fleet.has_passed(at timestamp with time zone, moment time without time zone, zone text)
 RETURNS boolean
 LANGUAGE sql
 STABLE
RETURN ((((at AT TIME ZONE zone))::time without time zone >= moment) OR (EXISTS (SELECT FROM (SELECT (((((has_passed.at AT TIME ZONE has_passed.zone))::date + has_passed.moment) - (((has_passed.at - '24:00:00'::interval) AT TIME ZONE has_passed.zone) - ((has_passed.at - '24:00:00'::interval) AT TIME ZONE 'UTC'::text))) AT TIME ZONE 'UTC'::text) AS at) first WHERE ((first.at <= has_passed.at) AND (((first.at AT TIME ZONE has_passed.zone))::time without time zone = has_passed.moment)))));

CREATE OR REPLACE FUNCTION fleet.hot_store_fcb81ac1(jsonb, text, interval, interval, text, text, text, text, text, text, text)
 RETURNS TABLE(messages integer)
 LANGUAGE plpgsql
 SET plan_cache_mode TO 'force_generic_plan'
AS $function$
#variable_conflict use_column
declare
  ignored record;
begin
  if $11 is not null then
    perform set_config('app.tenant_id', $11, true);
  end if;
  if $7 is not null then
    perform core.begin_idempotent($7, $8, $9, $10);
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


heads as materialized (
  select source, n, at as received_at, shared, (shared ->> 'tenant')::bigint as tenant_id
  from arrived
),
known_nodes as materialized (
  select h.source, h.n, (w.place - 1)::int as place, w.uid, node.id as node_id, node.tenant_id,
    exists (select from fleet.calibrations c where c.node_id = node.id) as is_calibrated
  from heads h
  cross join lateral jsonb_array_elements_text(h.shared -> 'nodes') with ordinality as w (uid, place)
  left join fleet.nodes node on node.uid = w.uid
    and (h.tenant_id is null or node.tenant_id = h.tenant_id)
    and node.lifecycle <> 'DECOMMISSIONED'
),
known_metrics as materialized (
  select h.source, h.n, (w.place - 1)::int as place, w.named ->> 0 as metric, w.named ->> 1 as sent_unit, m.id as metric_id,
    m.unit, m.min, m.max, m.max_rate, m.stuck_after, m.rest_value, m.late_after
  from heads h
  cross join lateral jsonb_array_elements(h.shared -> 'metrics') with ordinality as w (named, place)
  left join fleet.metrics m on m.name = w.named ->> 0
),
items as materialized (
  select a.source, a.n, a.at as received_at, e.pos, e.item, jsonb_typeof(e.item) as kind,
    (e.item ->> 0)::int as node_place, (e.item ->> 1)::int as metric_place,
    to_timestamp((e.item ->> 2)::float8 / 1000) as sent_ts,
    coalesce(to_timestamp((e.item ->> 2)::float8 / 1000), a.at) as ts, (e.item ->> 3)::float8 as raw,
    coalesce(e.item ->> 4, '') as channel, e.item ->> 5 as sent_quality,
    coalesce(e.item ->> 6, e.item ->> 'reject')::uuid as reject_id
  from arrived a
  cross join lateral jsonb_array_elements(a.items) with ordinality as e (item, pos)
),
numbered as materialized (
  select k.node_id, h.source, h.n, h.shared ->> 'boot' as boot_id, (h.shared ->> 'seq')::int as seq, h.received_at,
    (select min(i.ts) from items i where i.source = h.source and i.n = h.n) as first_at,
    row_number() over (
      partition by k.node_id, h.shared ->> 'boot', h.shared ->> 'seq' order by h.source, h.n
    ) as turn
  from heads h
  join known_nodes k using (source, n)
  where h.shared ->> 'seq' is not null
    and k.place = 0
    and k.node_id is not null
),
booted as (
  insert into fleet.node_boots as b (node_id, boot_id, first_at, last_at, seen)
  select node_id, boot_id, coalesce(min(first_at), min(received_at)), max(received_at), range_agg(int4range(seq, seq, '[]'))
  from numbered
  group by node_id, boot_id
  order by node_id, boot_id
  on conflict (node_id, boot_id) do update
  set seen = b.seen + excluded.seen, last_at = greatest(b.last_at, excluded.last_at),
    first_at = least(b.first_at, excluded.first_at)
  returning node_id, boot_id, old.seen as seen_before
),
repeated as materialized (
  select m.source, m.n
  from numbered m
  join booted b using (node_id, boot_id)
  where m.turn > 1
    or b.seen_before @> m.seq
),
-- Race: two messages replay the same rejects. They are locked in one order, and always after the boots.
rejected_before as materialized (
  select r.id
  from fleet.telemetry_rejects r
  where r.id = any(array(select reject_id from items where reject_id is not null))
    and r.replayed_at is null
    and (select count(*) from booted) >= 0
  order by r.id
  for no key update
),
claimed as (
  update fleet.telemetry_rejects r
  set replayed_at = now()
  where r.id = any(array(select id from rejected_before))
    and r.replayed_at is null
  returning r.id
),
sent as materialized (
  select i.source, i.n, i.pos, i.received_at, coalesce(k.tenant_id, h.tenant_id, 0) as tenant_id, k.node_id, m.metric_id,
    i.channel, i.ts, i.raw, c.value, i.sent_quality, m.max_rate, m.stuck_after, m.rest_value, m.late_after,
    case
      when i.reject_id is not null and i.reject_id not in (select id from claimed) then 'duplicate'
      when i.kind = 'object' then i.item ->> 'reason'
      when i.node_place is null then 'thinned'
      when i.sent_ts is null and (i.source, i.n) in (select source, n from repeated) then 'duplicate'
      when k.node_id is null then 'unknown_node'
      when m.metric_id is null then 'unknown_metric'
      when m.sent_unit <> m.unit then 'unit_mismatch'
      when i.ts < now() - $3::interval then 'too_old'
      when i.ts > now() + $4::interval then 'in_future'
      when c.value < m.min or c.value > m.max then 'out_of_range'
    end as reason
  from items i
  join heads h using (source, n)
  left join known_nodes k on (k.source, k.n, k.place) = (i.source, i.n, i.node_place)
  left join known_metrics m on (m.source, m.n, m.place) = (i.source, i.n, i.metric_place)
  left join lateral (
    select gain, shift
    from fleet.calibrations
    where k.is_calibrated
      and node_id = k.node_id
      and metric_id = m.metric_id
      and channel = i.channel
      and from_at <= i.ts
    order by from_at desc
    limit 1
  ) line on true
  cross join lateral (select i.raw * coalesce(line.gain, 1) + coalesce(line.shift, 0) as value) c
),
keyed as materialized (
  select *, row_number() over key as turn, first_value(raw) over key as first_raw
  from sent
  where reason is null
  window key as (partition by node_id, metric_id, channel, ts order by source, n, pos)
),
followed as (
  select k.*, l.same_since,
    coalesce(lag(k.value) over series, l.value) as value_before, coalesce(lag(k.ts) over series, l.ts) as ts_before
  from keyed k
  left join fleet.telemetry_last l on l.node_id = k.node_id
    and l.metric_id = k.metric_id
    and l.channel = k.channel
    and l.ts < k.ts
  where k.turn = 1
  window series as (partition by k.node_id, k.metric_id, k.channel order by k.ts)
),
timed as (
  select *,
    coalesce(
      max(case when value is distinct from value_before then ts end)
        over (partition by node_id, metric_id, channel order by ts),
      same_since
    ) as since
  from followed
),
judged as materialized (
  select *,
    case
      when sent_quality = 'suspect' then 'suspect'
      when abs(value - value_before) > max_rate * extract(epoch from ts - ts_before)::float8 then 'suspect'
      when value = value_before
        and extract(epoch from ts - since)::float8 > stuck_after
        and value is distinct from rest_value then 'stuck'
      else 'good'
    end as quality
  from timed
),
stored as (
  insert into fleet.telemetry_samples as t
    (node_id, metric_id, channel, ts, value, raw, quality, received_at)
  select node_id, metric_id, channel, ts, value, raw, quality, received_at
  from judged
  where (select count(*) from booted) >= 0
  order by node_id, metric_id, channel, ts
  on conflict (node_id, metric_id, channel, ts) do update
  set conflicts = least(t.conflicts::int + 1, 32767)
  where t.raw is distinct from excluded.raw
  returning node_id, metric_id, channel, ts, old.ts is null as is_new
),
-- A window instead of a join: Postgres expects few rows here and would compare each with each.
settled as materialized (
  select *
  from (
    select source, n, tenant_id, received_at, node_id, metric_id, channel, ts, value, raw, quality, since, late_after,
      max(is_new) over (partition by node_id, metric_id, channel, ts) as is_new
    from (
      select source, n, tenant_id, received_at, node_id, metric_id, channel, ts, value, raw, quality, since, late_after,
        null::int as is_new
      from judged
      union all
      select null, null, null, null, node_id, metric_id, channel, ts, null, null, null, null, null, is_new::int
      from stored
    ) side
  ) joined
  where source is not null
),
newest as (
  insert into fleet.telemetry_last as t
    (node_id, metric_id, channel, ts, value, raw, quality, same_since, received_at)
  select distinct on (node_id, metric_id, channel) node_id, metric_id, channel, ts, value, raw, quality, since,
    received_at
  from settled
  where is_new = 1
  order by node_id, metric_id, channel, ts desc
  on conflict (node_id, metric_id, channel) do update
  set ts = excluded.ts, value = excluded.value, raw = excluded.raw, quality = excluded.quality,
    same_since = excluded.same_since, received_at = excluded.received_at
  where excluded.ts > t.ts
  returning 1
),
minutes as (
  insert into fleet.telemetry_1m as t
    (node_id, metric_id, channel, minute, n, sum, min, max, last, last_ts)
  select node_id, metric_id, channel, date_trunc('minute', ts, 'UTC'), count(*), sum(value), min(value), max(value),
    (array_agg(value order by ts desc))[1], max(ts)
  from settled
  where is_new = 1
    and (select count(*) from newest) >= 0
  group by 1, 2, 3, 4
  order by 1, 2, 3, 4
  on conflict (node_id, metric_id, channel, minute) do update
  set n = t.n + excluded.n, sum = t.sum + excluded.sum, min = least(t.min, excluded.min),
    max = greatest(t.max, excluded.max),
    last = case when excluded.last_ts > t.last_ts then excluded.last else t.last end,
    last_ts = greatest(t.last_ts, excluded.last_ts), folded = false
  returning 1
),
rejects as (
  insert into fleet.telemetry_rejects (tenant_id, node_uid, reason, sample, received_at)
  select s.tenant_id, coalesce(k.uid, i.item ->> 'node'), s.reason,
    case i.kind
      when 'object' then i.item -> 'sample'
      else jsonb_strip_nulls(jsonb_build_object(
        'nodeUid', k.uid, 'metric', m.metric, 'ts', core.iso(i.ts), 'value', i.raw, 'unit', m.sent_unit,
        'channel', nullif(i.channel, ''), 'quality', i.sent_quality
      ))
    end,
    s.received_at
  from sent s
  join items i using (source, n, pos)
  left join known_nodes k on (k.source, k.n, k.place) = (i.source, i.n, i.node_place)
  left join known_metrics m on (m.source, m.n, m.place) = (i.source, i.n, i.metric_place)
  where s.reason not in ('duplicate', 'thinned')
  returning 1
),
fates as materialized (
  select source, n, tenant_id, received_at, count(*) as items, count(*) filter (where fate = 'accepted') as accepted,
    count(*) filter (where fate = 'late') as late,
    count(*) filter (where fate in ('duplicate', 'conflicting')) as duplicate,
    count(*) filter (where fate = 'conflicting') as conflicting, count(*) filter (where fate = 'thinned') as thinned,
    count(*) filter (where fate = 'rejected') as rejected
  from (
    select source, n, tenant_id, received_at,
      case
        when is_new = 1 and ts < received_at - make_interval(secs => late_after) then 'late'
        when is_new = 1 then 'accepted'
        when is_new = 0 then 'conflicting'
        else 'duplicate'
      end as fate
    from settled
    union all
    select source, n, tenant_id, received_at, case when raw = first_raw then 'duplicate' else 'conflicting' end
    from keyed
    where turn > 1
    union all
    select source, n, tenant_id, received_at, case when reason in ('duplicate', 'thinned') then reason else 'rejected' end
    from sent
    where reason is not null
  ) fated
  group by source, n, tenant_id, received_at
),
tallied as (
  insert into fleet.telemetry_minutes as t
    (tenant_id, minute, received, accepted, duplicate, conflicting, late, rejected, thinned)
  select tenant_id, date_trunc('minute', received_at, 'UTC'), sum(items), sum(accepted), sum(duplicate),
    sum(conflicting), sum(late), sum(rejected), sum(thinned)
  from fates
  where (select count(*) from minutes) >= 0
  group by 1, 2
  order by 1, 2
  on conflict (tenant_id, minute) do update
  set received = t.received + excluded.received, accepted = t.accepted + excluded.accepted,
    duplicate = t.duplicate + excluded.duplicate, conflicting = t.conflicting + excluded.conflicting,
    late = t.late + excluded.late, rejected = t.rejected + excluded.rejected, thinned = t.thinned + excluded.thinned
  returning 1
),
-- Another statement that has the row notes the contact, or the next batch does.
due as materialized (
  select n.id, k.received_at, least(k.gen, n.gen) as gen
  from (
    select k.node_id, max(h.received_at) as received_at, coalesce(max((h.shared ->> 'gen')::int), 0) as gen
    from known_nodes k
    join heads h using (source, n)
    where k.node_id is not null
      and (select count(*) from tallied) >= 0
    group by k.node_id
  ) k
  join fleet.nodes n on n.id = k.node_id
  where k.received_at > now() - interval '10 minutes'
    and (
      n.last_seen_at is null
      or n.last_seen_at < k.received_at - interval '10 seconds'
      or n.used_gen < least(k.gen, n.gen)
      or n.lifecycle in ('ASSIGNED_TO_ZONE', 'DEGRADED')
    )
  for no key update of n skip locked
),
seen as (
  update fleet.nodes node
  set last_seen_at = greatest(node.last_seen_at, due.received_at), used_gen = greatest(node.used_gen, due.gen),
    version = node.version + (node.lifecycle in ('ASSIGNED_TO_ZONE', 'DEGRADED'))::int,
    lifecycle = case when node.lifecycle in ('ASSIGNED_TO_ZONE', 'DEGRADED') then 'ACTIVE' else node.lifecycle end
  from due
  where node.id = due.id
  returning 1
),
outcome as (
  select source, n, sum(accepted + late) as stored, sum(duplicate) as duplicate, sum(rejected + thinned) as rejected
  from fates
  where (select count(*) from seen) >= 0
  group by source, n
),
accounted as (select source, n, stored, duplicate, rejected, 0 as dead from outcome),

counted_sources as (
  insert into core.ingest_sources as s (stream, source, answered, items, messages, last_at)
  select $5::text, source, max(answered), sum(items), count(*), max(at)
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
  select $6::text, date_trunc('minute', f.at), coalesce(sum(f.items) filter (where not f.was_dead), 0),
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
  if $7 is not null then
    perform core.assert_settled();
  end if;
end
$function$;

CREATE OR REPLACE FUNCTION fleet.is_acting(direction text, value double precision, low double precision, high double precision, hysteresis double precision, was text)
 RETURNS boolean
 LANGUAGE sql
 IMMUTABLE
RETURN COALESCE(CASE direction WHEN 'raise'::text THEN ((value < low) OR ((value < (low + hysteresis)) AND fleet.was_acting(was))) ELSE ((value > high) OR ((value > (high - hysteresis)) AND fleet.was_acting(was))) END, false);

CREATE OR REPLACE FUNCTION fleet.is_due(at timestamp with time zone, from_time time without time zone, until_time time without time zone, clock text, zone text)
 RETURNS boolean
 LANGUAGE sql
 STABLE
RETURN CASE WHEN (from_time IS NULL) THEN true WHEN (clock = 'standard'::text) THEN (SELECT CASE WHEN (is_due.from_time < is_due.until_time) THEN ((standard."time" >= is_due.from_time) AND (standard."time" < is_due.until_time)) ELSE ((standard."time" >= is_due.from_time) OR (standard."time" < is_due.until_time)) END AS "case" FROM (SELECT (((is_due.at AT TIME ZONE 'UTC'::text) + LEAST(((winter.january AT TIME ZONE is_due.zone) - (winter.january AT TIME ZONE 'UTC'::text)), ((summer.july AT TIME ZONE is_due.zone) - (summer.july AT TIME ZONE 'UTC'::text)))))::time without time zone AS "time" FROM ((SELECT date_trunc('year'::text, is_due.at, 'UTC'::text) AS january) winter CROSS JOIN LATERAL (SELECT (winter.january + '4344:00:00'::interval) AS july) summer)) standard) WHEN (from_time < until_time) THEN (fleet.has_passed(at, from_time, zone) AND (NOT fleet.has_passed(at, until_time, zone))) ELSE (fleet.has_passed(at, from_time, zone) OR (NOT fleet.has_passed(at, until_time, zone))) END;

CREATE OR REPLACE FUNCTION fleet.is_folded(first_moment timestamp with time zone, next_moment timestamp with time zone)
 RETURNS boolean
 LANGUAGE sql
 STABLE
 SET search_path TO ''
AS $function$
select not exists (
  select
  from fleet.telemetry_1m
  where minute >= first_moment
    and minute < next_moment
    and not folded
)
$function$;

CREATE OR REPLACE FUNCTION fleet.is_folded_into_days(first_moment timestamp with time zone, next_moment timestamp with time zone)
 RETURNS boolean
 LANGUAGE sql
 STABLE
 SET search_path TO ''
AS $function$
select not exists (
  select
  from fleet.telemetry_1h
  where hour >= first_moment
    and hour < next_moment
    and not folded
)
$function$;

CREATE OR REPLACE FUNCTION fleet.refuse_command_step_back()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO ''
AS $function$
begin
  raise exception using
    errcode = '23514',
    constraint = 'commands_only_move_up',
    message = format('the command is %s and cannot become %s', old.state, new.state);
end
$function$;

CREATE OR REPLACE FUNCTION fleet.settle_command()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO ''
AS $function$
begin
  if new.state in ('ERROR', 'NO_EFFECT', 'EXPIRED') and new.kind = 'dose' then
    -- A window that began after the dose does not contain it.
    update fleet.dose_windows w
    set
      hour_used = case
        when w.hour_at <= coalesce(new.slot, new.queued_at) then greatest(w.hour_used - new.amount, 0)
        else w.hour_used
      end,
      day_used = case
        when w.day_at <= coalesce(new.slot, new.queued_at) then greatest(w.day_used - new.amount, 0)
        else w.day_used
      end
    where w.regulator_id = new.regulator_id;
  elsif new.state = 'TIMEOUT' then
    insert into fleet.commands (
      tenant_id, node_id, zone_id, regulator_id, zone_epoch, regulator_epoch, kind, channel, ordered_by, reason
    )
    select
      new.tenant_id, new.node_id, new.zone_id, new.regulator_id, z.epoch, r.epoch, 'off', new.channel, 'system', new.reason
    from fleet.zones z
    left join fleet.regulators r on r.id = new.regulator_id
    where z.id = new.zone_id;
  end if;
  return null;
end
$function$;

CREATE OR REPLACE FUNCTION fleet.simulate(zone_number bigint, metric_number smallint, setting jsonb, from_at timestamp with time zone, until_at timestamp with time zone)
 RETURNS TABLE(at timestamp with time zone, outcome text, value double precision, hour_left numeric, day_left numeric)
 LANGUAGE plpgsql
 STABLE
 SET search_path TO ''
AS $function$
declare
  zone_name constant text := setting ->> 'timezone';
  dose constant numeric := (setting ->> 'dose')::numeric;
  known record;
  was text;
  dosed_at timestamptz;
  hour_at timestamptz;
  day_at timestamptz;
  hour_used numeric := 0;
  day_used numeric := 0;
begin
  for known in
    select
      minutes.minute as at, r.value, r.measured_at, r.quality, t.low, t.high, t.hysteresis
    from pg_catalog.generate_series(
      pg_catalog.date_trunc('minute', from_at), until_at - interval '1 minute', interval '1 minute'
    ) minutes (minute)
    -- The newest value of the zone's nodes before the end of the minute.
    left join lateral (
      select m.last as value, m.last_ts as measured_at, 'good' as quality
      from fleet.zone_bindings b
      join fleet.telemetry_1m m on m.node_id = b.node_id
      where b.zone_id = zone_number
        and m.metric_id = metric_number
        and m.minute <= minutes.minute
        and m.minute > minutes.minute - pg_catalog.make_interval(secs => (setting ->> 'staleAfter')::int + 60)
        and m.last_ts >= b.from_at
        and (b.until_at is null or m.last_ts < b.until_at)
      order by m.minute desc, m.last_ts desc
      limit 1
    ) r on true
    left join lateral (
      select
        (setting ->> 'min')::double precision as low, (setting ->> 'max')::double precision as high,
        (setting ->> 'hysteresis')::double precision as hysteresis
      where setting ? 'min'
      union all
      (
        select z.min, z.max, z.hysteresis
        from fleet.zone_targets z
        where z.zone_id = zone_number
          and z.metric_id = metric_number
          and not setting ? 'min'
          and (z.from_time is null or fleet.is_due(minutes.minute, z.from_time, z.until_time, z.clock, zone_name))
        order by z.from_time is null, z.id desc
        limit 1
      )
    ) t on true
    order by minutes.minute
  loop
    if hour_at is distinct from pg_catalog.date_trunc('hour', known.at, zone_name) then
      hour_at := pg_catalog.date_trunc('hour', known.at, zone_name);
      hour_used := 0;
    end if;
    if day_at is distinct from pg_catalog.date_trunc('day', known.at, zone_name) then
      day_at := pg_catalog.date_trunc('day', known.at, zone_name);
      day_used := 0;
    end if;
    at := known.at;
    value := known.value;
    hour_left := (setting ->> 'budgetHour')::numeric - hour_used;
    day_left := (setting ->> 'budgetDay')::numeric - day_used;
    outcome := fleet.decide(
      at, true, 'auto', null, setting ->> 'direction', known.low, known.high, known.hysteresis, value, known.measured_at,
      (setting ->> 'staleAfter')::int + 60, known.quality, was, false, 'ready', null, dosed_at,
      (setting ->> 'cooldownSeconds')::int, dose, least(hour_left, day_left)
    );
    if outcome = 'dosed' then
      dosed_at := at;
      hour_used := hour_used + dose;
      day_used := day_used + dose;
    end if;
    was := outcome;
    return next;
  end loop;
end
$function$;

CREATE OR REPLACE FUNCTION fleet.take_cycle(shard_number integer, slot_at timestamp with time zone)
 RETURNS void
 LANGUAGE plpgsql
 SET search_path TO ''
AS $function$
begin
  insert into fleet.cycles (shard, slot) values (shard_number, slot_at) on conflict do nothing;
  if not found then
    raise exception using errcode = 'LS011', message = 'this slot is done';
  end if;
end
$function$;

CREATE OR REPLACE FUNCTION fleet.tell_voided()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO ''
AS $function$
begin
  perform core.emit(
    'fleet',
    'tenant:' || new.tenant_id,
    array['command:' || new.id],
    array['command.voided'],
    array[jsonb_build_object(
      'id', new.id,
      'uid', (select n.uid from fleet.nodes n where n.id = new.node_id),
      'zoneId', new.zone_id,
      'kind', new.kind,
      'state', new.state,
      'reason', new.reason
    )]
  );
  return null;
end
$function$;

CREATE OR REPLACE FUNCTION fleet.void_commands()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO ''
AS $function$
begin
  with waiting as materialized (
    select c.id
    from fleet.commands c
    where c.state in ('QUEUED', 'SENT', 'ACK')
      and case tg_table_name when 'zones' then c.zone_id else c.regulator_id end = new.id
    order by c.id
    for no key update
  )
  update fleet.commands c
  set
    zone_epoch = case when c.kind = 'off' and tg_table_name = 'zones' then new.epoch else c.zone_epoch end,
    regulator_epoch = case when c.kind = 'off' and tg_table_name = 'regulators' then new.epoch else c.regulator_epoch end,
    state = case when c.kind = 'off' then c.state when c.state = 'QUEUED' then 'EXPIRED' else 'TIMEOUT' end,
    reason = case when c.kind = 'off' then c.reason else 'stale_epoch' end,
    finished_at = case when c.kind = 'off' then c.finished_at else now() end
  from waiting
  where c.id = waiting.id
    and c.state in ('QUEUED', 'SENT', 'ACK');
  return null;
end
$function$;

CREATE OR REPLACE FUNCTION fleet.was_acting(outcome text)
 RETURNS boolean
 LANGUAGE sql
 IMMUTABLE
RETURN (outcome = ANY (ARRAY['unacknowledged'::text, 'no_actuator'::text, 'opposed'::text, 'cooldown'::text, 'budget_exhausted'::text, 'dosed'::text]));

create schema ledger;
grant usage on schema ledger to lockstep_app;

create view ledger.account_changes as
 SELECT NULL::bigint AS tenant_id,
    NULL::text AS user_id,
    NULL::text AS currency,
    NULL::bigint AS seq,
    NULL::bigint AS balance_delta,
    NULL::bigint AS reserved_delta,
    NULL::bigint AS lowest,
    NULL::boolean AS debits
  WHERE false;

create table ledger.alerts (
  tenant_id bigint not null,
  id bigint generated always as identity not null,
  kind text not null,
  subject text not null,
  user_id text,
  currency text,
  evidence jsonb not null,
  raised_at timestamp with time zone default now() not null,
  seen_at timestamp with time zone default now() not null,
  resolved_at timestamp with time zone,
  constraint alerts_tenant_id_id_pk PRIMARY KEY (tenant_id, id),
  constraint alerts_kind_known CHECK (kind = ANY (ARRAY['balance'::text, 'hold'::text, 'bet'::text, 'payment'::text, 'negative'::text]))
);
CREATE UNIQUE INDEX idx_alerts_open ON ledger.alerts USING btree (tenant_id, kind, subject) WHERE (resolved_at IS NULL);
alter table ledger.alerts enable row level security;
alter table ledger.alerts force row level security;
create policy of_tenant on ledger.alerts for all to lockstep_app
  using ((tenant_id = (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::bigint))
  with check ();
grant select, update on table ledger.alerts to lockstep_app;

create table ledger.balance_deltas (
  tenant_id bigint not null,
  user_id text not null,
  currency text not null,
  seq bigint not null,
  balance_delta bigint not null,
  reserved_delta bigint not null,
  constraint balance_deltas_tenant_id_user_id_currency_seq_pk PRIMARY KEY (tenant_id, user_id, currency, seq),
  constraint balance_deltas_take_nothing CHECK (balance_delta >= reserved_delta)
);
alter table ledger.balance_deltas enable row level security;
alter table ledger.balance_deltas force row level security;
create policy of_tenant on ledger.balance_deltas for all to lockstep_app
  using ((tenant_id = (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::bigint))
  with check ();
grant delete, insert, select, update on table ledger.balance_deltas to lockstep_app;

create table ledger.balance_events (
  tenant_id bigint not null,
  aggregate_id text not null,
  stream_version integer not null,
  id uuid default uuidv7() not null,
  xid xid8 default core.reading_xid() not null,
  seq bigint default nextval('ledger.event_seq'::regclass) not null,
  event_type text not null,
  event_data jsonb not null,
  schema_version smallint default 1 not null,
  idempotency_key text,
  occurred_at timestamp with time zone default clock_timestamp() not null,
  created_at timestamp with time zone default clock_timestamp() not null,
  actor text not null,
  user_id text generated always as ((event_data ->> 'userId'::text)) stored not null,
  currency text generated always as ((event_data ->> 'currency'::text)) stored not null,
  balance_delta bigint generated always as ((((event_data ->> 'amountMinor'::text))::bigint *
CASE event_type
    WHEN 'V1_BALANCES_BALANCE_CREDITED'::text THEN 1
    WHEN 'V1_BALANCES_BALANCE_DEBITED'::text THEN '-1'::integer
    ELSE 0
END)) stored not null,
  reserved_delta bigint generated always as ((((event_data ->> 'amountMinor'::text))::bigint *
CASE event_type
    WHEN 'V1_BALANCES_BALANCE_RESERVED'::text THEN 1
    WHEN 'V1_BALANCES_BALANCE_RELEASED'::text THEN '-1'::integer
    ELSE 0
END)) stored not null,
  constraint balance_events_tenant_id_aggregate_id_stream_version_pk PRIMARY KEY (tenant_id, aggregate_id, stream_version),
  constraint balance_events_rules CHECK (ledger.check_balance_events(balance_events.*))
);
CREATE INDEX idx_balance_events_account ON ledger.balance_events USING btree (tenant_id, user_id, currency, xid, seq);
comment on index ledger.idx_balance_events_account is 'GET /v1/ledger/users/{userId}/statement and …/balances/at; the fold of an account';
CREATE INDEX idx_balance_events_feed ON ledger.balance_events USING btree (tenant_id, xid, seq);
comment on index ledger.idx_balance_events_feed is 'GET /v1/ledger/events after a cursor, and its stream';
CREATE UNIQUE INDEX idx_balance_events_key ON ledger.balance_events USING btree (tenant_id, idempotency_key) WHERE (idempotency_key IS NOT NULL);
comment on index ledger.idx_balance_events_key is 'one effect a key, for ever';
CREATE TRIGGER apply_user_balances_view AFTER INSERT ON ledger.balance_events REFERENCING NEW TABLE AS arrived FOR EACH STATEMENT EXECUTE FUNCTION ledger.apply_user_balances_view();
alter table ledger.balance_events enable row level security;
alter table ledger.balance_events force row level security;
create policy of_tenant on ledger.balance_events for all to lockstep_app
  using ((tenant_id = (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::bigint))
  with check ();
grant insert, select on table ledger.balance_events to lockstep_app;

create table ledger.bet_events (
  tenant_id bigint not null,
  aggregate_id text not null,
  stream_version integer not null,
  id uuid default uuidv7() not null,
  xid xid8 default core.reading_xid() not null,
  seq bigint default nextval('ledger.event_seq'::regclass) not null,
  event_type text not null,
  event_data jsonb not null,
  schema_version smallint default 1 not null,
  idempotency_key text,
  occurred_at timestamp with time zone default clock_timestamp() not null,
  created_at timestamp with time zone default clock_timestamp() not null,
  actor text not null,
  constraint bet_events_tenant_id_aggregate_id_stream_version_pk PRIMARY KEY (tenant_id, aggregate_id, stream_version),
  constraint bet_events_rules CHECK (ledger.check_bet_events(bet_events.*))
);
CREATE INDEX idx_bet_events_feed ON ledger.bet_events USING btree (tenant_id, xid, seq);
comment on index ledger.idx_bet_events_feed is 'GET /v1/ledger/events after a cursor, and its stream';
CREATE UNIQUE INDEX idx_bet_events_key ON ledger.bet_events USING btree (tenant_id, idempotency_key) WHERE (idempotency_key IS NOT NULL);
comment on index ledger.idx_bet_events_key is 'one effect a key, for ever';
CREATE TRIGGER apply_bets_view AFTER INSERT ON ledger.bet_events REFERENCING NEW TABLE AS arrived FOR EACH STATEMENT EXECUTE FUNCTION ledger.apply_bets_view();
alter table ledger.bet_events enable row level security;
alter table ledger.bet_events force row level security;
create policy of_tenant on ledger.bet_events for all to lockstep_app
  using ((tenant_id = (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::bigint))
  with check ();
grant insert, select on table ledger.bet_events to lockstep_app;

create table ledger.bets_view (
  tenant_id bigint not null,
  bet_id text not null,
  user_id text not null,
  amount_minor bigint not null,
  currency text not null,
  odds numeric not null,
  selection text not null,
  status text not null,
  payout_minor bigint,
  placed_at timestamp with time zone not null,
  settled_at timestamp with time zone,
  stream_version integer not null,
  open boolean generated always as ((status = ANY (ARRAY['placed'::text, 'accepted'::text]))) stored not null,
  constraint bets_view_tenant_id_bet_id_pk PRIMARY KEY (tenant_id, bet_id)
) with (fillfactor=80);
CREATE INDEX idx_bets_view_open ON ledger.bets_view USING btree (tenant_id, bet_id) WHERE open;
comment on index ledger.idx_bets_view_open is 'GET /v1/ledger/bets?status= of an open state; whether holds match open bets';
CREATE INDEX idx_bets_view_placed_brin ON ledger.bets_view USING brin (placed_at) WITH (pages_per_range='32', autosummarize='on');
comment on index ledger.idx_bets_view_placed_brin is 'the refresh of ledger.top_bets_today';
CREATE INDEX idx_bets_view_user ON ledger.bets_view USING btree (tenant_id, user_id, bet_id);
comment on index ledger.idx_bets_view_user is 'GET /v1/ledger/bets?userId=, newest first';
alter table ledger.bets_view enable row level security;
alter table ledger.bets_view force row level security;
create policy of_tenant on ledger.bets_view for all to lockstep_app
  using ((tenant_id = (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::bigint))
  with check ();
grant delete, insert, select, update on table ledger.bets_view to lockstep_app;

create sequence ledger.event_seq as bigint start 1 increment 1 minvalue 1 maxvalue 9223372036854775807 cache 1;
grant usage on sequence ledger.event_seq to lockstep_app;

create view ledger.events with (security_invoker=true) as
 SELECT 'bets'::text AS family,
    bet_events.tenant_id,
    bet_events.aggregate_id,
    bet_events.stream_version,
    bet_events.id,
    bet_events.xid,
    bet_events.seq,
    bet_events.event_type,
    bet_events.event_data,
    bet_events.schema_version,
    bet_events.idempotency_key,
    bet_events.occurred_at,
    bet_events.created_at,
    bet_events.actor
   FROM ledger.bet_events
UNION ALL
 SELECT 'payments'::text AS family,
    payment_events.tenant_id,
    payment_events.aggregate_id,
    payment_events.stream_version,
    payment_events.id,
    payment_events.xid,
    payment_events.seq,
    payment_events.event_type,
    payment_events.event_data,
    payment_events.schema_version,
    payment_events.idempotency_key,
    payment_events.occurred_at,
    payment_events.created_at,
    payment_events.actor
   FROM ledger.payment_events
UNION ALL
 SELECT 'balances'::text AS family,
    balance_events.tenant_id,
    balance_events.aggregate_id,
    balance_events.stream_version,
    balance_events.id,
    balance_events.xid,
    balance_events.seq,
    balance_events.event_type,
    balance_events.event_data,
    balance_events.schema_version,
    balance_events.idempotency_key,
    balance_events.occurred_at,
    balance_events.created_at,
    balance_events.actor
   FROM ledger.balance_events
UNION ALL
 SELECT 'system'::text AS family,
    system_events.tenant_id,
    system_events.aggregate_id,
    system_events.stream_version,
    system_events.id,
    system_events.xid,
    system_events.seq,
    system_events.event_type,
    system_events.event_data,
    system_events.schema_version,
    system_events.idempotency_key,
    system_events.occurred_at,
    system_events.created_at,
    system_events.actor
   FROM ledger.system_events;
grant select on table ledger.events to lockstep_app;

create view ledger.incoming_events as
 SELECT NULL::integer AS place,
    NULL::text AS family,
    NULL::text AS aggregate_id,
    NULL::text AS event_type,
    NULL::jsonb AS event_data,
    NULL::text AS idempotency_key,
    NULL::integer AS expected_version,
    NULL::timestamp with time zone AS occurred_at,
    NULL::integer AS stream_version,
    NULL::bigint AS seq
  WHERE false;

create table ledger.invariant_checks (
  tenant_id bigint not null,
  checked_at timestamp with time zone not null,
  constraint invariant_checks_tenant_id_pk PRIMARY KEY (tenant_id)
);
alter table ledger.invariant_checks enable row level security;
alter table ledger.invariant_checks force row level security;
create policy of_tenant on ledger.invariant_checks for all to lockstep_app
  using ((tenant_id = (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::bigint))
  with check ();

create table ledger.payment_events (
  tenant_id bigint not null,
  aggregate_id text not null,
  stream_version integer not null,
  id uuid default uuidv7() not null,
  xid xid8 default core.reading_xid() not null,
  seq bigint default nextval('ledger.event_seq'::regclass) not null,
  event_type text not null,
  event_data jsonb not null,
  schema_version smallint default 1 not null,
  idempotency_key text,
  occurred_at timestamp with time zone default clock_timestamp() not null,
  created_at timestamp with time zone default clock_timestamp() not null,
  actor text not null,
  constraint payment_events_tenant_id_aggregate_id_stream_version_pk PRIMARY KEY (tenant_id, aggregate_id, stream_version),
  constraint payment_events_rules CHECK (ledger.check_payment_events(payment_events.*))
);
CREATE INDEX idx_payment_events_feed ON ledger.payment_events USING btree (tenant_id, xid, seq);
comment on index ledger.idx_payment_events_feed is 'GET /v1/ledger/events after a cursor, and its stream';
CREATE UNIQUE INDEX idx_payment_events_key ON ledger.payment_events USING btree (tenant_id, idempotency_key) WHERE (idempotency_key IS NOT NULL);
comment on index ledger.idx_payment_events_key is 'one effect a key, for ever';
CREATE TRIGGER apply_payments_view AFTER INSERT ON ledger.payment_events REFERENCING NEW TABLE AS arrived FOR EACH STATEMENT EXECUTE FUNCTION ledger.apply_payments_view();
alter table ledger.payment_events enable row level security;
alter table ledger.payment_events force row level security;
create policy of_tenant on ledger.payment_events for all to lockstep_app
  using ((tenant_id = (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::bigint))
  with check ();
grant insert, select on table ledger.payment_events to lockstep_app;

create table ledger.payments_view (
  tenant_id bigint not null,
  payment_id text not null,
  kind text not null,
  user_id text not null,
  amount_minor bigint not null,
  currency text not null,
  status text not null,
  requested_at timestamp with time zone not null,
  settled_at timestamp with time zone,
  stream_version integer not null,
  open boolean generated always as ((status = 'requested'::text)) stored not null,
  constraint payments_view_tenant_id_payment_id_pk PRIMARY KEY (tenant_id, payment_id)
) with (fillfactor=80);
CREATE INDEX idx_payments_view_open ON ledger.payments_view USING btree (tenant_id, payment_id) WHERE open;
comment on index ledger.idx_payments_view_open is 'whether holds match requested withdrawals';
alter table ledger.payments_view enable row level security;
alter table ledger.payments_view force row level security;
create policy of_tenant on ledger.payments_view for all to lockstep_app
  using ((tenant_id = (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::bigint))
  with check ();
grant delete, insert, select, update on table ledger.payments_view to lockstep_app;

create table ledger.system_events (
  tenant_id bigint not null,
  aggregate_id text not null,
  stream_version integer not null,
  id uuid default uuidv7() not null,
  xid xid8 default core.reading_xid() not null,
  seq bigint default nextval('ledger.event_seq'::regclass) not null,
  event_type text not null,
  event_data jsonb not null,
  schema_version smallint default 1 not null,
  idempotency_key text,
  occurred_at timestamp with time zone default clock_timestamp() not null,
  created_at timestamp with time zone default clock_timestamp() not null,
  actor text not null,
  user_id text generated always as ((event_data ->> 'userId'::text)) stored not null,
  currency text generated always as ((event_data ->> 'currency'::text)) stored not null,
  constraint system_events_tenant_id_aggregate_id_stream_version_pk PRIMARY KEY (tenant_id, aggregate_id, stream_version),
  constraint system_events_rules CHECK (ledger.check_system_events(system_events.*))
);
CREATE INDEX idx_system_events_feed ON ledger.system_events USING btree (tenant_id, xid, seq);
comment on index ledger.idx_system_events_feed is 'GET /v1/ledger/events after a cursor, and its stream';
CREATE UNIQUE INDEX idx_system_events_key ON ledger.system_events USING btree (tenant_id, idempotency_key) WHERE (idempotency_key IS NOT NULL);
comment on index ledger.idx_system_events_key is 'one effect a key, for ever';
CREATE TRIGGER apply_notices AFTER INSERT ON ledger.system_events REFERENCING NEW TABLE AS arrived FOR EACH STATEMENT EXECUTE FUNCTION ledger.apply_notices();
alter table ledger.system_events enable row level security;
alter table ledger.system_events force row level security;
create policy of_tenant on ledger.system_events for all to lockstep_app
  using ((tenant_id = (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::bigint))
  with check ();
grant insert, select on table ledger.system_events to lockstep_app;

create view ledger.tenants_summary with (security_barrier=true) as
 SELECT currency,
    bets,
    open_bets,
    stake_minor,
    payout_minor,
    deposits,
    deposited_minor,
    withdrawals,
    withdrawn_minor
   FROM ledger.tenants_summary_view
  WHERE tenant_id = ledger.tenant();
grant select on table ledger.tenants_summary to lockstep_app;

create materialized view ledger.tenants_summary_view as
 WITH bets AS (
         SELECT bets_view.tenant_id,
            bets_view.currency,
            count(*) AS bets,
            count(*) FILTER (WHERE bets_view.open) AS open_bets,
            sum(bets_view.amount_minor) AS stake_minor,
            COALESCE(sum(bets_view.payout_minor), 0::numeric) AS payout_minor
           FROM ledger.bets_view
          GROUP BY bets_view.tenant_id, bets_view.currency
        ), payments AS (
         SELECT payments_view.tenant_id,
            payments_view.currency,
            count(*) FILTER (WHERE payments_view.kind = 'deposit'::text AND payments_view.status = 'completed'::text) AS deposits,
            COALESCE(sum(payments_view.amount_minor) FILTER (WHERE payments_view.kind = 'deposit'::text AND payments_view.status = 'completed'::text), 0::numeric) AS deposited_minor,
            count(*) FILTER (WHERE payments_view.kind = 'withdrawal'::text AND payments_view.status = 'completed'::text) AS withdrawals,
            COALESCE(sum(payments_view.amount_minor) FILTER (WHERE payments_view.kind = 'withdrawal'::text AND payments_view.status = 'completed'::text), 0::numeric) AS withdrawn_minor
           FROM ledger.payments_view
          GROUP BY payments_view.tenant_id, payments_view.currency
        )
 SELECT tenant_id,
    currency,
    COALESCE(bets.bets, 0::bigint) AS bets,
    COALESCE(bets.open_bets, 0::bigint) AS open_bets,
    COALESCE(bets.stake_minor, 0::numeric) AS stake_minor,
    COALESCE(bets.payout_minor, 0::numeric) AS payout_minor,
    COALESCE(payments.deposits, 0::bigint) AS deposits,
    COALESCE(payments.deposited_minor, 0::numeric) AS deposited_minor,
    COALESCE(payments.withdrawals, 0::bigint) AS withdrawals,
    COALESCE(payments.withdrawn_minor, 0::numeric) AS withdrawn_minor
   FROM bets
     FULL JOIN payments USING (tenant_id, currency);
CREATE UNIQUE INDEX tenants_summary_view_key ON ledger.tenants_summary_view USING btree (tenant_id, currency);

create view ledger.top_bets with (security_barrier=true) as
 SELECT bet_id,
    rank,
    user_id,
    amount_minor,
    currency,
    odds,
    selection,
    status,
    payout_minor,
    placed_at
   FROM ledger.top_bets_today t
  WHERE tenant_id = ledger.tenant();
grant select on table ledger.top_bets to lockstep_app;

create materialized view ledger.top_bets_today as
 SELECT tenant_id,
    bet_id,
    rank,
    user_id,
    amount_minor,
    currency,
    odds,
    selection,
    status,
    payout_minor,
    placed_at
   FROM ( SELECT bets_view.tenant_id,
            bets_view.bet_id,
            row_number() OVER (PARTITION BY bets_view.tenant_id, bets_view.currency ORDER BY bets_view.amount_minor DESC, bets_view.bet_id) AS rank,
            bets_view.user_id,
            bets_view.amount_minor,
            bets_view.currency,
            bets_view.odds,
            bets_view.selection,
            bets_view.status,
            bets_view.payout_minor,
            bets_view.placed_at
           FROM ledger.bets_view
          WHERE bets_view.placed_at >= date_trunc('day'::text, now(), 'UTC'::text) AND bets_view.placed_at < (date_trunc('day'::text, now(), 'UTC'::text) + '1 day'::interval) AND (bets_view.status = ANY (ARRAY['placed'::text, 'accepted'::text, 'won'::text]))) ranked
  WHERE rank <= 1000;
CREATE UNIQUE INDEX top_bets_today_key ON ledger.top_bets_today USING btree (tenant_id, bet_id);

create view ledger.user_activity with (security_barrier=true) as
 SELECT user_id,
    currency,
    bets,
    stake_minor,
    payout_minor,
    deposited_minor,
    withdrawn_minor,
    last_seen_at
   FROM ledger.user_activity_view
  WHERE tenant_id = ledger.tenant();
grant select on table ledger.user_activity to lockstep_app;

create materialized view ledger.user_activity_view as
 WITH bets AS (
         SELECT bets_view.tenant_id,
            bets_view.user_id,
            bets_view.currency,
            count(*) AS bets,
            sum(bets_view.amount_minor) AS stake_minor,
            COALESCE(sum(bets_view.payout_minor), 0::numeric) AS payout_minor,
            max(bets_view.placed_at) AS last_bet_at
           FROM ledger.bets_view
          GROUP BY bets_view.tenant_id, bets_view.user_id, bets_view.currency
        ), payments AS (
         SELECT payments_view.tenant_id,
            payments_view.user_id,
            payments_view.currency,
            COALESCE(sum(payments_view.amount_minor) FILTER (WHERE payments_view.kind = 'deposit'::text AND payments_view.status = 'completed'::text), 0::numeric) AS deposited_minor,
            COALESCE(sum(payments_view.amount_minor) FILTER (WHERE payments_view.kind = 'withdrawal'::text AND payments_view.status = 'completed'::text), 0::numeric) AS withdrawn_minor,
            max(payments_view.requested_at) AS last_payment_at
           FROM ledger.payments_view
          GROUP BY payments_view.tenant_id, payments_view.user_id, payments_view.currency
        )
 SELECT tenant_id,
    user_id,
    currency,
    COALESCE(bets.bets, 0::bigint) AS bets,
    COALESCE(bets.stake_minor, 0::numeric) AS stake_minor,
    COALESCE(bets.payout_minor, 0::numeric) AS payout_minor,
    COALESCE(payments.deposited_minor, 0::numeric) AS deposited_minor,
    COALESCE(payments.withdrawn_minor, 0::numeric) AS withdrawn_minor,
    GREATEST(bets.last_bet_at, payments.last_payment_at) AS last_seen_at
   FROM bets
     FULL JOIN payments USING (tenant_id, user_id, currency);
CREATE UNIQUE INDEX user_activity_view_key ON ledger.user_activity_view USING btree (tenant_id, user_id, currency);

create view ledger.user_balances with (security_invoker=true) as
 SELECT b.tenant_id,
    b.user_id,
    b.currency,
    b.balance_minor + waiting.balance AS balance_minor,
    b.reserved_minor + waiting.reserved AS reserved_minor,
    b.available_minor + waiting.balance - waiting.reserved AS available_minor,
    b.may_go_negative,
    b.quarantined_at,
    GREATEST(b.last_seq, waiting.seq) AS last_seq
   FROM ledger.user_balances_view b,
    LATERAL ( SELECT COALESCE(sum(d.balance_delta), 0::numeric)::bigint AS balance,
            COALESCE(sum(d.reserved_delta), 0::numeric)::bigint AS reserved,
            max(d.seq) AS seq
           FROM ledger.balance_deltas d
          WHERE d.tenant_id = b.tenant_id AND d.user_id = b.user_id AND d.currency = b.currency) waiting;
grant select on table ledger.user_balances to lockstep_app;

create table ledger.user_balances_view (
  tenant_id bigint not null,
  user_id text not null,
  currency text not null,
  balance_minor bigint default 0 not null,
  reserved_minor bigint default 0 not null,
  available_minor bigint generated always as ((balance_minor - reserved_minor)) stored not null,
  funded boolean generated always as (((balance_minor - reserved_minor) > 0)) stored not null,
  may_go_negative boolean default false not null,
  quarantined_at timestamp with time zone,
  last_seq bigint default 0 not null,
  constraint user_balances_view_tenant_id_user_id_currency_pk PRIMARY KEY (tenant_id, user_id, currency),
  constraint user_balances_view_rules CHECK (ledger.check_user_balances_view(user_balances_view.*))
) with (fillfactor=50);
CREATE INDEX idx_user_balances_view_available ON ledger.user_balances_view USING btree (tenant_id, currency, user_id) WHERE funded;
comment on index ledger.idx_user_balances_view_available is 'GET /v1/ledger/accounts?currency=';
CREATE TRIGGER emit_overdrawn AFTER UPDATE ON ledger.user_balances_view FOR EACH ROW WHEN (new.available_minor < 0 AND old.available_minor >= 0) EXECUTE FUNCTION ledger.emit_overdrawn();
alter table ledger.user_balances_view enable row level security;
alter table ledger.user_balances_view force row level security;
create policy of_tenant on ledger.user_balances_view for all to lockstep_app
  using ((tenant_id = (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::bigint))
  with check ();
grant delete, insert, select, update on table ledger.user_balances_view to lockstep_app;

CREATE OR REPLACE FUNCTION ledger.append_events(events jsonb, by_whom text)
 RETURNS jsonb
 LANGUAGE plpgsql
 SET search_path TO ''
 SET plan_cache_mode TO 'force_generic_plan'
AS $function$
declare
  incoming ledger.incoming_events[];
  fresh ledger.incoming_events[];
  reused text;
  conflict jsonb;
  position xid8;
  state text;
  broken text;
  about text;
  takes boolean;
  appended integer;
  holders text[];
  streams ledger.incoming_events[];
  wrong jsonb;
begin
  select array_agg(
    row(place, lower(split_part(e."type", '_', 2)), e."aggregateId", e."type", e.data, e."idempotencyKey",
      e."expectedVersion", e."occurredAt", null, null)::ledger.incoming_events
    order by place
  )
  into incoming
  from rows from (
    jsonb_to_recordset(events) as (
      "aggregateId" text, "type" text, data jsonb, "idempotencyKey" text, "expectedVersion" integer,
      "occurredAt" timestamptz
    )
  ) with ordinality as e ("aggregateId", "type", data, "idempotencyKey", "expectedVersion", "occurredAt", place);

  for attempt in 1..5 loop
    begin
      with given as (
        select i.*, known.said as known_said,
          case when i.idempotency_key is not null then array[i.aggregate_id, i.event_type, i.event_data::text] end as said
        from unnest(incoming) i
        left join lateral (
          select array[e.aggregate_id, e.event_type, e.event_data::text] as said
          from ledger.events e
          where e.tenant_id = ledger.tenant()
            and e.idempotency_key = i.idempotency_key
          offset 0
        ) known on true
      ),
      judged as materialized (
        select g.*,
          g.idempotency_key is not null and (g.known_said is not null or row_number() over same_key > 1) as duplicate,
          coalesce(g.known_said, first_value(g.said) over same_key) <> g.said as contradicts
        from given g
        window same_key as (partition by g.idempotency_key order by g.place)
      ),
      -- Materialized: looked up once a stream, not twice an event.
      streams as materialized (
        select s.family, s.aggregate_id, coalesce((
          select e.stream_version
          from ledger.events e
          where e.tenant_id = ledger.tenant()
            and e.family = s.family
            and e.aggregate_id = s.aggregate_id
          order by e.stream_version desc
          limit 1
        ), 0) as current
        from (select distinct family, aggregate_id from judged where not duplicate) s
      ),
      numbered as (
        select j.*, s.current,
          s.current + row_number() over (partition by j.family, j.aggregate_id order by j.place)::integer as next_version
        from judged j
        join streams s on s.family = j.family and s.aggregate_id = j.aggregate_id
        where not j.duplicate
        order by j.place
      ),
      placed as materialized (
        select n.*, nextval('ledger.event_seq') as next_seq
        from numbered n
      )
      select
        (
          select array_agg(
            row(p.place, p.family, p.aggregate_id, p.event_type, p.event_data, p.idempotency_key, p.expected_version,
              coalesce(p.occurred_at, clock_timestamp()), p.next_version, p.next_seq)::ledger.incoming_events
          )
          from placed p
        ),
        (select j.idempotency_key from judged j where j.contradicts limit 1),
        (
          select jsonb_build_object('aggregateId', p.aggregate_id, 'current', p.current)
          from placed p
          where p.expected_version <> p.next_version - 1
          order by p.place
          limit 1
        )
      into fresh, reused, conflict;

      if reused is not null then
        return jsonb_build_object('ok', false, 'reason', 'idempotency_key_reused', 'key', reused);
      end if;
      if conflict is not null then
        return jsonb_build_object('ok', false, 'reason', 'version_conflict') || conflict;
      end if;

      select count(*), coalesce(bool_or(f.event_type in ('V1_BALANCES_BALANCE_DEBITED', 'V1_BALANCES_BALANCE_RESERVED')), false)
      into appended, takes
      from unnest(fresh) f;
      select array_agg(distinct f.aggregate_id)
      into holders
      from unnest(fresh) f
      where f.family <> 'balances' or f.event_type in ('V1_BALANCES_BALANCE_RESERVED', 'V1_BALANCES_BALANCE_RELEASED');
      streams := fresh;
      position := core.reading_xid();
      if exists (select from unnest(fresh) f where f.family = 'bets') then
        insert into ledger.bet_events (
          tenant_id, aggregate_id, stream_version, xid, seq, event_type, event_data, idempotency_key, occurred_at, actor
        )
        select ledger.tenant(), f.aggregate_id, f.stream_version, position, f.seq, f.event_type, f.event_data,
          f.idempotency_key, f.occurred_at, by_whom
        from unnest(fresh) f
        where f.family = 'bets'
        order by f.aggregate_id, f.stream_version;
      end if;
      if exists (select from unnest(fresh) f where f.family = 'payments') then
        insert into ledger.payment_events (
          tenant_id, aggregate_id, stream_version, xid, seq, event_type, event_data, idempotency_key, occurred_at, actor
        )
        select ledger.tenant(), f.aggregate_id, f.stream_version, position, f.seq, f.event_type, f.event_data,
          f.idempotency_key, f.occurred_at, by_whom
        from unnest(fresh) f
        where f.family = 'payments'
        order by f.aggregate_id, f.stream_version;
      end if;
      if takes then
        perform ledger.take_accounts(array_agg(
          row(ledger.tenant(), a.user_id, a.currency, null, null, null, null, null)::ledger.account_changes
          order by a.user_id, a.currency
        ))
        from (
          select distinct f.event_data ->> 'userId' as user_id, f.event_data ->> 'currency' as currency
          from unnest(fresh) f
          where f.family = 'balances'
        ) a;
        position := core.reading_xid();
        select array_agg(
          row(f.place, f.family, f.aggregate_id, f.event_type, f.event_data, f.idempotency_key, f.expected_version,
            f.occurred_at, f.stream_version, nextval('ledger.event_seq'))::ledger.incoming_events
        )
        into fresh
        from (select * from unnest(fresh) f where f.family = 'balances' order by f.place) f;
      end if;
      if exists (select from unnest(fresh) f where f.family = 'balances') then
        insert into ledger.balance_events (
          tenant_id, aggregate_id, stream_version, xid, seq, event_type, event_data, idempotency_key, occurred_at, actor
        )
        select ledger.tenant(), f.aggregate_id, f.stream_version, position, f.seq, f.event_type, f.event_data,
          f.idempotency_key, f.occurred_at, by_whom
        from unnest(fresh) f
        where f.family = 'balances'
        order by f.aggregate_id, f.stream_version;
      end if;
      -- Without its hold a bet could never be settled, voided or cancelled.
      wrong := ledger.find_wrong_hold(holders);
      if wrong is not null then
        raise exception using errcode = 'LS106', message = 'the stream holds another amount than it reserves', column = wrong;
      end if;
      perform ledger.emit_appended(streams);
      return jsonb_build_object('ok', true, 'value', jsonb_build_object(
        'appended', appended,
        'duplicates', cardinality(incoming) - appended
      ));
    exception
      when unique_violation then
        if attempt = 5 then
          raise;
        end if;
      when sqlstate 'LS101' or sqlstate 'LS102' or sqlstate 'LS103' or sqlstate 'LS104' or sqlstate 'LS105'
        or sqlstate 'LS106' or check_violation or numeric_value_out_of_range
      then
        get stacked diagnostics state = returned_sqlstate, broken = constraint_name, about = column_name;
        return ledger.refusal(state, broken, case when state like 'LS%' then about::jsonb end);
    end;
  end loop;
end
$function$;

CREATE OR REPLACE FUNCTION ledger.apply_bets_view()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO ''
AS $function$
declare
  births boolean;
  wrong record;
begin
  select bool_and(stream_version = 1 and ledger.bet_may_become(null, ledger.bet_state(event_type)))
  into births
  from arrived;
  if births is null then
    return null;
  end if;

  -- Most batches begin streams and continue none: then every event is a stream of its own.
  if births then
    insert into ledger.bets_view (tenant_id, bet_id, user_id, amount_minor, currency, odds, selection, placed_at, status, payout_minor, settled_at, stream_version)
    select tenant_id, aggregate_id, born ->> 'userId', (born ->> 'stakeMinor')::bigint, born ->> 'currency', (born ->> 'odds')::numeric, born ->> 'selection', born_at, state, case state when 'lost' then 0 else (latest ->> 'payoutMinor')::bigint end, case when state not in ('placed', 'accepted') then latest_at end, stream_version
    from (
      select tenant_id, aggregate_id, stream_version, event_data as born, occurred_at as born_at, event_data as latest,
        occurred_at as latest_at, ledger.bet_state(event_type) as state
      from arrived
    ) e
    order by tenant_id, aggregate_id;
    return null;
  end if;

  -- Race: two appends to one stream. The second waits here for the first's row, and judges what it then finds. A row
  -- that should have been there is noticed below and rolled back, neutral values and all.
  with streams as materialized (
      select tenant_id, aggregate_id, first_version, stream_version, path,
        data[1] as born, at[1] as born_at, data[events] as latest, at[events] as latest_at, path[events] as state,
        stream_version - first_version + 1 = events as gapless
      from (
        select e.tenant_id, e.aggregate_id,
          min(e.stream_version) as first_version,
          max(e.stream_version) as stream_version,
          count(*) as events,
          array_agg(ledger.bet_state(e.event_type) order by e.stream_version) as path,
          array_agg(e.event_data order by e.stream_version) as data,
          array_agg(e.occurred_at order by e.stream_version) as at
        from arrived e
        group by e.tenant_id, e.aggregate_id
      ) stream
  ),
  moved as (
    insert into ledger.bets_view as v (tenant_id, bet_id, user_id, amount_minor, currency, odds, selection, placed_at, status, payout_minor, settled_at, stream_version)
    select tenant_id, aggregate_id, coalesce(born ->> 'userId', ''), coalesce((born ->> 'stakeMinor')::bigint, 0), coalesce(born ->> 'currency', ''), coalesce((born ->> 'odds')::numeric, 0), coalesce(born ->> 'selection', ''), coalesce(born_at, 'epoch'), state, case state when 'lost' then 0 else (latest ->> 'payoutMinor')::bigint end, case when state not in ('placed', 'accepted') then latest_at end, stream_version
    from streams
    order by tenant_id, aggregate_id
    on conflict (tenant_id, bet_id) do update
    set status = excluded.status, payout_minor = excluded.payout_minor, settled_at = excluded.settled_at, stream_version = excluded.stream_version
    returning with (old as prior) v.tenant_id, v.bet_id, prior.stream_version, prior.status as was
  )
  select s.aggregate_id, coalesce(m.stream_version, 0) as current, s.first_version, s.gapless, m.was, s.path
  into wrong
  from streams s
  join moved m on m.tenant_id = s.tenant_id and m.bet_id = s.aggregate_id
  where s.first_version <> coalesce(m.stream_version, 0) + 1
    or not s.gapless
    or not ledger.bet_may_become(m.was, s.path[1])
    or exists (
      select from generate_series(2, cardinality(s.path)) step
      where not ledger.bet_may_become(s.path[step - 1], s.path[step])
    )
  limit 1;
  if not found then
    return null;
  end if;
  if wrong.gapless and wrong.first_version = wrong.current + 1 then
    for step in 1..cardinality(wrong.path) loop
      if not ledger.bet_may_become(wrong.was, wrong.path[step]) then
        raise exception using errcode = 'LS105', message = 'no lawful step',
          column = jsonb_build_object('aggregate_id', wrong.aggregate_id, 'was', wrong.was, 'becomes', wrong.path[step]);
      end if;
      wrong.was := wrong.path[step];
    end loop;
  end if;
  raise exception using errcode = 'LS101', message = 'a version is missing or taken', column = to_jsonb(wrong);
end
$function$;

CREATE OR REPLACE FUNCTION ledger.apply_notices()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO ''
AS $function$
declare
  notice record;
begin
  perform ledger.create_accounts(array_agg(
    row(a.tenant_id, a.user_id, a.currency, null, null, null, null, null)::ledger.account_changes
  ))
  from (select distinct tenant_id, user_id, currency from arrived) a;
  for notice in select * from arrived order by tenant_id, user_id, currency, seq loop
    update ledger.user_balances_view b
    set may_go_negative = case notice.event_type
          when 'V1_SYSTEM_OVERDRAFT_ALLOWED' then true
          when 'V1_SYSTEM_OVERDRAFT_FORBIDDEN' then false
          else b.may_go_negative
        end,
        quarantined_at = case notice.event_type
          when 'V1_SYSTEM_ACCOUNT_QUARANTINED' then notice.created_at
          when 'V1_SYSTEM_ACCOUNT_CLEARED' then null
          else b.quarantined_at
        end
    where b.tenant_id = notice.tenant_id and b.user_id = notice.user_id and b.currency = notice.currency;
    perform core.emit('ledger', 'tenant:' || notice.tenant_id, array['account:' || notice.aggregate_id],
      array[case notice.event_type
        when 'V1_SYSTEM_ACCOUNT_QUARANTINED' then 'account.quarantined'
        when 'V1_SYSTEM_ACCOUNT_CLEARED' then 'account.cleared'
        when 'V1_SYSTEM_OVERDRAFT_ALLOWED' then 'account.overdraft_allowed'
        when 'V1_SYSTEM_OVERDRAFT_FORBIDDEN' then 'account.overdraft_forbidden'
      end],
      array[notice.event_data]);
  end loop;
  return null;
end
$function$;

CREATE OR REPLACE FUNCTION ledger.apply_payments_view()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO ''
AS $function$
declare
  births boolean;
  wrong record;
begin
  select bool_and(stream_version = 1 and ledger.payment_may_become(null, ledger.payment_state(event_type)))
  into births
  from arrived;
  if births is null then
    return null;
  end if;

  -- Most batches begin streams and continue none: then every event is a stream of its own.
  if births then
    insert into ledger.payments_view (tenant_id, payment_id, kind, user_id, amount_minor, currency, requested_at, status, settled_at, stream_version)
    select tenant_id, aggregate_id, split_part(state, ' ', 1), born ->> 'userId', (born ->> 'amountMinor')::bigint, born ->> 'currency', born_at, split_part(state, ' ', 2), case when state not like '% requested' then latest_at end, stream_version
    from (
      select tenant_id, aggregate_id, stream_version, event_data as born, occurred_at as born_at, event_data as latest,
        occurred_at as latest_at, ledger.payment_state(event_type) as state
      from arrived
    ) e
    order by tenant_id, aggregate_id;
    return null;
  end if;

  -- Race: two appends to one stream. The second waits here for the first's row, and judges what it then finds. A row
  -- that should have been there is noticed below and rolled back, neutral values and all.
  with streams as materialized (
      select tenant_id, aggregate_id, first_version, stream_version, path,
        data[1] as born, at[1] as born_at, data[events] as latest, at[events] as latest_at, path[events] as state,
        stream_version - first_version + 1 = events as gapless
      from (
        select e.tenant_id, e.aggregate_id,
          min(e.stream_version) as first_version,
          max(e.stream_version) as stream_version,
          count(*) as events,
          array_agg(ledger.payment_state(e.event_type) order by e.stream_version) as path,
          array_agg(e.event_data order by e.stream_version) as data,
          array_agg(e.occurred_at order by e.stream_version) as at
        from arrived e
        group by e.tenant_id, e.aggregate_id
      ) stream
  ),
  moved as (
    insert into ledger.payments_view as v (tenant_id, payment_id, kind, user_id, amount_minor, currency, requested_at, status, settled_at, stream_version)
    select tenant_id, aggregate_id, coalesce(split_part(state, ' ', 1), ''), coalesce(born ->> 'userId', ''), coalesce((born ->> 'amountMinor')::bigint, 0), coalesce(born ->> 'currency', ''), coalesce(born_at, 'epoch'), split_part(state, ' ', 2), case when state not like '% requested' then latest_at end, stream_version
    from streams
    order by tenant_id, aggregate_id
    on conflict (tenant_id, payment_id) do update
    set status = excluded.status, settled_at = excluded.settled_at, stream_version = excluded.stream_version
    returning with (old as prior) v.tenant_id, v.payment_id, prior.stream_version, prior.kind || ' ' || prior.status as was
  )
  select s.aggregate_id, coalesce(m.stream_version, 0) as current, s.first_version, s.gapless, m.was, s.path
  into wrong
  from streams s
  join moved m on m.tenant_id = s.tenant_id and m.payment_id = s.aggregate_id
  where s.first_version <> coalesce(m.stream_version, 0) + 1
    or not s.gapless
    or not ledger.payment_may_become(m.was, s.path[1])
    or exists (
      select from generate_series(2, cardinality(s.path)) step
      where not ledger.payment_may_become(s.path[step - 1], s.path[step])
    )
  limit 1;
  if not found then
    return null;
  end if;
  if wrong.gapless and wrong.first_version = wrong.current + 1 then
    for step in 1..cardinality(wrong.path) loop
      if not ledger.payment_may_become(wrong.was, wrong.path[step]) then
        raise exception using errcode = 'LS105', message = 'no lawful step',
          column = jsonb_build_object('aggregate_id', wrong.aggregate_id, 'was', wrong.was, 'becomes', wrong.path[step]);
      end if;
      wrong.was := wrong.path[step];
    end loop;
  end if;
  raise exception using errcode = 'LS101', message = 'a version is missing or taken', column = to_jsonb(wrong);
end
$function$;

CREATE OR REPLACE FUNCTION ledger.apply_user_balances_view()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO ''
 SET plan_cache_mode TO 'force_generic_plan'
 SET enable_seqscan TO 'off'
AS $function$
declare
  events bigint;
  changes ledger.account_changes[];
  continues boolean;
  change ledger.account_changes;
  account ledger.user_balances_view;
  folded record;
  wrong record;
begin
  -- One event is its account's change; of more, one change an account is made.
  select count(*),
    array[row(
      min(tenant_id), min(user_id), min(currency), min(seq), min(balance_delta), min(reserved_delta),
      min(balance_delta - reserved_delta), bool_or(balance_delta < reserved_delta)
    )::ledger.account_changes],
    bool_or(stream_version > 1 or reserved_delta < 0)
  into events, changes, continues
  from arrived;
  if events = 0 then
    return null;
  end if;
  if events > 1 then
    select array_agg(
      row(a.tenant_id, a.user_id, a.currency, a.seq, a.balance_delta, a.reserved_delta, a.lowest, a.debits)::ledger.account_changes
      order by a.tenant_id, a.user_id, a.currency
    )
    into changes
    from (
      select e.tenant_id, e.user_id, e.currency, max(e.seq) as seq, sum(e.balance_delta)::bigint as balance_delta,
        sum(e.reserved_delta)::bigint as reserved_delta, min(e.running)::bigint as lowest,
        bool_or(e.balance_delta < e.reserved_delta) as debits
      from (
        select *, sum(balance_delta - reserved_delta) over (partition by tenant_id, user_id, currency order by seq) as running
        from arrived
      ) e
      group by e.tenant_id, e.user_id, e.currency
    ) a;
    perform ledger.create_accounts(changes);
  end if;

  -- What a stream holds is its own: none releases what another reserved, so a release needs no lock.
  if continues then
    select e.aggregate_id, e.stream_version, e.user_id, e.currency, prior.held is null and e.stream_version > 1 as gap
    into wrong
    from arrived e
    left join lateral (
      select true as held
      from ledger.balance_events prior
      where prior.tenant_id = e.tenant_id
        and prior.aggregate_id = e.aggregate_id
        and prior.stream_version = e.stream_version - 1
      offset 0
    ) prior on true
    where e.stream_version > 1
      and prior.held is null
      or e.reserved_delta < 0
      and (
        select sum(own.reserved_delta)
        from ledger.balance_events own
        where own.tenant_id = e.tenant_id
          and own.aggregate_id = e.aggregate_id
          and own.user_id = e.user_id
          and own.currency = e.currency
      ) < 0
    limit 1;
    if found then
      raise exception using
        errcode = case when wrong.gap then 'LS101' else 'LS104' end,
        message = 'this is not how the stream goes on',
        column = to_jsonb(wrong);
    end if;
  end if;

  if cardinality(changes) > 8 then
    perform ledger.change_accounts(changes);
    return null;
  end if;

  -- A command's. Who takes waits for the account's row, who gives never does.
  foreach change in array changes loop
    -- An amount that could carry the balance out of range unseen waits as well: below these bounds that would take
    -- four thousand of the largest, all waiting at once.
    if change.lowest >= 0 and change.balance_delta <= 1::bigint << 40 then
      update ledger.user_balances_view b
      set balance_minor = b.balance_minor + change.balance_delta,
          reserved_minor = b.reserved_minor + change.reserved_delta,
          last_seq = greatest(b.last_seq, change.seq)
      where b.tenant_id = change.tenant_id and b.user_id = change.user_id and b.currency = change.currency
        and (
          select true
          from ledger.user_balances_view free
          where free.tenant_id = change.tenant_id and free.user_id = change.user_id and free.currency = change.currency
          for update skip locked
        );
      continue when found;
      insert into ledger.balance_deltas (tenant_id, user_id, currency, seq, balance_delta, reserved_delta)
      select change.tenant_id, change.user_id, change.currency, change.seq, change.balance_delta, change.reserved_delta
      from ledger.user_balances_view b
      where b.tenant_id = change.tenant_id and b.user_id = change.user_id and b.currency = change.currency
        and b.balance_minor < 1::bigint << 52;
      continue when found;
    end if;

    -- Race: all who take from this account. What is read after this statement is newer than the wait.
    select * into account
    from ledger.user_balances_view b
    where b.tenant_id = change.tenant_id and b.user_id = change.user_id and b.currency = change.currency
    for update;
    if not found then
      insert into ledger.user_balances_view (tenant_id, user_id, currency)
      values (change.tenant_id, change.user_id, change.currency)
      on conflict do nothing;
      select * into account
      from ledger.user_balances_view b
      where b.tenant_id = change.tenant_id and b.user_id = change.user_id and b.currency = change.currency
      for update;
    end if;

    with gone as (
      delete from ledger.balance_deltas d
      where d.tenant_id = change.tenant_id and d.user_id = change.user_id and d.currency = change.currency
      returning balance_delta, reserved_delta, seq
    )
    select coalesce(sum(balance_delta), 0) as balance, coalesce(sum(reserved_delta), 0) as reserved, max(seq) as seq
    into folded
    from gone;
    account.available_minor := account.available_minor + folded.balance - folded.reserved;

    if change.debits and account.quarantined_at is not null then
      raise exception using errcode = 'LS103', message = 'the account is quarantined', column = to_jsonb(account);
    end if;
    if account.available_minor + change.lowest < least(0, account.available_minor) and not account.may_go_negative then
      raise exception using errcode = 'LS102', message = 'there is not enough', column = to_jsonb(account);
    end if;

    update ledger.user_balances_view b
    set balance_minor = b.balance_minor + folded.balance + change.balance_delta,
        reserved_minor = b.reserved_minor + folded.reserved + change.reserved_delta,
        last_seq = greatest(b.last_seq, folded.seq, change.seq)
    where b.tenant_id = change.tenant_id and b.user_id = change.user_id and b.currency = change.currency;
  end loop;
  return null;
end
$function$;

CREATE OR REPLACE FUNCTION ledger.bet_may_become(was text, becomes text)
 RETURNS boolean
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN (was IS NULL) THEN (becomes = 'placed'::text) WHEN (was = 'placed'::text) THEN (becomes = ANY (ARRAY['accepted'::text, 'rejected'::text, 'voided'::text, 'cancelled'::text])) WHEN (was = 'accepted'::text) THEN (becomes = ANY (ARRAY['won'::text, 'lost'::text, 'voided'::text, 'cancelled'::text, 'cashed_out'::text])) ELSE false END;

CREATE OR REPLACE FUNCTION ledger.bet_state(event_type text)
 RETURNS text
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
RETURN CASE event_type WHEN 'V1_BETS_BET_PLACED'::text THEN 'placed'::text WHEN 'V1_BETS_BET_ACCEPTED'::text THEN 'accepted'::text WHEN 'V1_BETS_BET_REJECTED'::text THEN 'rejected'::text WHEN 'V1_BETS_BET_WON'::text THEN 'won'::text WHEN 'V1_BETS_BET_LOST'::text THEN 'lost'::text WHEN 'V1_BETS_BET_VOIDED'::text THEN 'voided'::text WHEN 'V1_BETS_BET_CANCELLED'::text THEN 'cancelled'::text WHEN 'V1_BETS_BET_CASHED_OUT'::text THEN 'cashed_out'::text ELSE NULL::text END;

CREATE OR REPLACE FUNCTION ledger.change_accounts(changes ledger.account_changes[])
 RETURNS void
 LANGUAGE plpgsql
 SET search_path TO ''
 SET plan_cache_mode TO 'force_generic_plan'
 SET enable_seqscan TO 'off'
AS $function$
declare
  rest ledger.account_changes[] := changes;
  wrong record;
begin
  for attempt in 1..2 loop
    -- An upsert of final values, since each row is there and locked: unlike an update it has no join to plan.
    with applied as (
      insert into ledger.user_balances_view (tenant_id, user_id, currency, balance_minor, reserved_minor, last_seq)
      select c.tenant_id, c.user_id, c.currency, b.balance_minor + c.balance_delta, b.reserved_minor + c.reserved_delta,
        greatest(b.last_seq, c.seq)
      from unnest(rest) c,
      lateral (
        select *
        from ledger.user_balances_view b
        where b.tenant_id = c.tenant_id and b.user_id = c.user_id and b.currency = c.currency
        for update
      ) b
      where (b.available_minor + c.lowest >= least(0, b.available_minor) or b.may_go_negative)
        and (b.quarantined_at is null or not c.debits)
      on conflict (tenant_id, user_id, currency) do update
      set balance_minor = excluded.balance_minor, reserved_minor = excluded.reserved_minor, last_seq = excluded.last_seq
      returning tenant_id, user_id, currency
    )
    select array_agg(c)
    into rest
    from unnest(rest) c
    where (c.tenant_id, c.user_id, c.currency) not in (select tenant_id, user_id, currency from applied);
    if rest is null then
      return;
    end if;
    exit when attempt = 2 or not exists (select from unnest(rest) where lowest < 0);

    -- Too little on the row: it may wait beside it.
    perform
    from unnest(rest) c,
    lateral (
      select
      from ledger.user_balances_view b
      where b.tenant_id = c.tenant_id and b.user_id = c.user_id and b.currency = c.currency
      for update
    ) locked;
    perform ledger.fold_deltas(rest);
  end loop;

  select b.user_id, b.currency, b.available_minor, b.quarantined_at
  into wrong
  from unnest(rest) c,
  lateral (
    select *
    from ledger.user_balances_view b
    where b.tenant_id = c.tenant_id and b.user_id = c.user_id and b.currency = c.currency
    offset 0
  ) b
  limit 1;
  raise exception using
    errcode = case when wrong.quarantined_at is null then 'LS102' else 'LS103' end,
    message = 'the account does not allow it',
    column = to_jsonb(wrong);
end
$function$;

CREATE OR REPLACE FUNCTION ledger.check_balance_events(r ledger.balance_events)
 RETURNS boolean
 LANGUAGE plpgsql
 IMMUTABLE
AS $function$
declare
  broken text;
begin
  broken := case
    when ((r.event_data ->> 'amountMinor')::numeric between 1 and 9007199254740991) is false then 'balance_events_amount_exact'
    when (r.event_type in ('V1_BALANCES_BALANCE_CREDITED', 'V1_BALANCES_BALANCE_DEBITED', 'V1_BALANCES_BALANCE_RESERVED', 'V1_BALANCES_BALANCE_RELEASED')) is false then 'balance_events_event_type_known'
    when (r.stream_version >= 1) is false then 'balance_events_stream_version_positive'
  end;
  if broken is null then
    return true;
  end if;
  raise exception 'new row for relation "balance_events" violates check constraint "%"', broken
    using errcode = 'check_violation', constraint = broken, schema = 'ledger', table = 'balance_events';
end
$function$;

CREATE OR REPLACE FUNCTION ledger.check_bet_events(r ledger.bet_events)
 RETURNS boolean
 LANGUAGE plpgsql
 IMMUTABLE
AS $function$
declare
  broken text;
begin
  broken := case
    when (ledger.bet_state(r.event_type) is not null) is false then 'bet_events_event_type_known'
    when (r.stream_version >= 1) is false then 'bet_events_stream_version_positive'
  end;
  if broken is null then
    return true;
  end if;
  raise exception 'new row for relation "bet_events" violates check constraint "%"', broken
    using errcode = 'check_violation', constraint = broken, schema = 'ledger', table = 'bet_events';
end
$function$;

CREATE OR REPLACE FUNCTION ledger.check_invariants(sample integer)
 RETURNS jsonb
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
  begun timestamptz := clock_timestamp();
  tenant bigint;
  checked integer := 0;
  found integer;
  barred integer;
  different integer := 0;
  quarantined integer := 0;
begin
  for tenant in
    with recursive tenants as (
      select ledger.next_tenant(0) as tenant_id
      union all
      select ledger.next_tenant(t.tenant_id)
      from tenants t
      where t.tenant_id is not null
    )
    select t.tenant_id
    from tenants t
    left join ledger.invariant_checks c using (tenant_id)
    where t.tenant_id is not null
    order by c.checked_at nulls first
  loop
    exit when clock_timestamp() > begun + interval '4 seconds';
    with different as materialized (
      select d.*
      from ledger.find_differences(tenant, sample) d
      left join ledger.alerts a
        on a.tenant_id = tenant and a.kind = d.kind and a.subject = d.subject and a.resolved_at is null
      order by a.id is not null
      limit 5000
    ),
    raised as (
      insert into ledger.alerts as a (tenant_id, kind, subject, user_id, currency, evidence)
      select tenant, d.kind, d.subject, d.user_id, d.currency, d.evidence
      from different d
      on conflict (tenant_id, kind, subject) where resolved_at is null do update
      set evidence = excluded.evidence, seen_at = now()
    ),
    held_back as (
      insert into ledger.system_events (tenant_id, aggregate_id, stream_version, event_type, event_data, actor)
      select tenant, d.account, coalesce((
          select max(e.stream_version)
          from ledger.system_events e
          where e.tenant_id = tenant
            and e.aggregate_id = d.account
        ), 0) + 1,
        'V1_SYSTEM_ACCOUNT_QUARANTINED',
        jsonb_build_object('userId', d.user_id, 'currency', d.currency, 'reason', d.kind, 'evidence', d.evidence),
        'system:invariants'
      from (
        select distinct on (user_id, currency) *, user_id || ':' || currency as account
        from different
        where user_id is not null
        order by user_id, currency
      ) d
      left join ledger.user_balances_view b
        on b.tenant_id = tenant and b.user_id = d.user_id and b.currency = d.currency
      where b.quarantined_at is null
      -- Race: an operator notes something on the account at this moment and takes the version. The next run finds it again.
      on conflict do nothing
      returning 1
    )
    select (select count(*) from different), (select count(*) from held_back)
    into found, barred;
    checked := checked + 1;
    different := different + found;
    quarantined := quarantined + barred;
    insert into ledger.invariant_checks as c (tenant_id, checked_at)
    values (tenant, clock_timestamp())
    on conflict (tenant_id) do update set checked_at = excluded.checked_at;
  end loop;
  return jsonb_build_object(
    'rows', different, 'tenants', checked, 'differences', different, 'quarantined', quarantined,
    'outcome', case when checked = 0 then 'skipped' else 'ok' end
  );
end
$function$;
revoke execute on function ledger.check_invariants(integer) from public;
grant execute on function ledger.check_invariants(integer) to lockstep_app;

CREATE OR REPLACE FUNCTION ledger.check_payment_events(r ledger.payment_events)
 RETURNS boolean
 LANGUAGE plpgsql
 IMMUTABLE
AS $function$
declare
  broken text;
begin
  broken := case
    when (ledger.payment_state(r.event_type) is not null) is false then 'payment_events_event_type_known'
    when (r.stream_version >= 1) is false then 'payment_events_stream_version_positive'
  end;
  if broken is null then
    return true;
  end if;
  raise exception 'new row for relation "payment_events" violates check constraint "%"', broken
    using errcode = 'check_violation', constraint = broken, schema = 'ledger', table = 'payment_events';
end
$function$;

CREATE OR REPLACE FUNCTION ledger.check_system_events(r ledger.system_events)
 RETURNS boolean
 LANGUAGE plpgsql
 IMMUTABLE
AS $function$
declare
  broken text;
begin
  broken := case
    when (r.event_type in ('V1_SYSTEM_ACCOUNT_QUARANTINED', 'V1_SYSTEM_ACCOUNT_CLEARED', 'V1_SYSTEM_OVERDRAFT_ALLOWED', 'V1_SYSTEM_OVERDRAFT_FORBIDDEN')) is false then 'system_events_event_type_known'
    when (r.stream_version >= 1) is false then 'system_events_stream_version_positive'
  end;
  if broken is null then
    return true;
  end if;
  raise exception 'new row for relation "system_events" violates check constraint "%"', broken
    using errcode = 'check_violation', constraint = broken, schema = 'ledger', table = 'system_events';
end
$function$;

CREATE OR REPLACE FUNCTION ledger.check_user_balances_view(r ledger.user_balances_view)
 RETURNS boolean
 LANGUAGE plpgsql
 IMMUTABLE
AS $function$
declare
  broken text;
begin
  broken := case
    when (r.balance_minor - r.reserved_minor >= 0 or r.may_go_negative) is false then 'user_balances_view_available'
    when (r.balance_minor between -9007199254740991 and 9007199254740991) is false then 'user_balances_view_exact'
    when (r.reserved_minor >= 0) is false then 'user_balances_view_reserved'
  end;
  if broken is null then
    return true;
  end if;
  raise exception 'new row for relation "user_balances_view" violates check constraint "%"', broken
    using errcode = 'check_violation', constraint = broken, schema = 'ledger', table = 'user_balances_view';
end
$function$;

CREATE OR REPLACE FUNCTION ledger.count_open_alerts()
 RETURNS TABLE(tenant_id bigint, open bigint)
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
  select a.tenant_id, count(*)
  from ledger.alerts a
  where a.resolved_at is null
  group by a.tenant_id
$function$;
revoke execute on function ledger.count_open_alerts() from public;
grant execute on function ledger.count_open_alerts() to lockstep_app;

CREATE OR REPLACE FUNCTION ledger.count_waiting(most integer)
 RETURNS bigint
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
  select count(*) from (select from ledger.balance_deltas limit most) d
$function$;
revoke execute on function ledger.count_waiting(integer) from public;
grant execute on function ledger.count_waiting(integer) to lockstep_app;

CREATE OR REPLACE FUNCTION ledger.create_accounts(accounts ledger.account_changes[])
 RETURNS ledger.account_changes[]
 LANGUAGE sql
 SET search_path TO ''
 SET enable_seqscan TO 'off'
AS $function$
  with created as (
    insert into ledger.user_balances_view (tenant_id, user_id, currency)
    select a.tenant_id, a.user_id, a.currency
    from unnest(accounts) a
    where not exists (
      select
      from ledger.user_balances_view b
      where b.tenant_id = a.tenant_id and b.user_id = a.user_id and b.currency = a.currency
    )
    order by a.tenant_id, a.user_id, a.currency
    on conflict do nothing
    returning tenant_id, user_id, currency
  )
  select array_agg(row(c.tenant_id, c.user_id, c.currency, null, null, null, null, null)::ledger.account_changes)
  from created c
$function$;

CREATE OR REPLACE FUNCTION ledger.drop_untouched(created ledger.account_changes[])
 RETURNS void
 LANGUAGE sql
 SET search_path TO ''
 SET enable_seqscan TO 'off'
AS $function$
  delete from ledger.user_balances_view b
  using unnest(created) c
  where b.tenant_id = c.tenant_id
    and b.user_id = c.user_id
    and b.currency = c.currency
    and b.last_seq = 0
$function$;

CREATE OR REPLACE FUNCTION ledger.emit_appended(events ledger.incoming_events[])
 RETURNS void
 LANGUAGE sql
 SET search_path TO ''
 SET plan_cache_mode TO 'force_generic_plan'
 SET enable_seqscan TO 'off'
AS $function$
  select core.emit(
    'ledger', 'tenant:' || ledger.tenant(),
    array_agg(told.subject order by f.family, f.aggregate_id, f.stream_version),
    array_agg(told.type order by f.family, f.aggregate_id, f.stream_version),
    array_agg(told.data order by f.family, f.aggregate_id, f.stream_version)
  )
  from unnest(events) f,
  lateral (
    select 'bet:' || f.aggregate_id as subject, 'bet.' || ledger.bet_state(f.event_type) as type, jsonb_build_object(
      'id', b.bet_id, 'userId', b.user_id, 'stakeMinor', b.amount_minor, 'currency', b.currency, 'odds', b.odds::text,
      'selection', b.selection, 'status', ledger.bet_state(f.event_type),
      'payoutMinor', case ledger.bet_state(f.event_type)
        when 'lost' then 0
        else (f.event_data ->> 'payoutMinor')::bigint
      end,
      'placedAt', core.iso(b.placed_at),
      'settledAt', case when ledger.bet_state(f.event_type) not in ('placed', 'accepted') then core.iso(f.occurred_at) end,
      'streamVersion', f.stream_version
    ) as data
    from (
      select *
      from ledger.bets_view v
      where f.family = 'bets' and v.tenant_id = ledger.tenant() and v.bet_id between f.aggregate_id and f.aggregate_id
      order by v.bet_id
      limit 1
    ) b
    union all
    select 'payment:' || f.aggregate_id, replace(ledger.payment_state(f.event_type), ' ', '.'), jsonb_build_object(
      'id', p.payment_id, 'kind', p.kind, 'userId', p.user_id, 'amountMinor', p.amount_minor, 'currency', p.currency,
      'status', split_part(ledger.payment_state(f.event_type), ' ', 2),
      'requestedAt', core.iso(p.requested_at),
      'settledAt', case when ledger.payment_state(f.event_type) not like '% requested' then core.iso(f.occurred_at) end,
      'streamVersion', f.stream_version
    )
    from (
      select *
      from ledger.payments_view v
      where f.family = 'payments' and v.tenant_id = ledger.tenant() and v.payment_id between f.aggregate_id and f.aggregate_id
      order by v.payment_id
      limit 1
    ) p
    union all
    select 'account:' || (f.event_data ->> 'userId') || ':' || (f.event_data ->> 'currency'),
      'balance.' || lower(split_part(f.event_type, '_', 4)),
      f.event_data || jsonb_build_object(
        'cause', f.aggregate_id, 'streamVersion', f.stream_version, 'occurredAt', core.iso(f.occurred_at)
      )
    where f.family = 'balances'
    offset 0
  ) told
$function$;

CREATE OR REPLACE FUNCTION ledger.emit_overdrawn()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO ''
AS $function$
begin
  perform core.emit('ledger', 'tenant:' || new.tenant_id, array['account:' || new.user_id || ':' || new.currency],
    array['account.overdrawn'], array[jsonb_build_object(
      'userId', new.user_id, 'currency', new.currency, 'balanceMinor', new.balance_minor,
      'reservedMinor', new.reserved_minor, 'availableMinor', new.available_minor
    )]);
  return null;
end
$function$;

CREATE OR REPLACE FUNCTION ledger.find_differences(of_tenant bigint, sample integer)
 RETURNS TABLE(kind text, subject text, user_id text, currency text, evidence jsonb)
 LANGUAGE sql
 SET search_path TO ''
AS $function$
  select 'balance', concat_ws(':', d.key ->> 'user_id', d.key ->> 'currency'), d.key ->> 'user_id', d.key ->> 'currency',
    jsonb_build_object('expected', d.expected, 'actual', d.actual)
  from ledger.verify_user_balances_view(of_tenant, sample) d
  union all
  select 'bet', d.key ->> 'bet_id', coalesce(d.expected, d.actual) ->> 'user_id', coalesce(d.expected, d.actual) ->> 'currency',
    jsonb_build_object('expected', d.expected, 'actual', d.actual)
  from ledger.verify_bets_view(of_tenant, sample) d
  union all
  select 'payment', d.key ->> 'payment_id', coalesce(d.expected, d.actual) ->> 'user_id',
    coalesce(d.expected, d.actual) ->> 'currency', jsonb_build_object('expected', d.expected, 'actual', d.actual)
  from ledger.verify_payments_view(of_tenant, sample) d
  union all
  select 'negative', concat_ws(':', b.user_id, b.currency), b.user_id, b.currency, to_jsonb(b)
  from ledger.user_balances b
  where b.tenant_id = of_tenant
    and (b.reserved_minor < 0 or b.available_minor < 0 and not b.may_go_negative)
  union all
  select 'hold', concat_ws(':', user_id, currency), user_id, currency,
    jsonb_build_object('heldMinor', held, 'openMinor', open)
  from (
    select b.user_id, b.currency, b.reserved_minor as held
    from ledger.user_balances b
    where b.tenant_id = of_tenant
      and b.reserved_minor <> 0
  ) holds
  full join (
    select o.user_id, o.currency, sum(o.amount_minor)::bigint as open
    from (
      select v.user_id, v.currency, v.amount_minor
      from ledger.bets_view v
      where v.tenant_id = of_tenant
        and v.open
      union all
      select p.user_id, p.currency, p.amount_minor
      from ledger.payments_view p
      where p.tenant_id = of_tenant
        and p.open
        and p.kind = 'withdrawal'
    ) o
    group by o.user_id, o.currency
  ) opened using (user_id, currency)
  where held is distinct from open
$function$;

CREATE OR REPLACE FUNCTION ledger.find_wrong_hold(streams text[])
 RETURNS jsonb
 LANGUAGE sql
 STABLE
 SET search_path TO ''
 SET plan_cache_mode TO 'force_generic_plan'
 SET enable_seqscan TO 'off'
AS $function$
  with owners as (
    select s.id, b.user_id, b.currency, case when b.open then b.amount_minor else 0 end as reserves
    from unnest(streams) s (id),
    lateral (
      select *
      from ledger.bets_view v
      where v.tenant_id = ledger.tenant()
        and v.bet_id between s.id and s.id
      order by v.bet_id
      limit 1
    ) b
    union all
    select s.id, p.user_id, p.currency, case when p.open and p.kind = 'withdrawal' then p.amount_minor else 0 end
    from unnest(streams) s (id),
    lateral (
      select *
      from ledger.payments_view v
      where v.tenant_id = ledger.tenant()
        and v.payment_id between s.id and s.id
      order by v.payment_id
      limit 1
    ) p
  ),
  holds as (
    select s.id, e.user_id, e.currency, sum(e.reserved_delta)::bigint as held
    from unnest(streams) s (id),
    lateral (
      select e.user_id, e.currency, e.reserved_delta
      from ledger.balance_events e
      where e.tenant_id = ledger.tenant()
        and e.aggregate_id = s.id
      order by e.stream_version
      offset 0
    ) e
    group by s.id, e.user_id, e.currency
  )
  select jsonb_build_object(
    'aggregate_id', id, 'user_id', user_id, 'currency', currency, 'held', coalesce(held, 0), 'reserves', coalesce(reserves, 0)
  )
  from owners
  full join holds using (id, user_id, currency)
  where coalesce(held, 0) <> coalesce(reserves, 0)
  order by id
  limit 1
$function$;

CREATE OR REPLACE FUNCTION ledger.fold_deltas(accounts ledger.account_changes[])
 RETURNS void
 LANGUAGE sql
 SET search_path TO ''
 SET enable_seqscan TO 'off'
AS $function$
  with folded as (
    delete from ledger.balance_deltas
    where ctid = any (array(
      select d.ctid
      from unnest(accounts) a,
      lateral (
        select ctid
        from ledger.balance_deltas d
        where d.tenant_id = a.tenant_id and d.user_id = a.user_id and d.currency = a.currency
        offset 0
      ) d
    ))
    returning *
  )
  insert into ledger.user_balances_view (tenant_id, user_id, currency, balance_minor, reserved_minor, last_seq)
  select f.tenant_id, f.user_id, f.currency, b.balance_minor + f.balance, b.reserved_minor + f.reserved,
    greatest(b.last_seq, f.seq)
  from (
    select tenant_id, user_id, currency, max(seq) as seq, sum(balance_delta) as balance, sum(reserved_delta) as reserved
    from folded
    group by tenant_id, user_id, currency
  ) f,
  lateral (
    select *
    from ledger.user_balances_view b
    where b.tenant_id = f.tenant_id and b.user_id = f.user_id and b.currency = f.currency
    offset 0
  ) b
  on conflict (tenant_id, user_id, currency) do update
  set balance_minor = excluded.balance_minor, reserved_minor = excluded.reserved_minor, last_seq = excluded.last_seq
$function$;

CREATE OR REPLACE FUNCTION ledger.fold_waiting(most integer)
 RETURNS bigint
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
  free ledger.account_changes[];
begin
  select array_agg(row(b.tenant_id, b.user_id, b.currency, null, null, null, null, null)::ledger.account_changes)
  into free
  from (select distinct tenant_id, user_id, currency from ledger.balance_deltas order by 1, 2, 3 limit most) d,
  lateral (
    select *
    from ledger.user_balances_view b
    where b.tenant_id = d.tenant_id
      and b.user_id = d.user_id
      and b.currency = d.currency
    for update skip locked
  ) b;
  perform ledger.fold_deltas(free);
  return coalesce(cardinality(free), 0);
end
$function$;
revoke execute on function ledger.fold_waiting(integer) from public;
grant execute on function ledger.fold_waiting(integer) to lockstep_app;

CREATE OR REPLACE FUNCTION ledger.hot_append_1d912bbf(jsonb, text, text, text, text, text, text)
 RETURNS TABLE(outcome jsonb, "position" text)
 LANGUAGE plpgsql
 SET plan_cache_mode TO 'force_generic_plan'
AS $function$
#variable_conflict use_column
declare
  ignored record;
begin
  if $7 is not null then
    perform set_config('app.tenant_id', $7, true);
  end if;
  if $3 is not null then
    perform core.begin_idempotent($3, $4, $5, $6);
  end if;
  return query select core.settled(ledger.append_events($1::jsonb, $2)) as outcome, pg_current_xact_id_if_assigned()::text as position;
  if $3 is not null then
    perform core.assert_settled();
  end if;
end
$function$;

CREATE OR REPLACE FUNCTION ledger.hot_bets_2731db0c(text, bigint, text, text, text, text, text)
 RETURNS TABLE(bet jsonb)
 LANGUAGE plpgsql
 SET plan_cache_mode TO 'force_generic_plan'
AS $function$
#variable_conflict use_column
declare
  ignored record;
begin
  if $7 is not null then
    perform set_config('app.tenant_id', $7, true);
  end if;
  if $3 is not null then
    perform core.begin_idempotent($3, $4, $5, $6);
  end if;
  return query select jsonb_build_object(
    'id', v.bet_id,
    'userId', v.user_id,
    'stakeMinor', v.amount_minor,
    'currency', v.currency,
    'odds', v.odds::text,
    'selection', v.selection,
    'status', v.status,
    'payoutMinor', v.payout_minor,
    'placedAt', core.iso(v.placed_at),
    'settledAt', core.iso(v.settled_at),
    'streamVersion', v.stream_version
  ) as bet
from ledger.bets_view v
where v.tenant_id = ledger.tenant() and v.status = $1 and v.open
order by v.bet_id desc
limit $2;
  if $3 is not null then
    perform core.assert_settled();
  end if;
end
$function$;

CREATE OR REPLACE FUNCTION ledger.hot_bets_5f14ba0c(text, bigint, text, text, text, text, text)
 RETURNS TABLE(bet jsonb)
 LANGUAGE plpgsql
 SET plan_cache_mode TO 'force_generic_plan'
AS $function$
#variable_conflict use_column
declare
  ignored record;
begin
  if $7 is not null then
    perform set_config('app.tenant_id', $7, true);
  end if;
  if $3 is not null then
    perform core.begin_idempotent($3, $4, $5, $6);
  end if;
  return query select jsonb_build_object(
    'id', v.bet_id,
    'userId', v.user_id,
    'stakeMinor', v.amount_minor,
    'currency', v.currency,
    'odds', v.odds::text,
    'selection', v.selection,
    'status', v.status,
    'payoutMinor', v.payout_minor,
    'placedAt', core.iso(v.placed_at),
    'settledAt', core.iso(v.settled_at),
    'streamVersion', v.stream_version
  ) as bet
from ledger.bets_view v
where v.tenant_id = ledger.tenant() and v.user_id = $1
order by v.bet_id desc
limit $2;
  if $3 is not null then
    perform core.assert_settled();
  end if;
end
$function$;

CREATE OR REPLACE FUNCTION ledger.hot_place_d7e2e1f0(text, text, bigint, jsonb, text, timestamp with time zone, text, text, bigint, text, text, text, text, text, text, text, text, text)
 RETURNS TABLE(outcome jsonb, "position" text)
 LANGUAGE plpgsql
 SET plan_cache_mode TO 'force_generic_plan'
AS $function$
#variable_conflict use_column
declare
  ignored record;
begin
  if $18 is not null then
    perform set_config('app.tenant_id', $18, true);
  end if;
  if $14 is not null then
    perform core.begin_idempotent($14, $15, $16, $17);
  end if;
  return query with 
account as (
  
  select b.*
  from ledger.user_balances_view b
  where b.tenant_id = ledger.tenant()
    and (b.user_id, b.currency) = ($1, $2)
    and true
  for update
),
waiting as (
  
  select d.balance_delta - d.reserved_delta as minor
  from account a
  join ledger.balance_deltas d on d.tenant_id = a.tenant_id and d.user_id = a.user_id and d.currency = a.currency
  for update
),
decided as materialized (
  select uuidv7()::text as bet_id,
    case
      when a.quarantined_at is not null
      then jsonb_build_object('ok', false, 'reason', 'quarantined')
      when funds.minor < $3::bigint
      then jsonb_build_object('ok', false, 'reason', 'insufficient_funds', 'availableMinor', funds.minor)
    end as refused
  from (select) as always
  left join account a on true
  cross join lateral (
    select coalesce(a.available_minor, 0) + coalesce((select sum(minor) from waiting), 0)::bigint as minor
  ) funds
),
placed as (
  insert into ledger.bet_events
    (tenant_id, aggregate_id, stream_version, event_type, event_data, idempotency_key, occurred_at, actor)
  select ledger.tenant(), bet_id, 1, 'V1_BETS_BET_PLACED', $4::jsonb,
    $5, coalesce($6::timestamptz, clock_timestamp()), $7
  from decided
  where refused is null
  returning *
),
reserved as (
  insert into ledger.balance_events (tenant_id, aggregate_id, stream_version, event_type, event_data, occurred_at, actor)
  select tenant_id, aggregate_id, 1, 'V1_BALANCES_BALANCE_RESERVED',
    jsonb_build_object(
      'userId', event_data -> 'userId', 'currency', event_data -> 'currency', 'amountMinor', event_data -> 'stakeMinor'
    ),
    occurred_at, actor
  from placed
),
bet as (
  select aggregate_id as bet_id, $8::text as user_id, $9::bigint as amount_minor,
    $10::text as currency, $11::text as odds, $12::text as selection, 'placed' as status,
    null::bigint as payout_minor, occurred_at as placed_at, null::timestamptz as settled_at, stream_version
  from placed
),
emitted as (
  insert into core.outbox (topic, audience, subject, type, data)
  select $13, 'tenant:' || ledger.tenant(), 'bet:' || "bet".bet_id, 'bet.' || "bet".status, jsonb_build_object(
    'id', bet.bet_id,
    'userId', bet.user_id,
    'stakeMinor', bet.amount_minor,
    'currency', bet.currency,
    'odds', bet.odds::text,
    'selection', bet.selection,
    'status', bet.status,
    'payoutMinor', bet.payout_minor,
    'placedAt', core.iso(bet.placed_at),
    'settledAt', core.iso(bet.settled_at),
    'streamVersion', bet.stream_version
  )
  from "bet")
select core.settled(coalesce(
  (select jsonb_build_object('ok', true, 'value', jsonb_build_object(
    'id', bet.bet_id,
    'userId', bet.user_id,
    'stakeMinor', bet.amount_minor,
    'currency', bet.currency,
    'odds', bet.odds::text,
    'selection', bet.selection,
    'status', bet.status,
    'payoutMinor', bet.payout_minor,
    'placedAt', core.iso(bet.placed_at),
    'settledAt', core.iso(bet.settled_at),
    'streamVersion', bet.stream_version
  )) from bet),
  (select refused from decided)
)) as outcome, pg_current_xact_id_if_assigned()::text as position;
  if $14 is not null then
    perform core.assert_settled();
  end if;
end
$function$;

CREATE OR REPLACE FUNCTION ledger.hot_read_balances_dea1e7a0(text, text, text, text, text, text)
 RETURNS TABLE(balance jsonb)
 LANGUAGE plpgsql
 SET plan_cache_mode TO 'force_generic_plan'
AS $function$
#variable_conflict use_column
declare
  ignored record;
begin
  if $6 is not null then
    perform set_config('app.tenant_id', $6, true);
  end if;
  if $2 is not null then
    perform core.begin_idempotent($2, $3, $4, $5);
  end if;
  return query select jsonb_build_object(
  'currency', b.currency,
  'balanceMinor', b.balance_minor,
  'reservedMinor', b.reserved_minor,
  'availableMinor', b.available_minor,
  'mayGoNegative', b.may_go_negative,
  'quarantined', b.quarantined_at is not null
) as balance
from ledger.user_balances b
where b.tenant_id = ledger.tenant()
  and b.user_id = $1
order by b.currency
limit 200;
  if $2 is not null then
    perform core.assert_settled();
  end if;
end
$function$;

CREATE OR REPLACE FUNCTION ledger.hot_read_bet_ac4e0438(text, text, text, text, text, text)
 RETURNS TABLE(bet jsonb)
 LANGUAGE plpgsql
 SET plan_cache_mode TO 'force_generic_plan'
AS $function$
#variable_conflict use_column
declare
  ignored record;
begin
  if $6 is not null then
    perform set_config('app.tenant_id', $6, true);
  end if;
  if $2 is not null then
    perform core.begin_idempotent($2, $3, $4, $5);
  end if;
  return query select jsonb_build_object(
    'id', v.bet_id,
    'userId', v.user_id,
    'stakeMinor', v.amount_minor,
    'currency', v.currency,
    'odds', v.odds::text,
    'selection', v.selection,
    'status', v.status,
    'payoutMinor', v.payout_minor,
    'placedAt', core.iso(v.placed_at),
    'settledAt', core.iso(v.settled_at),
    'streamVersion', v.stream_version
  ) as bet
from ledger.bets_view v
where v.tenant_id = ledger.tenant()
  and v.bet_id = $1;
  if $2 is not null then
    perform core.assert_settled();
  end if;
end
$function$;

CREATE OR REPLACE FUNCTION ledger.hot_transfer_3f1134c7(jsonb, boolean, text, text, text, text, text, text)
 RETURNS TABLE(outcome jsonb, "position" text)
 LANGUAGE plpgsql
 SET plan_cache_mode TO 'force_generic_plan'
AS $function$
#variable_conflict use_column
declare
  ignored record;
begin
  if $8 is not null then
    perform set_config('app.tenant_id', $8, true);
  end if;
  if $4 is not null then
    perform core.begin_idempotent($4, $5, $6, $7);
  end if;
  return query select core.settled(ledger.transfer($1::jsonb, $2, $3)) as outcome, pg_current_xact_id_if_assigned()::text as position;
  if $4 is not null then
    perform core.assert_settled();
  end if;
end
$function$;

CREATE OR REPLACE FUNCTION ledger.hot_transition_bet_80498aa6(text, integer, text, text, boolean, boolean, boolean, numeric, numeric, text, boolean, jsonb, text, text, boolean, text, boolean, boolean, text, text, text, text, text, text)
 RETURNS TABLE(outcome jsonb, "position" text)
 LANGUAGE plpgsql
 SET plan_cache_mode TO 'force_generic_plan'
AS $function$
#variable_conflict use_column
declare
  ignored record;
begin
  if $24 is not null then
    perform set_config('app.tenant_id', $24, true);
  end if;
  if $20 is not null then
    perform core.begin_idempotent($20, $21, $22, $23);
  end if;
  return query with bet as (
  
  select v.*
  from ledger.bets_view v
  where v.tenant_id = ledger.tenant()
    and v.bet_id = $1
  for update
),
decided as materialized (
  select b.*, held.events, net.minor as net_minor, paid.minor as returned_minor,
    case
      when $2::integer <> b.stream_version
      then jsonb_build_object('ok', false, 'reason', 'version_conflict', 'current', b.stream_version)
      when not ledger.bet_may_become(b.status, $3)
      then jsonb_build_object('ok', false, 'reason', 'illegal_transition', 'from', b.status, 'to', $4::text)
      when $5 and held.minor is distinct from b.amount_minor
      then jsonb_build_object('ok', false, 'reason', 'hold_missing')
      when $6 and net.minor < 0 and a.quarantined_at is not null
      then jsonb_build_object('ok', false, 'reason', 'quarantined')
      when $7 and (paid.minor > $8::numeric or coalesce(a.balance_minor, 0) + net.minor > $9::numeric)
      then jsonb_build_object('ok', false, 'reason', 'amount_out_of_range')
    end as refused
  from bet b
  left join ledger.user_balances a
    on a.tenant_id = b.tenant_id and a.user_id = b.user_id and a.currency = b.currency
  cross join lateral (
    select count(*)::integer as events, sum(e.reserved_delta) as minor
    from ledger.balance_events e
    where e.tenant_id = b.tenant_id
      and e.aggregate_id = b.bet_id
  ) held
  cross join lateral (select ledger.payout_of(b.amount_minor, b.odds) as minor) paid
  cross join lateral (select paid.minor - b.amount_minor as minor) net
),
moved as (
  insert into ledger.bet_events (tenant_id, aggregate_id, stream_version, event_type, event_data, idempotency_key, actor)
  select tenant_id, bet_id, stream_version + 1, $10,
    case when $11 then jsonb_build_object('payoutMinor', returned_minor) else $12::jsonb end,
    $13, $14
  from decided
  where refused is null
  returning *
),
posted as (
  insert into ledger.balance_events (tenant_id, aggregate_id, stream_version, event_type, event_data, occurred_at, actor)
  select d.tenant_id, d.bet_id, d.events + posting.step, posting.type,
    jsonb_build_object('userId', d.user_id, 'currency', d.currency, 'amountMinor', posting.minor),
    moved.occurred_at, moved.actor
  from moved
  join decided d on true
  cross join lateral (
    values
      (1, 'V1_BALANCES_BALANCE_RELEASED', d.amount_minor::numeric),
      (2, case when d.net_minor > 0 then 'V1_BALANCES_BALANCE_CREDITED' else 'V1_BALANCES_BALANCE_DEBITED' end, abs(d.net_minor))
  ) posting (step, type, minor)
  where $15
    and posting.minor > 0
  order by posting.step
),
after as (
  select d.bet_id, d.user_id, d.amount_minor, d.currency, d.odds, d.selection, $16::text as status,
    case when $17 then d.returned_minor end as payout_minor, d.placed_at,
    case when $18 then moved.occurred_at end as settled_at, moved.stream_version
  from moved
  join decided d on true
),
emitted as (
  insert into core.outbox (topic, audience, subject, type, data)
  select $19, 'tenant:' || ledger.tenant(), 'bet:' || "after".bet_id, 'bet.' || "after".status, jsonb_build_object(
    'id', after.bet_id,
    'userId', after.user_id,
    'stakeMinor', after.amount_minor,
    'currency', after.currency,
    'odds', after.odds::text,
    'selection', after.selection,
    'status', after.status,
    'payoutMinor', after.payout_minor,
    'placedAt', core.iso(after.placed_at),
    'settledAt', core.iso(after.settled_at),
    'streamVersion', after.stream_version
  )
  from "after")
select core.settled(coalesce(
  (select jsonb_build_object('ok', true, 'value', jsonb_build_object(
    'id', after.bet_id,
    'userId', after.user_id,
    'stakeMinor', after.amount_minor,
    'currency', after.currency,
    'odds', after.odds::text,
    'selection', after.selection,
    'status', after.status,
    'payoutMinor', after.payout_minor,
    'placedAt', core.iso(after.placed_at),
    'settledAt', core.iso(after.settled_at),
    'streamVersion', after.stream_version
  )) from after),
  (select refused from decided),
  jsonb_build_object('ok', false, 'reason', 'not_found', 'detail', 'There is no such bet')
)) as outcome, pg_current_xact_id_if_assigned()::text as position;
  if $20 is not null then
    perform core.assert_settled();
  end if;
end
$function$;

CREATE OR REPLACE FUNCTION ledger.hot_transition_bet_c49128bc(text, integer, text, text, boolean, boolean, boolean, numeric, numeric, text, boolean, jsonb, text, text, boolean, text, boolean, boolean, text, text, text, text, text, text)
 RETURNS TABLE(outcome jsonb, "position" text)
 LANGUAGE plpgsql
 SET plan_cache_mode TO 'force_generic_plan'
AS $function$
#variable_conflict use_column
declare
  ignored record;
begin
  if $24 is not null then
    perform set_config('app.tenant_id', $24, true);
  end if;
  if $20 is not null then
    perform core.begin_idempotent($20, $21, $22, $23);
  end if;
  return query with bet as (
  
  select v.*
  from ledger.bets_view v
  where v.tenant_id = ledger.tenant()
    and v.bet_id = $1
  for update
),
decided as materialized (
  select b.*, held.events, net.minor as net_minor, paid.minor as returned_minor,
    case
      when $2::integer <> b.stream_version
      then jsonb_build_object('ok', false, 'reason', 'version_conflict', 'current', b.stream_version)
      when not ledger.bet_may_become(b.status, $3)
      then jsonb_build_object('ok', false, 'reason', 'illegal_transition', 'from', b.status, 'to', $4::text)
      when $5 and held.minor is distinct from b.amount_minor
      then jsonb_build_object('ok', false, 'reason', 'hold_missing')
      when $6 and net.minor < 0 and a.quarantined_at is not null
      then jsonb_build_object('ok', false, 'reason', 'quarantined')
      when $7 and (paid.minor > $8::numeric or coalesce(a.balance_minor, 0) + net.minor > $9::numeric)
      then jsonb_build_object('ok', false, 'reason', 'amount_out_of_range')
    end as refused
  from bet b
  left join ledger.user_balances a
    on a.tenant_id = b.tenant_id and a.user_id = b.user_id and a.currency = b.currency
  cross join lateral (
    select count(*)::integer as events, sum(e.reserved_delta) as minor
    from ledger.balance_events e
    where e.tenant_id = b.tenant_id
      and e.aggregate_id = b.bet_id
  ) held
  cross join lateral (select 0::numeric as minor) paid
  cross join lateral (select paid.minor - b.amount_minor as minor) net
),
moved as (
  insert into ledger.bet_events (tenant_id, aggregate_id, stream_version, event_type, event_data, idempotency_key, actor)
  select tenant_id, bet_id, stream_version + 1, $10,
    case when $11 then jsonb_build_object('payoutMinor', returned_minor) else $12::jsonb end,
    $13, $14
  from decided
  where refused is null
  returning *
),
posted as (
  insert into ledger.balance_events (tenant_id, aggregate_id, stream_version, event_type, event_data, occurred_at, actor)
  select d.tenant_id, d.bet_id, d.events + posting.step, posting.type,
    jsonb_build_object('userId', d.user_id, 'currency', d.currency, 'amountMinor', posting.minor),
    moved.occurred_at, moved.actor
  from moved
  join decided d on true
  cross join lateral (
    values
      (1, 'V1_BALANCES_BALANCE_RELEASED', d.amount_minor::numeric),
      (2, case when d.net_minor > 0 then 'V1_BALANCES_BALANCE_CREDITED' else 'V1_BALANCES_BALANCE_DEBITED' end, abs(d.net_minor))
  ) posting (step, type, minor)
  where $15
    and posting.minor > 0
  order by posting.step
),
after as (
  select d.bet_id, d.user_id, d.amount_minor, d.currency, d.odds, d.selection, $16::text as status,
    case when $17 then d.returned_minor end as payout_minor, d.placed_at,
    case when $18 then moved.occurred_at end as settled_at, moved.stream_version
  from moved
  join decided d on true
),
emitted as (
  insert into core.outbox (topic, audience, subject, type, data)
  select $19, 'tenant:' || ledger.tenant(), 'bet:' || "after".bet_id, 'bet.' || "after".status, jsonb_build_object(
    'id', after.bet_id,
    'userId', after.user_id,
    'stakeMinor', after.amount_minor,
    'currency', after.currency,
    'odds', after.odds::text,
    'selection', after.selection,
    'status', after.status,
    'payoutMinor', after.payout_minor,
    'placedAt', core.iso(after.placed_at),
    'settledAt', core.iso(after.settled_at),
    'streamVersion', after.stream_version
  )
  from "after")
select core.settled(coalesce(
  (select jsonb_build_object('ok', true, 'value', jsonb_build_object(
    'id', after.bet_id,
    'userId', after.user_id,
    'stakeMinor', after.amount_minor,
    'currency', after.currency,
    'odds', after.odds::text,
    'selection', after.selection,
    'status', after.status,
    'payoutMinor', after.payout_minor,
    'placedAt', core.iso(after.placed_at),
    'settledAt', core.iso(after.settled_at),
    'streamVersion', after.stream_version
  )) from after),
  (select refused from decided),
  jsonb_build_object('ok', false, 'reason', 'not_found', 'detail', 'There is no such bet')
)) as outcome, pg_current_xact_id_if_assigned()::text as position;
  if $20 is not null then
    perform core.assert_settled();
  end if;
end
$function$;

CREATE OR REPLACE FUNCTION ledger.hot_transition_bet_d13584f6(text, integer, text, text, boolean, boolean, boolean, numeric, numeric, text, boolean, jsonb, text, text, boolean, text, boolean, boolean, text, text, text, text, text, text)
 RETURNS TABLE(outcome jsonb, "position" text)
 LANGUAGE plpgsql
 SET plan_cache_mode TO 'force_generic_plan'
AS $function$
#variable_conflict use_column
declare
  ignored record;
begin
  if $24 is not null then
    perform set_config('app.tenant_id', $24, true);
  end if;
  if $20 is not null then
    perform core.begin_idempotent($20, $21, $22, $23);
  end if;
  return query with bet as (
  
  select v.*
  from ledger.bets_view v
  where v.tenant_id = ledger.tenant()
    and v.bet_id = $1
  for update
),
decided as materialized (
  select b.*, held.events, net.minor as net_minor, paid.minor as returned_minor,
    case
      when $2::integer <> b.stream_version
      then jsonb_build_object('ok', false, 'reason', 'version_conflict', 'current', b.stream_version)
      when not ledger.bet_may_become(b.status, $3)
      then jsonb_build_object('ok', false, 'reason', 'illegal_transition', 'from', b.status, 'to', $4::text)
      when $5 and held.minor is distinct from b.amount_minor
      then jsonb_build_object('ok', false, 'reason', 'hold_missing')
      when $6 and net.minor < 0 and a.quarantined_at is not null
      then jsonb_build_object('ok', false, 'reason', 'quarantined')
      when $7 and (paid.minor > $8::numeric or coalesce(a.balance_minor, 0) + net.minor > $9::numeric)
      then jsonb_build_object('ok', false, 'reason', 'amount_out_of_range')
    end as refused
  from bet b
  left join ledger.user_balances a
    on a.tenant_id = b.tenant_id and a.user_id = b.user_id and a.currency = b.currency
  cross join lateral (
    select count(*)::integer as events, sum(e.reserved_delta) as minor
    from ledger.balance_events e
    where e.tenant_id = b.tenant_id
      and e.aggregate_id = b.bet_id
  ) held
  cross join lateral (select b.amount_minor::numeric as minor) paid
  cross join lateral (select paid.minor - b.amount_minor as minor) net
),
moved as (
  insert into ledger.bet_events (tenant_id, aggregate_id, stream_version, event_type, event_data, idempotency_key, actor)
  select tenant_id, bet_id, stream_version + 1, $10,
    case when $11 then jsonb_build_object('payoutMinor', returned_minor) else $12::jsonb end,
    $13, $14
  from decided
  where refused is null
  returning *
),
posted as (
  insert into ledger.balance_events (tenant_id, aggregate_id, stream_version, event_type, event_data, occurred_at, actor)
  select d.tenant_id, d.bet_id, d.events + posting.step, posting.type,
    jsonb_build_object('userId', d.user_id, 'currency', d.currency, 'amountMinor', posting.minor),
    moved.occurred_at, moved.actor
  from moved
  join decided d on true
  cross join lateral (
    values
      (1, 'V1_BALANCES_BALANCE_RELEASED', d.amount_minor::numeric),
      (2, case when d.net_minor > 0 then 'V1_BALANCES_BALANCE_CREDITED' else 'V1_BALANCES_BALANCE_DEBITED' end, abs(d.net_minor))
  ) posting (step, type, minor)
  where $15
    and posting.minor > 0
  order by posting.step
),
after as (
  select d.bet_id, d.user_id, d.amount_minor, d.currency, d.odds, d.selection, $16::text as status,
    case when $17 then d.returned_minor end as payout_minor, d.placed_at,
    case when $18 then moved.occurred_at end as settled_at, moved.stream_version
  from moved
  join decided d on true
),
emitted as (
  insert into core.outbox (topic, audience, subject, type, data)
  select $19, 'tenant:' || ledger.tenant(), 'bet:' || "after".bet_id, 'bet.' || "after".status, jsonb_build_object(
    'id', after.bet_id,
    'userId', after.user_id,
    'stakeMinor', after.amount_minor,
    'currency', after.currency,
    'odds', after.odds::text,
    'selection', after.selection,
    'status', after.status,
    'payoutMinor', after.payout_minor,
    'placedAt', core.iso(after.placed_at),
    'settledAt', core.iso(after.settled_at),
    'streamVersion', after.stream_version
  )
  from "after")
select core.settled(coalesce(
  (select jsonb_build_object('ok', true, 'value', jsonb_build_object(
    'id', after.bet_id,
    'userId', after.user_id,
    'stakeMinor', after.amount_minor,
    'currency', after.currency,
    'odds', after.odds::text,
    'selection', after.selection,
    'status', after.status,
    'payoutMinor', after.payout_minor,
    'placedAt', core.iso(after.placed_at),
    'settledAt', core.iso(after.settled_at),
    'streamVersion', after.stream_version
  )) from after),
  (select refused from decided),
  jsonb_build_object('ok', false, 'reason', 'not_found', 'detail', 'There is no such bet')
)) as outcome, pg_current_xact_id_if_assigned()::text as position;
  if $20 is not null then
    perform core.assert_settled();
  end if;
end
$function$;

CREATE OR REPLACE FUNCTION ledger.next_tenant(after bigint)
 RETURNS bigint
 LANGUAGE sql
 STABLE
 SET search_path TO ''
AS $function$
  select least(
    (select tenant_id from ledger.bets_view where tenant_id > after order by tenant_id limit 1),
    (select tenant_id from ledger.payments_view where tenant_id > after order by tenant_id limit 1),
    (select tenant_id from ledger.user_balances_view where tenant_id > after order by tenant_id limit 1)
  )
$function$;

CREATE OR REPLACE FUNCTION ledger.payment_may_become(was text, becomes text)
 RETURNS boolean
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN (was IS NULL) THEN (becomes = ANY (ARRAY['deposit requested'::text, 'withdrawal requested'::text])) WHEN (was = 'deposit requested'::text) THEN (becomes = ANY (ARRAY['deposit completed'::text, 'deposit failed'::text])) WHEN (was = 'deposit completed'::text) THEN (becomes = 'deposit charged_back'::text) WHEN (was = 'withdrawal requested'::text) THEN (becomes = ANY (ARRAY['withdrawal completed'::text, 'withdrawal rejected'::text])) ELSE false END;

CREATE OR REPLACE FUNCTION ledger.payment_state(event_type text)
 RETURNS text
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
RETURN CASE event_type WHEN 'V1_PAYMENTS_DEPOSIT_REQUESTED'::text THEN 'deposit requested'::text WHEN 'V1_PAYMENTS_DEPOSIT_COMPLETED'::text THEN 'deposit completed'::text WHEN 'V1_PAYMENTS_DEPOSIT_FAILED'::text THEN 'deposit failed'::text WHEN 'V1_PAYMENTS_DEPOSIT_CHARGED_BACK'::text THEN 'deposit charged_back'::text WHEN 'V1_PAYMENTS_WITHDRAWAL_REQUESTED'::text THEN 'withdrawal requested'::text WHEN 'V1_PAYMENTS_WITHDRAWAL_COMPLETED'::text THEN 'withdrawal completed'::text WHEN 'V1_PAYMENTS_WITHDRAWAL_REJECTED'::text THEN 'withdrawal rejected'::text ELSE NULL::text END;

CREATE OR REPLACE FUNCTION ledger.payout_of(stake bigint, odds numeric)
 RETURNS numeric
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN (((((stake)::numeric * odds) - trunc(((stake)::numeric * odds))) = 0.5) AND ((trunc(((stake)::numeric * odds)) % (2)::numeric) = (0)::numeric)) THEN trunc(((stake)::numeric * odds)) ELSE round(((stake)::numeric * odds)) END;

CREATE OR REPLACE FUNCTION ledger.rebuild_bets_view(of_scope bigint)
 RETURNS TABLE(rows_before bigint, rows_after bigint, checksum_before numeric, checksum_after numeric, mended bigint, differing jsonb)
 LANGUAGE plpgsql
 SET search_path TO ''
AS $function$
#variable_conflict use_column
declare
  agreed bigint;
  agreed_checksum numeric;
begin
  drop table if exists pg_temp.rebuilt, pg_temp.suspects;
  create temp table rebuilt on commit drop as 
    select tenant_id, aggregate_id as bet_id, born ->> 'userId' as user_id, (born ->> 'stakeMinor')::bigint as amount_minor, born ->> 'currency' as currency, (born ->> 'odds')::numeric as odds, born ->> 'selection' as selection, born_at as placed_at, state as status, case state when 'lost' then 0 else (latest ->> 'payoutMinor')::bigint end as payout_minor, case when state not in ('placed', 'accepted') then latest_at end as settled_at, stream_version as stream_version
    from (
      select tenant_id, aggregate_id, first_version, stream_version, path,
        data[1] as born, at[1] as born_at, data[events] as latest, at[events] as latest_at, path[events] as state,
        stream_version - first_version + 1 = events as gapless
      from (
        select e.tenant_id, e.aggregate_id,
          min(e.stream_version) as first_version,
          max(e.stream_version) as stream_version,
          count(*) as events,
          array_agg(ledger.bet_state(e.event_type) order by e.stream_version) as path,
          array_agg(e.event_data order by e.stream_version) as data,
          array_agg(e.occurred_at order by e.stream_version) as at
        from ledger.bet_events e
        where e.tenant_id = of_scope
        group by e.tenant_id, e.aggregate_id
      ) stream
    ) folded;
  create temp table suspects on commit drop as select bet_id from ledger.bets_view limit 0;

  with compared as materialized (
    select bet_id, f::text as folded, s::text as seen
    from pg_temp.rebuilt f
    full join (select tenant_id, bet_id, user_id, amount_minor, currency, odds, selection, placed_at, status, payout_minor, settled_at, stream_version from ledger.bets_view where tenant_id = of_scope) s using (tenant_id, bet_id)
  ),
  kept as (
    insert into pg_temp.suspects
    select bet_id
    from compared
    where folded is distinct from seen
  )
  select count(*), coalesce(sum(hashtextextended(seen, 0)), 0)
  into agreed, agreed_checksum
  from compared
  where folded is not distinct from seen;

  -- Race: a writer between the fold and now. Once its row is locked a key stands still; the statement after this one
  -- has a snapshot newer than the locks.
  perform
  from (select bet_id from pg_temp.suspects order by bet_id) suspect,
  lateral (
    select
    from ledger.bets_view v
    where v.tenant_id = of_scope
      and (v.bet_id) = (suspect.bet_id)
    for update
  ) locked;

  return query
  with folded as materialized (
    select tenant_id, aggregate_id as bet_id, born ->> 'userId' as user_id, (born ->> 'stakeMinor')::bigint as amount_minor, born ->> 'currency' as currency, (born ->> 'odds')::numeric as odds, born ->> 'selection' as selection, born_at as placed_at, state as status, case state when 'lost' then 0 else (latest ->> 'payoutMinor')::bigint end as payout_minor, case when state not in ('placed', 'accepted') then latest_at end as settled_at, stream_version as stream_version
    from (
      select tenant_id, aggregate_id, first_version, stream_version, path,
        data[1] as born, at[1] as born_at, data[events] as latest, at[events] as latest_at, path[events] as state,
        stream_version - first_version + 1 = events as gapless
      from (
        select e.tenant_id, e.aggregate_id,
          min(e.stream_version) as first_version,
          max(e.stream_version) as stream_version,
          count(*) as events,
          array_agg(ledger.bet_state(e.event_type) order by e.stream_version) as path,
          array_agg(e.event_data order by e.stream_version) as data,
          array_agg(e.occurred_at order by e.stream_version) as at
        from ledger.bet_events e
        where e.tenant_id = of_scope and (e.aggregate_id) in (select bet_id from pg_temp.suspects)
        group by e.tenant_id, e.aggregate_id
      ) stream
    ) folded
  ),
  seen as materialized (
    select tenant_id, bet_id, user_id, amount_minor, currency, odds, selection, placed_at, status, payout_minor, settled_at, stream_version
    from ledger.bets_view
    where tenant_id = of_scope
      and (bet_id) in (select bet_id from pg_temp.suspects)
  ),
  compared as materialized (
    select tenant_id, bet_id, f as folded, s as seen
    from folded f
    full join seen s using (tenant_id, bet_id)
  ),
  wrong as materialized (
    select *
    from compared
    where folded::text is distinct from seen::text
  ),
  added as (
    insert into ledger.bets_view (tenant_id, bet_id, user_id, amount_minor, currency, odds, selection, placed_at, status, payout_minor, settled_at, stream_version)
    select (folded).tenant_id, (folded).bet_id, (folded).user_id, (folded).amount_minor, (folded).currency, (folded).odds, (folded).selection, (folded).placed_at, (folded).status, (folded).payout_minor, (folded).settled_at, (folded).stream_version
    from wrong
    where seen is null
  ),
  changed as (
    update ledger.bets_view v
    set user_id = (c.folded).user_id,
        amount_minor = (c.folded).amount_minor,
        currency = (c.folded).currency,
        odds = (c.folded).odds,
        selection = (c.folded).selection,
        placed_at = (c.folded).placed_at,
        status = (c.folded).status,
        payout_minor = (c.folded).payout_minor,
        settled_at = (c.folded).settled_at,
        stream_version = (c.folded).stream_version
    from wrong c
    where v.tenant_id = c.tenant_id and v.bet_id = c.bet_id
      and not c.folded is null
      and not c.seen is null
  ),
  removed as (
    delete from ledger.bets_view v
    using wrong c
    where v.tenant_id = c.tenant_id and v.bet_id = c.bet_id
      and c.folded is null
  )
  select
    agreed + count(*) filter (where not seen is null),
    agreed + count(*) filter (where not folded is null),
    agreed_checksum + coalesce(sum(hashtextextended(seen::text, 0)), 0),
    agreed_checksum + coalesce(sum(hashtextextended(folded::text, 0)), 0),
    (select count(*) from wrong),
    coalesce((select jsonb_agg(jsonb_build_object('bet_id', bet_id)) from (select * from wrong limit 100) shown), '[]')
  from compared;
end
$function$;

CREATE OR REPLACE FUNCTION ledger.rebuild_payments_view(of_scope bigint)
 RETURNS TABLE(rows_before bigint, rows_after bigint, checksum_before numeric, checksum_after numeric, mended bigint, differing jsonb)
 LANGUAGE plpgsql
 SET search_path TO ''
AS $function$
#variable_conflict use_column
declare
  agreed bigint;
  agreed_checksum numeric;
begin
  drop table if exists pg_temp.rebuilt, pg_temp.suspects;
  create temp table rebuilt on commit drop as 
    select tenant_id, aggregate_id as payment_id, split_part(state, ' ', 1) as kind, born ->> 'userId' as user_id, (born ->> 'amountMinor')::bigint as amount_minor, born ->> 'currency' as currency, born_at as requested_at, split_part(state, ' ', 2) as status, case when state not like '% requested' then latest_at end as settled_at, stream_version as stream_version
    from (
      select tenant_id, aggregate_id, first_version, stream_version, path,
        data[1] as born, at[1] as born_at, data[events] as latest, at[events] as latest_at, path[events] as state,
        stream_version - first_version + 1 = events as gapless
      from (
        select e.tenant_id, e.aggregate_id,
          min(e.stream_version) as first_version,
          max(e.stream_version) as stream_version,
          count(*) as events,
          array_agg(ledger.payment_state(e.event_type) order by e.stream_version) as path,
          array_agg(e.event_data order by e.stream_version) as data,
          array_agg(e.occurred_at order by e.stream_version) as at
        from ledger.payment_events e
        where e.tenant_id = of_scope
        group by e.tenant_id, e.aggregate_id
      ) stream
    ) folded;
  create temp table suspects on commit drop as select payment_id from ledger.payments_view limit 0;

  with compared as materialized (
    select payment_id, f::text as folded, s::text as seen
    from pg_temp.rebuilt f
    full join (select tenant_id, payment_id, kind, user_id, amount_minor, currency, requested_at, status, settled_at, stream_version from ledger.payments_view where tenant_id = of_scope) s using (tenant_id, payment_id)
  ),
  kept as (
    insert into pg_temp.suspects
    select payment_id
    from compared
    where folded is distinct from seen
  )
  select count(*), coalesce(sum(hashtextextended(seen, 0)), 0)
  into agreed, agreed_checksum
  from compared
  where folded is not distinct from seen;

  -- Race: a writer between the fold and now. Once its row is locked a key stands still; the statement after this one
  -- has a snapshot newer than the locks.
  perform
  from (select payment_id from pg_temp.suspects order by payment_id) suspect,
  lateral (
    select
    from ledger.payments_view v
    where v.tenant_id = of_scope
      and (v.payment_id) = (suspect.payment_id)
    for update
  ) locked;

  return query
  with folded as materialized (
    select tenant_id, aggregate_id as payment_id, split_part(state, ' ', 1) as kind, born ->> 'userId' as user_id, (born ->> 'amountMinor')::bigint as amount_minor, born ->> 'currency' as currency, born_at as requested_at, split_part(state, ' ', 2) as status, case when state not like '% requested' then latest_at end as settled_at, stream_version as stream_version
    from (
      select tenant_id, aggregate_id, first_version, stream_version, path,
        data[1] as born, at[1] as born_at, data[events] as latest, at[events] as latest_at, path[events] as state,
        stream_version - first_version + 1 = events as gapless
      from (
        select e.tenant_id, e.aggregate_id,
          min(e.stream_version) as first_version,
          max(e.stream_version) as stream_version,
          count(*) as events,
          array_agg(ledger.payment_state(e.event_type) order by e.stream_version) as path,
          array_agg(e.event_data order by e.stream_version) as data,
          array_agg(e.occurred_at order by e.stream_version) as at
        from ledger.payment_events e
        where e.tenant_id = of_scope and (e.aggregate_id) in (select payment_id from pg_temp.suspects)
        group by e.tenant_id, e.aggregate_id
      ) stream
    ) folded
  ),
  seen as materialized (
    select tenant_id, payment_id, kind, user_id, amount_minor, currency, requested_at, status, settled_at, stream_version
    from ledger.payments_view
    where tenant_id = of_scope
      and (payment_id) in (select payment_id from pg_temp.suspects)
  ),
  compared as materialized (
    select tenant_id, payment_id, f as folded, s as seen
    from folded f
    full join seen s using (tenant_id, payment_id)
  ),
  wrong as materialized (
    select *
    from compared
    where folded::text is distinct from seen::text
  ),
  added as (
    insert into ledger.payments_view (tenant_id, payment_id, kind, user_id, amount_minor, currency, requested_at, status, settled_at, stream_version)
    select (folded).tenant_id, (folded).payment_id, (folded).kind, (folded).user_id, (folded).amount_minor, (folded).currency, (folded).requested_at, (folded).status, (folded).settled_at, (folded).stream_version
    from wrong
    where seen is null
  ),
  changed as (
    update ledger.payments_view v
    set kind = (c.folded).kind,
        user_id = (c.folded).user_id,
        amount_minor = (c.folded).amount_minor,
        currency = (c.folded).currency,
        requested_at = (c.folded).requested_at,
        status = (c.folded).status,
        settled_at = (c.folded).settled_at,
        stream_version = (c.folded).stream_version
    from wrong c
    where v.tenant_id = c.tenant_id and v.payment_id = c.payment_id
      and not c.folded is null
      and not c.seen is null
  ),
  removed as (
    delete from ledger.payments_view v
    using wrong c
    where v.tenant_id = c.tenant_id and v.payment_id = c.payment_id
      and c.folded is null
  )
  select
    agreed + count(*) filter (where not seen is null),
    agreed + count(*) filter (where not folded is null),
    agreed_checksum + coalesce(sum(hashtextextended(seen::text, 0)), 0),
    agreed_checksum + coalesce(sum(hashtextextended(folded::text, 0)), 0),
    (select count(*) from wrong),
    coalesce((select jsonb_agg(jsonb_build_object('payment_id', payment_id)) from (select * from wrong limit 100) shown), '[]')
  from compared;
end
$function$;

CREATE OR REPLACE FUNCTION ledger.rebuild_user_balances_view(of_scope bigint)
 RETURNS TABLE(rows_before bigint, rows_after bigint, checksum_before numeric, checksum_after numeric, mended bigint, differing jsonb)
 LANGUAGE plpgsql
 SET search_path TO ''
AS $function$
#variable_conflict use_column
declare
  agreed bigint;
  agreed_checksum numeric;
begin
  drop table if exists pg_temp.rebuilt, pg_temp.suspects;
  create temp table rebuilt on commit drop as 
    select account.tenant_id, account.user_id, account.currency, account.balance_minor, account.reserved_minor,
      coalesce((
        select n.event_type = 'V1_SYSTEM_OVERDRAFT_ALLOWED'
        from ledger.system_events n
        where n.tenant_id = account.tenant_id
          and n.aggregate_id = account.user_id || ':' || account.currency
          and n.event_type like 'V1_SYSTEM_OVERDRAFT_%'
        order by n.stream_version desc
        limit 1
      ), false) as may_go_negative,
      (
        select case n.event_type when 'V1_SYSTEM_ACCOUNT_QUARANTINED' then n.created_at end
        from ledger.system_events n
        where n.tenant_id = account.tenant_id
          and n.aggregate_id = account.user_id || ':' || account.currency
          and n.event_type like 'V1_SYSTEM_ACCOUNT_%'
        order by n.stream_version desc
        limit 1
      ) as quarantined_at,
      account.last_seq
    from (
      select tenant_id, user_id, currency, sum(balance_delta)::bigint as balance_minor,
        sum(reserved_delta)::bigint as reserved_minor, max(seq) as last_seq
      from (
        select e.tenant_id, e.user_id, e.currency, e.balance_delta, e.reserved_delta, e.seq
        from ledger.balance_events e
        where e.tenant_id = of_scope
        union all
        select e.tenant_id, e.user_id, e.currency, 0, 0, 0
        from ledger.system_events e
        where e.tenant_id = of_scope
      ) e
      group by tenant_id, user_id, currency
    ) account;
  create temp table suspects on commit drop as select user_id, currency from ledger.user_balances_view limit 0;

  with compared as materialized (
    select user_id, currency, f::text as folded, s::text as seen
    from pg_temp.rebuilt f
    full join (select tenant_id, user_id, currency, balance_minor, reserved_minor, may_go_negative, quarantined_at, last_seq from ledger.user_balances where tenant_id = of_scope) s using (tenant_id, user_id, currency)
  ),
  kept as (
    insert into pg_temp.suspects
    select user_id, currency
    from compared
    where folded is distinct from seen
  )
  select count(*), coalesce(sum(hashtextextended(seen, 0)), 0)
  into agreed, agreed_checksum
  from compared
  where folded is not distinct from seen;

  -- Race: a writer between the fold and now. Once its row is locked a key stands still; the statement after this one
  -- has a snapshot newer than the locks.
  perform
  from (select user_id, currency from pg_temp.suspects order by user_id, currency) suspect,
  lateral (
    select
    from ledger.user_balances_view v
    where v.tenant_id = of_scope
      and (v.user_id, v.currency) = (suspect.user_id, suspect.currency)
    for update
  ) locked;

  return query
  with folded as materialized (
    select account.tenant_id, account.user_id, account.currency, account.balance_minor, account.reserved_minor,
      coalesce((
        select n.event_type = 'V1_SYSTEM_OVERDRAFT_ALLOWED'
        from ledger.system_events n
        where n.tenant_id = account.tenant_id
          and n.aggregate_id = account.user_id || ':' || account.currency
          and n.event_type like 'V1_SYSTEM_OVERDRAFT_%'
        order by n.stream_version desc
        limit 1
      ), false) as may_go_negative,
      (
        select case n.event_type when 'V1_SYSTEM_ACCOUNT_QUARANTINED' then n.created_at end
        from ledger.system_events n
        where n.tenant_id = account.tenant_id
          and n.aggregate_id = account.user_id || ':' || account.currency
          and n.event_type like 'V1_SYSTEM_ACCOUNT_%'
        order by n.stream_version desc
        limit 1
      ) as quarantined_at,
      account.last_seq
    from (
      select tenant_id, user_id, currency, sum(balance_delta)::bigint as balance_minor,
        sum(reserved_delta)::bigint as reserved_minor, max(seq) as last_seq
      from (
        select e.tenant_id, e.user_id, e.currency, e.balance_delta, e.reserved_delta, e.seq
        from ledger.balance_events e
        where e.tenant_id = of_scope and (e.user_id, e.currency) in (select user_id, currency from pg_temp.suspects)
        union all
        select e.tenant_id, e.user_id, e.currency, 0, 0, 0
        from ledger.system_events e
        where e.tenant_id = of_scope and (e.user_id, e.currency) in (select user_id, currency from pg_temp.suspects)
      ) e
      group by tenant_id, user_id, currency
    ) account
  ),
  seen as materialized (
    select tenant_id, user_id, currency, balance_minor, reserved_minor, may_go_negative, quarantined_at, last_seq
    from ledger.user_balances
    where tenant_id = of_scope
      and (user_id, currency) in (select user_id, currency from pg_temp.suspects)
  ),
  compared as materialized (
    select tenant_id, user_id, currency, f as folded, s as seen
    from folded f
    full join seen s using (tenant_id, user_id, currency)
  ),
  wrong as materialized (
    select *
    from compared
    where folded::text is distinct from seen::text
  ),
  added as (
    insert into ledger.user_balances_view (tenant_id, user_id, currency, balance_minor, reserved_minor, may_go_negative, quarantined_at, last_seq)
    select (folded).tenant_id, (folded).user_id, (folded).currency, (folded).balance_minor, (folded).reserved_minor, (folded).may_go_negative, (folded).quarantined_at, (folded).last_seq
    from wrong
    where seen is null
  ),
  changed as (
    update ledger.user_balances_view v
    set balance_minor = v.balance_minor + (c.folded).balance_minor - (c.seen).balance_minor,
        reserved_minor = v.reserved_minor + (c.folded).reserved_minor - (c.seen).reserved_minor,
        may_go_negative = (c.folded).may_go_negative,
        quarantined_at = (c.folded).quarantined_at,
        last_seq = (c.folded).last_seq
    from wrong c
    where v.tenant_id = c.tenant_id and v.user_id = c.user_id and v.currency = c.currency
      and not c.folded is null
      and not c.seen is null
  ),
  removed as (
    delete from ledger.user_balances_view v
    using wrong c
    where v.tenant_id = c.tenant_id and v.user_id = c.user_id and v.currency = c.currency
      and c.folded is null
  )
  select
    agreed + count(*) filter (where not seen is null),
    agreed + count(*) filter (where not folded is null),
    agreed_checksum + coalesce(sum(hashtextextended(seen::text, 0)), 0),
    agreed_checksum + coalesce(sum(hashtextextended(folded::text, 0)), 0),
    (select count(*) from wrong),
    coalesce((select jsonb_agg(jsonb_build_object('user_id', user_id, 'currency', currency)) from (select * from wrong limit 100) shown), '[]')
  from compared;
end
$function$;

CREATE OR REPLACE FUNCTION ledger.refresh_aggregate_views()
 RETURNS TABLE(view text, outcome text, rows bigint, duration_ms double precision, as_of timestamp with time zone)
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
#variable_conflict use_column
declare
  begun timestamptz := clock_timestamp();
  counting constant text := $count$ select coalesce(pg_sequence_last_value('ledger.event_seq'), 0) $count$;
  numbered bigint;
  quiet boolean;
  name text;
  known core.view_refreshes;
begin
  execute counting into numbered;
  quiet := not exists (
    select from pg_locks l
    where l.relation = 'ledger.event_seq'::regclass
      and l.database = (select d.oid from pg_database d where d.datname = current_database())
      and l.pid is distinct from pg_backend_pid()
  );
  foreach name in array array['ledger.tenants_summary_view', 'ledger.user_activity_view', 'ledger.top_bets_today'] loop
    select * into known from core.view_refreshes v where v.view = name order by v.id desc limit 1;
    if known.source_writes = numbered
      and (name <> 'ledger.top_bets_today' or date_trunc('day', known.started_at, 'UTC') = date_trunc('day', begun, 'UTC'))
    then
      if core.recount_once(known, begun, counting) then
        return query select name, 'skipped', known.rows, 0::float8, begun;
        continue;
      end if;
    end if;
    return query select * from core.refresh_view(name);
    update core.view_refreshes v
    set source_writes = numbered
    where quiet
      and v.id = (select max(newest.id) from core.view_refreshes newest where newest.view = name and newest.started_at >= begun);
  end loop;
end
$function$;
revoke execute on function ledger.refresh_aggregate_views() from public;
grant execute on function ledger.refresh_aggregate_views() to lockstep_app;

CREATE OR REPLACE FUNCTION ledger.refusal(state text, broken text, about jsonb)
 RETURNS jsonb
 LANGUAGE sql
 IMMUTABLE
 SET search_path TO ''
AS $function$
  select jsonb_strip_nulls(
    jsonb_build_object(
      'ok', false,
      'aggregateId', about -> 'aggregate_id',
      'userId', about -> 'user_id',
      'currency', about -> 'currency'
    ) || case
      when state = 'LS101' then jsonb_build_object('reason', 'version_conflict', 'current', about -> 'current')
      when state = 'LS102'
        then jsonb_build_object('reason', 'insufficient_funds', 'availableMinor', about -> 'available_minor')
      when state = 'LS103' then jsonb_build_object('reason', 'quarantined')
      when state = 'LS104' then jsonb_build_object('reason', 'hold_missing')
      when state = 'LS106' then jsonb_build_object(
        'reason', 'hold_missing',
        'heldMinor', about -> 'held',
        'reservesMinor', about -> 'reserves',
        'missing', case
          when (about ->> 'held')::bigint < (about ->> 'reserves')::bigint then 'V1_BALANCES_BALANCE_RESERVED'
          else 'V1_BALANCES_BALANCE_RELEASED'
        end,
        'missingMinor', abs((about ->> 'held')::bigint - (about ->> 'reserves')::bigint),
        'detail', format(
          'Stream %s would hold %s of %s %s, and its open bet or withdrawal reserves %s: append the missing event of the same stream in this batch',
          about ->> 'aggregate_id', about ->> 'held', about ->> 'user_id', about ->> 'currency', about ->> 'reserves'
        )
      )
      when state = 'LS105' then jsonb_build_object(
        'reason', 'illegal_transition',
        'from', coalesce(about ->> 'was', 'nothing'),
        'to', about ->> 'becomes'
      )
      when broken = 'user_balances_view_available' then jsonb_build_object('reason', 'insufficient_funds')
      else jsonb_build_object('reason', 'amount_out_of_range')
    end
  )
$function$;

CREATE OR REPLACE FUNCTION ledger.show_open_alerts(most integer)
 RETURNS TABLE(tenant_id bigint, id bigint, kind text, raised_at timestamp with time zone, seen_at timestamp with time zone)
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
  select a.tenant_id, a.id, a.kind, a.raised_at, a.seen_at
  from (
    select *, row_number() over (partition by tenant_id order by raised_at desc, id desc) as nth
    from ledger.alerts
    where resolved_at is null
  ) a
  where a.nth <= most
$function$;
revoke execute on function ledger.show_open_alerts(integer) from public;
grant execute on function ledger.show_open_alerts(integer) to lockstep_app;

CREATE OR REPLACE FUNCTION ledger.show_view_checks(most integer)
 RETURNS TABLE(view text, drift_keys bigint, verified_at timestamp with time zone)
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
  select v.name, (
      select count(*)
      from (
        select
        from ledger.alerts a
        where a.resolved_at is null
          and a.kind = v.kind
        limit most
      ) open
    ), (select min(c.checked_at) from ledger.invariant_checks c)
  from (
    values ('ledger.user_balances_view', 'balance'), ('ledger.bets_view', 'bet'), ('ledger.payments_view', 'payment')
  ) v (name, kind)
$function$;
revoke execute on function ledger.show_view_checks(integer) from public;
grant execute on function ledger.show_view_checks(integer) to lockstep_app;

CREATE OR REPLACE FUNCTION ledger.take_accounts(accounts ledger.account_changes[])
 RETURNS ledger.account_changes[]
 LANGUAGE plpgsql
 SET search_path TO ''
 SET plan_cache_mode TO 'force_generic_plan'
 SET enable_seqscan TO 'off'
AS $function$
declare
  created ledger.account_changes[] := ledger.create_accounts(accounts);
begin
  perform
  from unnest(accounts) a,
  lateral (
    select
    from ledger.user_balances_view b
    where b.tenant_id = a.tenant_id and b.user_id = a.user_id and b.currency = a.currency
    for update
  ) locked;
  return created;
end
$function$;

CREATE OR REPLACE FUNCTION ledger.tenant()
 RETURNS bigint
 LANGUAGE sql
 STABLE PARALLEL SAFE
RETURN (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::bigint;

CREATE OR REPLACE FUNCTION ledger.transfer(transfers jsonb, all_or_none boolean, by_whom text)
 RETURNS jsonb
 LANGUAGE plpgsql
 SET search_path TO ''
 SET plan_cache_mode TO 'force_generic_plan'
AS $function$
declare
  accounts ledger.account_changes[];
  created ledger.account_changes[];
  senders integer[];
  receivers integer[];
  amounts bigint[];
  keys text[];
  known jsonb;
  said jsonb;
  available bigint[];
  balances bigint[];
  barred boolean[];
  accepted boolean[] := '{}';
  results jsonb[] := '{}';
  ids text[] := '{}';
  s integer;
  r integer;
  position xid8;
begin
  with given as materialized (
    select *
    from rows from (
      jsonb_to_recordset(transfers) as (
        "fromUserId" text, "toUserId" text, currency text, "amountMinor" bigint, "idempotencyKey" text
      )
    ) with ordinality as t (sender, receiver, currency, amount, key, place)
  ),
  involved as materialized (
    select user_id, currency, row_number() over (order by user_id, currency) as number
    from (
      select sender as user_id, currency from given
      union
      select receiver, currency from given
    ) a
  )
  select
    (
      select array_agg(row(ledger.tenant(), i.user_id, i.currency, null, null, null, null, null)::ledger.account_changes order by i.number)
      from involved i
    ),
    array_agg(s.number order by g.place),
    array_agg(r.number order by g.place),
    array_agg(g.amount order by g.place),
    array_agg(g.key order by g.place)
  into accounts, senders, receivers, amounts, keys
  from given g
  join involved s on s.user_id = g.sender and s.currency = g.currency
  join involved r on r.user_id = g.receiver and r.currency = g.currency;

  created := ledger.take_accounts(accounts);
  perform ledger.fold_deltas(accounts);

  select
    array_agg(coalesce(b.available_minor, 0) order by a.number),
    array_agg(coalesce(b.balance_minor, 0) order by a.number),
    array_agg(b.quarantined_at is not null order by a.number)
  into available, balances, barred
  from unnest(accounts) with ordinality as a (tenant_id, user_id, currency, seq, balance_delta, reserved_delta, lowest, debits, number)
  left join lateral (
    select *
    from ledger.user_balances_view b
    where b.tenant_id = a.tenant_id
      and b.user_id = a.user_id
      and b.currency = a.currency
    offset 0
  ) b on true;

  -- A key of a transfer says everything that the transfer acts on. The key of another event says nothing, so it
  -- contradicts every transfer.
  select jsonb_object_agg(k.key, jsonb_build_object('id', e.aggregate_id, 'said', (
    select jsonb_build_array(e.event_data -> 'userId', credit.event_data -> 'userId', e.event_data -> 'currency', e.event_data -> 'amountMinor')
    from ledger.balance_events credit
    where credit.tenant_id = ledger.tenant()
      and credit.aggregate_id = e.aggregate_id
      and credit.stream_version = 2
      and credit.event_type = 'V1_BALANCES_BALANCE_CREDITED'
      and e.event_type = 'V1_BALANCES_BALANCE_DEBITED'
      and e.stream_version = 1
  )))
  into known
  from unnest(keys) k (key),
  lateral (
    select e.aggregate_id, e.event_type, e.event_data, e.stream_version
    from ledger.events e
    where e.tenant_id = ledger.tenant()
      and e.idempotency_key = k.key
    offset 0
  ) e;

  for place in 1..cardinality(amounts) loop
    s := senders[place];
    r := receivers[place];
    said := jsonb_build_array(accounts[s].user_id, accounts[r].user_id, accounts[s].currency, amounts[place]);
    accepted[place] := false;
    if known ? keys[place] then
      results[place] := case known -> keys[place] -> 'said'
        when said then jsonb_build_object('status', 'duplicate', 'id', known -> keys[place] -> 'id')
        else jsonb_build_object('status', 'rejected', 'code', 'idempotency_key_reused')
      end;
    elsif barred[s] then
      results[place] := jsonb_build_object('status', 'rejected', 'code', 'quarantined');
    elsif available[s] < amounts[place] then
      results[place] := jsonb_build_object('status', 'rejected', 'code', 'insufficient_funds', 'availableMinor', available[s]);
    elsif balances[r] > 9007199254740991 - amounts[place] then
      results[place] := jsonb_build_object('status', 'rejected', 'code', 'amount_out_of_range');
    else
      accepted[place] := true;
      available[s] := available[s] - amounts[place];
      available[r] := available[r] + amounts[place];
      balances[s] := balances[s] - amounts[place];
      balances[r] := balances[r] + amounts[place];
      ids[place] := uuidv7()::text;
      results[place] := jsonb_build_object('status', 'accepted', 'id', ids[place]);
      if keys[place] is not null then
        known := coalesce(known, '{}') || jsonb_build_object(keys[place], jsonb_build_object('id', ids[place], 'said', said));
      end if;
    end if;
  end loop;

  if all_or_none and exists (select from unnest(results) one where one ->> 'status' = 'rejected') then
    perform ledger.drop_untouched(created);
    -- No transfer is made, so none is accepted, and none is a duplicate of one in this batch.
    return jsonb_build_object('ok', false, 'reason', 'transfers_rejected', 'results', (
      select jsonb_agg(
        case when one ->> 'id' = any (ids) then jsonb_build_object('status', 'skipped') else one end
        order by place
      )
      from unnest(results) with ordinality as r (one, place)
    ));
  end if;

  -- Readers of the feed must see a writer before it takes its place.
  lock table ledger.balance_events in row exclusive mode;
  position := core.reading_xid();
  insert into ledger.balance_events (
    tenant_id, aggregate_id, stream_version, xid, event_type, event_data, idempotency_key, actor
  )
  select ledger.tenant(), ids[t.place], leg.version, position, leg.type,
    jsonb_build_object(
      'userId', accounts[leg.account].user_id,
      'currency', accounts[leg.account].currency,
      'amountMinor', amounts[t.place]
    ),
    case leg.version when 1 then keys[t.place] end,
    by_whom
  from generate_series(1, cardinality(amounts)) t (place),
  lateral (
    values (1, 'V1_BALANCES_BALANCE_DEBITED', senders[t.place]), (2, 'V1_BALANCES_BALANCE_CREDITED', receivers[t.place])
  ) leg (version, type, account)
  where accepted[t.place]
  order by t.place, leg.version;

  perform ledger.drop_untouched(created);

  perform core.emit('ledger', 'tenant:' || ledger.tenant(), array_agg('transfer:' || ids[t.place] order by t.place),
    array_agg('transfer.accepted'::text order by t.place), array_agg(jsonb_build_object(
      'id', ids[t.place], 'fromUserId', accounts[senders[t.place]].user_id, 'toUserId', accounts[receivers[t.place]].user_id,
      'amountMinor', amounts[t.place], 'currency', accounts[senders[t.place]].currency
    ) order by t.place))
  from generate_series(1, cardinality(amounts)) t (place)
  where accepted[t.place];

  return jsonb_build_object('ok', true, 'value', jsonb_build_object(
    'accepted', (select count(*) from unnest(accepted) one where one),
    'rejected', (select count(*) from unnest(results) one where one ->> 'status' = 'rejected'),
    'results', to_jsonb(results)
  ));
end
$function$;

CREATE OR REPLACE FUNCTION ledger.verify_bets_view(of_scope bigint, sample integer DEFAULT NULL::integer)
 RETURNS TABLE(key jsonb, expected jsonb, actual jsonb)
 LANGUAGE sql
 SET search_path TO ''
AS $function$
  with sampled as materialized (
    (
      select bet_id
      from ledger.bets_view
      where tenant_id = of_scope
      order by random()
      limit sample
    )
    union
    (
      select e.aggregate_id
      from ledger.bet_events e
      where e.tenant_id = of_scope
      order by e.xid desc, e.seq desc
      limit sample
    )
  ),
  expected as materialized (
    select tenant_id, aggregate_id as bet_id, born ->> 'userId' as user_id, (born ->> 'stakeMinor')::bigint as amount_minor, born ->> 'currency' as currency, (born ->> 'odds')::numeric as odds, born ->> 'selection' as selection, born_at as placed_at, state as status, case state when 'lost' then 0 else (latest ->> 'payoutMinor')::bigint end as payout_minor, case when state not in ('placed', 'accepted') then latest_at end as settled_at, stream_version as stream_version
    from (
      select tenant_id, aggregate_id, first_version, stream_version, path,
        data[1] as born, at[1] as born_at, data[events] as latest, at[events] as latest_at, path[events] as state,
        stream_version - first_version + 1 = events as gapless
      from (
        select e.tenant_id, e.aggregate_id,
          min(e.stream_version) as first_version,
          max(e.stream_version) as stream_version,
          count(*) as events,
          array_agg(ledger.bet_state(e.event_type) order by e.stream_version) as path,
          array_agg(e.event_data order by e.stream_version) as data,
          array_agg(e.occurred_at order by e.stream_version) as at
        from ledger.bet_events e
        where e.tenant_id = of_scope and (e.aggregate_id) in (select bet_id from sampled)
        group by e.tenant_id, e.aggregate_id
      ) stream
    ) folded
  ),
  actual as materialized (
    select tenant_id, bet_id, user_id, amount_minor, currency, odds, selection, placed_at, status, payout_minor, settled_at, stream_version
    from ledger.bets_view
    where tenant_id = of_scope
      and (bet_id) in (select bet_id from sampled)
  )
  select jsonb_build_object('bet_id', bet_id), to_jsonb(e), to_jsonb(a)
  from expected e
  full join actual a using (tenant_id, bet_id)
  where e::text is distinct from a::text
$function$;

CREATE OR REPLACE FUNCTION ledger.verify_payments_view(of_scope bigint, sample integer DEFAULT NULL::integer)
 RETURNS TABLE(key jsonb, expected jsonb, actual jsonb)
 LANGUAGE sql
 SET search_path TO ''
AS $function$
  with sampled as materialized (
    (
      select payment_id
      from ledger.payments_view
      where tenant_id = of_scope
      order by random()
      limit sample
    )
    union
    (
      select e.aggregate_id
      from ledger.payment_events e
      where e.tenant_id = of_scope
      order by e.xid desc, e.seq desc
      limit sample
    )
  ),
  expected as materialized (
    select tenant_id, aggregate_id as payment_id, split_part(state, ' ', 1) as kind, born ->> 'userId' as user_id, (born ->> 'amountMinor')::bigint as amount_minor, born ->> 'currency' as currency, born_at as requested_at, split_part(state, ' ', 2) as status, case when state not like '% requested' then latest_at end as settled_at, stream_version as stream_version
    from (
      select tenant_id, aggregate_id, first_version, stream_version, path,
        data[1] as born, at[1] as born_at, data[events] as latest, at[events] as latest_at, path[events] as state,
        stream_version - first_version + 1 = events as gapless
      from (
        select e.tenant_id, e.aggregate_id,
          min(e.stream_version) as first_version,
          max(e.stream_version) as stream_version,
          count(*) as events,
          array_agg(ledger.payment_state(e.event_type) order by e.stream_version) as path,
          array_agg(e.event_data order by e.stream_version) as data,
          array_agg(e.occurred_at order by e.stream_version) as at
        from ledger.payment_events e
        where e.tenant_id = of_scope and (e.aggregate_id) in (select payment_id from sampled)
        group by e.tenant_id, e.aggregate_id
      ) stream
    ) folded
  ),
  actual as materialized (
    select tenant_id, payment_id, kind, user_id, amount_minor, currency, requested_at, status, settled_at, stream_version
    from ledger.payments_view
    where tenant_id = of_scope
      and (payment_id) in (select payment_id from sampled)
  )
  select jsonb_build_object('payment_id', payment_id), to_jsonb(e), to_jsonb(a)
  from expected e
  full join actual a using (tenant_id, payment_id)
  where e::text is distinct from a::text
$function$;

CREATE OR REPLACE FUNCTION ledger.verify_user_balances_view(of_scope bigint, sample integer DEFAULT NULL::integer)
 RETURNS TABLE(key jsonb, expected jsonb, actual jsonb)
 LANGUAGE sql
 SET search_path TO ''
AS $function$
  with sampled as materialized (
    (
      select user_id, currency
      from ledger.user_balances
      where tenant_id = of_scope
      order by random()
      limit sample
    )
    union
    (
      select e.user_id, e.currency
      from ledger.balance_events e
      where e.tenant_id = of_scope
      order by e.xid desc, e.seq desc
      limit sample
    )
  ),
  expected as materialized (
    select account.tenant_id, account.user_id, account.currency, account.balance_minor, account.reserved_minor,
      coalesce((
        select n.event_type = 'V1_SYSTEM_OVERDRAFT_ALLOWED'
        from ledger.system_events n
        where n.tenant_id = account.tenant_id
          and n.aggregate_id = account.user_id || ':' || account.currency
          and n.event_type like 'V1_SYSTEM_OVERDRAFT_%'
        order by n.stream_version desc
        limit 1
      ), false) as may_go_negative,
      (
        select case n.event_type when 'V1_SYSTEM_ACCOUNT_QUARANTINED' then n.created_at end
        from ledger.system_events n
        where n.tenant_id = account.tenant_id
          and n.aggregate_id = account.user_id || ':' || account.currency
          and n.event_type like 'V1_SYSTEM_ACCOUNT_%'
        order by n.stream_version desc
        limit 1
      ) as quarantined_at,
      account.last_seq
    from (
      select tenant_id, user_id, currency, sum(balance_delta)::bigint as balance_minor,
        sum(reserved_delta)::bigint as reserved_minor, max(seq) as last_seq
      from (
        select e.tenant_id, e.user_id, e.currency, e.balance_delta, e.reserved_delta, e.seq
        from ledger.balance_events e
        where e.tenant_id = of_scope and (e.user_id, e.currency) in (select user_id, currency from sampled)
        union all
        select e.tenant_id, e.user_id, e.currency, 0, 0, 0
        from ledger.system_events e
        where e.tenant_id = of_scope and (e.user_id, e.currency) in (select user_id, currency from sampled)
      ) e
      group by tenant_id, user_id, currency
    ) account
  ),
  actual as materialized (
    select tenant_id, user_id, currency, balance_minor, reserved_minor, may_go_negative, quarantined_at, last_seq
    from ledger.user_balances
    where tenant_id = of_scope
      and (user_id, currency) in (select user_id, currency from sampled)
  )
  select jsonb_build_object('user_id', user_id, 'currency', currency), to_jsonb(e), to_jsonb(a)
  from expected e
  full join actual a using (tenant_id, user_id, currency)
  where e::text is distinct from a::text
$function$;

create schema space;
grant usage on schema space to lockstep_app;

create table space.apod (
  date date not null,
  title text not null,
  explanation text,
  media_type text not null,
  url text,
  hd_url text,
  thumbnail_url text,
  copyright text,
  raw jsonb not null,
  fetched_at timestamp with time zone default now() not null,
  constraint apod_pkey PRIMARY KEY (date),
  constraint apod_media_type CHECK (media_type = ANY (ARRAY['image'::text, 'video'::text, 'other'::text]))
);
grant insert, select, update on table space.apod to lockstep_app;

create table space.copy_coverage (
  copy text not null,
  covered datemultirange not null,
  read_at timestamp with time zone not null,
  constraint copy_coverage_pkey PRIMARY KEY (copy),
  constraint copy_coverage_copy CHECK (copy = ANY (ARRAY['approaches'::text, 'cme'::text, 'flr'::text, 'gst'::text, 'notifications'::text])),
  constraint copy_coverage_some CHECK (NOT isempty(covered))
);
grant insert, select, update on table space.copy_coverage to lockstep_app;

create table space.donki_events (
  type text not null,
  event_id text not null,
  version_id integer not null,
  started_at timestamp with time zone not null,
  peak_at timestamp with time zone,
  ended_at timestamp with time zone,
  class_type text,
  rank double precision,
  source_location text,
  active_region integer,
  note text,
  link text,
  linked_events jsonb not null,
  raw jsonb not null,
  updated_at timestamp with time zone default now() not null,
  first_seen_at timestamp with time zone default now() not null,
  constraint donki_events_type_event_id_pk PRIMARY KEY (type, event_id),
  constraint donki_events_type CHECK (type = ANY (ARRAY['cme'::text, 'flr'::text, 'gst'::text, 'notifications'::text]))
);
CREATE INDEX idx_donki_events_started ON space.donki_events USING btree (type, started_at DESC, event_id DESC);
comment on index space.idx_donki_events_started is 'GET /v1/space/donki/{type}?from=&to=';
grant insert, select, update on table space.donki_events to lockstep_app;

create table space.donki_revisions (
  type text not null,
  event_id text not null,
  version_id integer not null,
  raw jsonb not null,
  seen_at timestamp with time zone default now() not null,
  constraint donki_revisions_type_event_id_version_id_pk PRIMARY KEY (type, event_id, version_id),
  constraint donki_revisions_type CHECK (type = ANY (ARRAY['cme'::text, 'flr'::text, 'gst'::text, 'notifications'::text]))
);
grant insert, select on table space.donki_revisions to lockstep_app;

create table space.elements (
  norad_id integer not null,
  epoch timestamp with time zone not null,
  omm jsonb not null,
  source text not null,
  fetched_at timestamp with time zone default now() not null,
  constraint elements_norad_id_epoch_pk PRIMARY KEY (norad_id, epoch),
  constraint elements_source CHECK (source = ANY (ARRAY['celestrak'::text, 'wheretheiss'::text, 'satnogs'::text, 'computed'::text]))
);
grant insert, select on table space.elements to lockstep_app;

create table space.iss_fetch_log (
  id bigint generated always as identity not null,
  norad_id integer not null,
  ts timestamp with time zone not null,
  latitude double precision not null,
  longitude double precision not null,
  altitude_km double precision,
  velocity_kmh double precision,
  visibility text,
  source text not null,
  computed boolean not null,
  cross_check_km double precision,
  error_km double precision,
  fetched_at timestamp with time zone default now() not null,
  constraint iss_fetch_log_norad_id_ts_pk PRIMARY KEY (norad_id, ts),
  constraint iss_fetch_log_altitude CHECK (altitude_km >= 370::double precision AND altitude_km <= 460::double precision OR norad_id <> 25544),
  constraint iss_fetch_log_checked_or_computed CHECK (NOT computed OR cross_check_km IS NULL),
  constraint iss_fetch_log_computed CHECK (computed = (source = 'sgp4'::text)),
  constraint iss_fetch_log_error_of_computed CHECK (computed = (error_km IS NOT NULL)),
  constraint iss_fetch_log_latitude CHECK (latitude >= '-51.85'::numeric::double precision AND latitude <= 51.85::double precision OR norad_id <> 25544),
  constraint iss_fetch_log_longitude CHECK (longitude >= '-180'::integer::double precision AND longitude < 180::double precision),
  constraint iss_fetch_log_source CHECK (source = ANY (ARRAY['wheretheiss'::text, 'open-notify'::text, 'sgp4'::text])),
  constraint iss_fetch_log_velocity CHECK (velocity_kmh >= 27000::double precision AND velocity_kmh <= 28500::double precision OR norad_id <> 25544),
  constraint iss_fetch_log_visibility CHECK (visibility = ANY (ARRAY['daylight'::text, 'eclipsed'::text]))
) partition by RANGE (ts);
CREATE TRIGGER count_deletes AFTER DELETE ON space.iss_fetch_log REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION core.count_writes();
CREATE TRIGGER count_inserts AFTER INSERT ON space.iss_fetch_log REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION core.count_writes();
CREATE TRIGGER count_truncations AFTER TRUNCATE ON space.iss_fetch_log FOR EACH STATEMENT EXECUTE FUNCTION core.count_writes();
CREATE TRIGGER count_updates AFTER UPDATE ON space.iss_fetch_log REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION core.count_writes();
grant insert, select on table space.iss_fetch_log to lockstep_app;

create materialized view space.mv_iss_coverage_map as
 SELECT (floor(latitude / 5::double precision) * 5::double precision)::integer AS lat_bucket,
    (floor(longitude / 5::double precision) * 5::double precision)::integer AS lon_bucket,
    count(*)::integer AS observation_count,
    avg(altitude_km) AS avg_altitude
   FROM space.iss_fetch_log
  WHERE norad_id = 25544
  GROUP BY ((floor(latitude / 5::double precision) * 5::double precision)::integer), ((floor(longitude / 5::double precision) * 5::double precision)::integer);
CREATE UNIQUE INDEX mv_iss_coverage_map_key ON space.mv_iss_coverage_map USING btree (lat_bucket, lon_bucket);
comment on index space.mv_iss_coverage_map_key is 'refreshes without blocking readers; GET /v1/space/iss/coverage';
grant select on table space.mv_iss_coverage_map to lockstep_app;

create materialized view space.mv_iss_stats_daily as
 WITH steps AS (
         SELECT iss_fetch_log.ts,
            iss_fetch_log.altitude_km,
            iss_fetch_log.latitude,
            iss_fetch_log.longitude,
            lag(iss_fetch_log.latitude) OVER in_time AS latitude_before,
            lag(iss_fetch_log.longitude) OVER in_time AS longitude_before,
            lag(iss_fetch_log.ts) OVER in_time AS ts_before
           FROM space.iss_fetch_log
          WHERE iss_fetch_log.norad_id = 25544
          WINDOW in_time AS (ORDER BY iss_fetch_log.ts)
        )
 SELECT (ts AT TIME ZONE 'UTC'::text)::date AS day,
    count(*)::integer AS total_positions,
    avg(altitude_km) AS avg_altitude,
    COALESCE(sum(space.haversine_km(latitude_before, longitude_before, latitude, longitude)), 0::double precision) AS approx_distance_km,
    COALESCE(max(EXTRACT(epoch FROM ts - ts_before)), 0::numeric)::integer AS longest_gap_seconds,
    min(ts) AS first_fetch,
    max(ts) AS last_fetch
   FROM steps
  GROUP BY ((ts AT TIME ZONE 'UTC'::text)::date);
CREATE UNIQUE INDEX mv_iss_stats_daily_key ON space.mv_iss_stats_daily USING btree (day);
comment on index space.mv_iss_stats_daily_key is 'refreshes without blocking readers; GET /v1/space/iss/stats/daily';
grant select on table space.mv_iss_stats_daily to lockstep_app;

create materialized view space.mv_iss_stats_hourly as
 WITH hours AS (
         SELECT date_trunc('hour'::text, iss_fetch_log.ts, 'UTC'::text) AS hour,
            count(*)::integer AS position_count,
            count(*) FILTER (WHERE iss_fetch_log.computed)::integer AS computed_count,
            avg(iss_fetch_log.latitude) AS avg_latitude,
            avg(sin(radians(iss_fetch_log.longitude))) AS east,
            avg(cos(radians(iss_fetch_log.longitude))) AS north,
            avg(iss_fetch_log.altitude_km) AS avg_altitude,
            min(iss_fetch_log.altitude_km) AS min_altitude,
            max(iss_fetch_log.altitude_km) AS max_altitude,
            stddev_samp(iss_fetch_log.altitude_km) AS altitude_stddev,
            avg(iss_fetch_log.velocity_kmh) AS avg_velocity
           FROM space.iss_fetch_log
          WHERE iss_fetch_log.norad_id = 25544
          GROUP BY (date_trunc('hour'::text, iss_fetch_log.ts, 'UTC'::text))
        )
 SELECT hour,
    position_count,
    computed_count,
    avg_latitude,
        CASE
            WHEN sqrt((east ^ 2::double precision) + (north ^ 2::double precision)) > 0.000001::double precision THEN degrees(atan2(east, north))
            ELSE NULL::double precision
        END AS avg_longitude,
    avg_altitude,
    min_altitude,
    max_altitude,
    altitude_stddev,
    avg_velocity
   FROM hours;
CREATE UNIQUE INDEX mv_iss_stats_hourly_key ON space.mv_iss_stats_hourly USING btree (hour);
comment on index space.mv_iss_stats_hourly_key is 'refreshes without blocking readers; GET /v1/space/iss/stats/hourly';
grant select on table space.mv_iss_stats_hourly to lockstep_app;

create materialized view space.mv_osdr_by_year as
 SELECT EXTRACT(year FROM release_date)::integer AS year,
    count(*)::integer AS dataset_count,
    count(description)::integer AS datasets_with_description
   FROM space.osdr_items
  WHERE release_date IS NOT NULL
  GROUP BY (EXTRACT(year FROM release_date)::integer);
CREATE UNIQUE INDEX mv_osdr_by_year_key ON space.mv_osdr_by_year USING btree (year);
comment on index space.mv_osdr_by_year_key is 'refreshes without blocking readers; GET /v1/space/osdr/by-year';
grant select on table space.mv_osdr_by_year to lockstep_app;

create materialized view space.mv_osdr_stats as
 SELECT count(*)::integer AS total_datasets,
    min(release_date) AS oldest_dataset,
    max(release_date) AS newest_dataset,
    count(*) FILTER (WHERE release_date > ((now() AT TIME ZONE 'UTC'::text)::date - 30))::integer AS recent_30d,
    count(*) FILTER (WHERE release_date > ((now() AT TIME ZONE 'UTC'::text)::date - 365))::integer AS recent_1y,
    now() AS counted_at,
    max(updated_at) AS last_sync_time
   FROM space.osdr_items;
CREATE UNIQUE INDEX mv_osdr_stats_key ON space.mv_osdr_stats USING btree (counted_at);
comment on index space.mv_osdr_stats_key is 'refreshes without blocking readers; GET /v1/space/osdr/stats';
grant select on table space.mv_osdr_stats to lockstep_app;

create materialized view space.mv_recent_activity as
 WITH activity AS (
        ( SELECT 'iss:'::text || iss_fetch_log.id AS activity_id,
            'iss_position'::text AS activity_type,
            format('%s, %s by %s'::text, round(iss_fetch_log.latitude::numeric, 2), round(iss_fetch_log.longitude::numeric, 2), iss_fetch_log.source) AS details,
            iss_fetch_log.fetched_at AS activity_time,
            row_number() OVER (ORDER BY iss_fetch_log.ts DESC) AS place
           FROM space.iss_fetch_log
          WHERE iss_fetch_log.norad_id = 25544
          ORDER BY iss_fetch_log.ts DESC
         LIMIT 100)
        UNION ALL
        ( SELECT 'osdr:'::text || osdr_changes.id,
                CASE osdr_changes.field
                    WHEN 'dataset'::text THEN 'osdr_added'::text
                    ELSE 'osdr_changed'::text
                END AS "case",
            osdr_changes.dataset_id ||
                CASE osdr_changes.field
                    WHEN 'dataset'::text THEN ': '::text || (osdr_changes.new #>> '{}'::text[])
                    ELSE ': '::text || osdr_changes.field
                END,
            osdr_changes.seen_at,
            row_number() OVER (ORDER BY osdr_changes.id DESC) AS row_number
           FROM space.osdr_changes
          ORDER BY osdr_changes.id DESC
         LIMIT 100)
        )
 SELECT activity_id,
    activity_type,
    details,
    activity_time
   FROM activity
  ORDER BY place, activity_time DESC
 LIMIT 100;
CREATE UNIQUE INDEX mv_recent_activity_key ON space.mv_recent_activity USING btree (activity_id);
comment on index space.mv_recent_activity_key is 'refreshes without blocking readers; GET /v1/space/activity';
grant select on table space.mv_recent_activity to lockstep_app;

create table space.neo_approaches (
  neo_id text not null,
  close_approach_date date not null,
  orbiting_body text not null,
  name text not null,
  approach_at timestamp with time zone not null,
  hazardous boolean not null,
  sentry boolean,
  absolute_magnitude double precision,
  diameter_min_m double precision,
  diameter_max_m double precision,
  velocity_kmh double precision not null,
  miss_distance_km double precision not null,
  jpl_url text,
  raw jsonb not null,
  updated_at timestamp with time zone default now() not null,
  first_seen_at timestamp with time zone default now() not null,
  constraint neo_approaches_neo_id_close_approach_date_orbiting_body_pk PRIMARY KEY (neo_id, close_approach_date, orbiting_body),
  constraint neo_approaches_no_key CHECK (raw::text !~~ '%api_key%'::text)
);
CREATE INDEX idx_neo_approaches_at ON space.neo_approaches USING btree (approach_at, neo_id, orbiting_body);
comment on index space.idx_neo_approaches_at is 'GET /v1/space/neo?from=&to=';
grant insert, select, update on table space.neo_approaches to lockstep_app;

create table space.osdr_changes (
  id bigint generated always as identity not null,
  xid xid8 default core.reading_xid() not null,
  dataset_id text not null,
  field text not null,
  old jsonb,
  new jsonb,
  seen_at timestamp with time zone default now() not null,
  constraint osdr_changes_pkey PRIMARY KEY (id)
);
CREATE INDEX idx_osdr_changes_feed ON space.osdr_changes USING btree (xid, id);
comment on index space.idx_osdr_changes_feed is 'GET /v1/space/osdr/changes?after=';
CREATE TRIGGER count_deletes AFTER DELETE ON space.osdr_changes REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION core.count_writes();
CREATE TRIGGER count_inserts AFTER INSERT ON space.osdr_changes REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION core.count_writes();
CREATE TRIGGER count_truncations AFTER TRUNCATE ON space.osdr_changes FOR EACH STATEMENT EXECUTE FUNCTION core.count_writes();
CREATE TRIGGER count_updates AFTER UPDATE ON space.osdr_changes REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION core.count_writes();
grant insert, select on table space.osdr_changes to lockstep_app;

create table space.osdr_items (
  dataset_id text not null,
  title text not null,
  description text,
  release_date date,
  organism text,
  material text,
  project text,
  project_type text,
  mission jsonb,
  assay_types jsonb not null,
  raw jsonb not null,
  content_hash text not null,
  listing_hash text,
  updated_at timestamp with time zone default now() not null,
  first_seen_at timestamp with time zone default now() not null,
  search_text text generated always as (lower(((((((((((dataset_id || ' '::text) || title) || ' '::text) || COALESCE(description, ''::text)) || ' '::text) || COALESCE(organism, ''::text)) || ' '::text) || COALESCE(material, ''::text)) || ' '::text) || COALESCE(project, ''::text)))) stored,
  constraint osdr_items_pkey PRIMARY KEY (dataset_id)
);
CREATE INDEX idx_osdr_items_released ON space.osdr_items USING btree (COALESCE(release_date, '-infinity'::date) DESC, dataset_id DESC);
comment on index space.idx_osdr_items_released is 'GET /v1/space/osdr/datasets, newest first';
CREATE INDEX idx_osdr_items_search ON space.osdr_items USING gin (search_text public.gin_trgm_ops);
comment on index space.idx_osdr_items_search is 'GET /v1/space/osdr/datasets?q=';
CREATE INDEX idx_osdr_items_updated ON space.osdr_items USING btree (updated_at DESC, dataset_id DESC);
comment on index space.idx_osdr_items_updated is 'GET /v1/space/osdr/datasets?sort=-updatedAt';
CREATE TRIGGER count_deletes AFTER DELETE ON space.osdr_items REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION core.count_writes();
CREATE TRIGGER count_inserts AFTER INSERT ON space.osdr_items REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION core.count_writes();
CREATE TRIGGER count_truncations AFTER TRUNCATE ON space.osdr_items FOR EACH STATEMENT EXECUTE FUNCTION core.count_writes();
CREATE TRIGGER count_updates AFTER UPDATE ON space.osdr_items REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION core.count_writes();
CREATE TRIGGER record_changes AFTER UPDATE ON space.osdr_items REFERENCING OLD TABLE AS before_rows NEW TABLE AS after_rows FOR EACH STATEMENT EXECUTE FUNCTION space.record_dataset_changes();
CREATE TRIGGER record_new AFTER INSERT ON space.osdr_items REFERENCING NEW TABLE AS after_rows FOR EACH STATEMENT EXECUTE FUNCTION space.record_new_datasets();
grant insert, select, update on table space.osdr_items to lockstep_app;

create table space.upstream_answers (
  upstream text not null,
  request text not null,
  body_hash text not null,
  status integer not null,
  content_type text not null,
  body text not null,
  verdict text not null,
  reason text,
  times integer default 1 not null,
  first_received_at timestamp with time zone default now() not null,
  received_at timestamp with time zone default now() not null,
  constraint upstream_answers_upstream_request_body_hash_pk PRIMARY KEY (upstream, request, body_hash),
  constraint upstream_answers_no_key CHECK ((body || request) !~~ '%api_key=%'::text),
  constraint upstream_answers_reason CHECK ((verdict = ANY (ARRAY['quarantined'::text, 'partial'::text])) = (reason IS NOT NULL)),
  constraint upstream_answers_verdict CHECK (verdict = ANY (ARRAY['accepted'::text, 'partial'::text, 'not_modified'::text, 'quarantined'::text]))
);
CREATE INDEX idx_upstream_answers_received ON space.upstream_answers USING btree (received_at);
comment on index space.idx_upstream_answers_received is 'the removal of answers past their week';
grant delete, insert, select, update on table space.upstream_answers to lockstep_app;

create table space.upstream_misses (
  upstream text not null,
  object text not null,
  failures integer not null,
  reason text not null,
  missed_at timestamp with time zone not null,
  retry_at timestamp with time zone not null,
  constraint upstream_misses_upstream_object_pk PRIMARY KEY (upstream, object),
  constraint upstream_misses_failures CHECK (failures >= 0)
);
grant delete, insert, select, update on table space.upstream_misses to lockstep_app;

create table space.upstream_state (
  upstream text not null,
  last_ok_at timestamp with time zone,
  last_error_at timestamp with time zone,
  last_error text,
  failures integer default 0 not null,
  open_until timestamp with time zone,
  quota_limit integer,
  quota_left integer,
  quota_until timestamp with time zone,
  constraint upstream_state_pkey PRIMARY KEY (upstream),
  constraint upstream_state_failures CHECK (failures >= 0)
);
grant insert, select, update on table space.upstream_state to lockstep_app;

CREATE OR REPLACE FUNCTION space.get_views_refresh_status()
 RETURNS TABLE(view text, populated boolean, last_refresh timestamp with time zone, confirmed_at timestamp with time zone, age_seconds double precision, duration_ms double precision, rows bigint, size_bytes bigint, pending_writes bigint, skipped integer)
 LANGUAGE sql
 STABLE
 SET search_path TO ''
AS $function$
  select * from core.get_views_refresh_status() s where s.view like 'space.%'
$function$;

CREATE OR REPLACE FUNCTION space.haversine_km(lat1 double precision, lng1 double precision, lat2 double precision, lng2 double precision)
 RETURNS double precision
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
RETURN ((((2)::numeric * 6371.0088))::double precision * atan2(sqrt(((sin((radians((lat2 - lat1)) / (2)::double precision)) ^ (2)::double precision) + ((cos(radians(lat1)) * cos(radians(lat2))) * (sin((radians((lng2 - lng1)) / (2)::double precision)) ^ (2)::double precision)))), sqrt(abs(((1)::double precision - ((sin((radians((lat2 - lat1)) / (2)::double precision)) ^ (2)::double precision) + ((cos(radians(lat1)) * cos(radians(lat2))) * (sin((radians((lng2 - lng1)) / (2)::double precision)) ^ (2)::double precision))))))));

CREATE OR REPLACE FUNCTION space.record_dataset_changes()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO ''
AS $function$
begin
  insert into space.osdr_changes (dataset_id, field, old, new)
  select a.dataset_id, changed.field, changed.was, changed.became
  from after_rows a
  join before_rows b on b.dataset_id = a.dataset_id
  cross join lateral (
    values
      ('title', to_jsonb(b.title), to_jsonb(a.title)),
      ('description', to_jsonb(b.description), to_jsonb(a.description)),
      ('releaseDate', to_jsonb(b.release_date), to_jsonb(a.release_date)),
      ('organism', to_jsonb(b.organism), to_jsonb(a.organism)),
      ('material', to_jsonb(b.material), to_jsonb(a.material)),
      ('project', to_jsonb(b.project), to_jsonb(a.project)),
      ('projectType', to_jsonb(b.project_type), to_jsonb(a.project_type)),
      ('mission', b.mission, a.mission),
      ('assayTypes', b.assay_types, a.assay_types),
      ('raw', to_jsonb(b.content_hash), case
        when row(b.title, b.description, b.release_date, b.organism, b.material, b.project, b.project_type, b.mission,
            b.assay_types)
          is distinct from row(a.title, a.description, a.release_date, a.organism, a.material, a.project,
            a.project_type, a.mission, a.assay_types)
        then to_jsonb(b.content_hash)
        else to_jsonb(a.content_hash)
      end)
  ) changed (field, was, became)
  where changed.was is distinct from changed.became
  order by a.dataset_id, changed.field;
  return null;
end
$function$;

CREATE OR REPLACE FUNCTION space.record_new_datasets()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO ''
AS $function$
begin
  insert into space.osdr_changes (dataset_id, field, old, new)
  select a.dataset_id, 'dataset', null, to_jsonb(a.title)
  from after_rows a
  order by a.dataset_id;
  return null;
end
$function$;

CREATE OR REPLACE FUNCTION space.refresh_activity_materialized_views()
 RETURNS TABLE(view text, outcome text, rows bigint, duration_ms double precision, as_of timestamp with time zone)
 LANGUAGE sql
 SET search_path TO ''
AS $function$
  select refreshed.*
  from unnest(array['space.mv_recent_activity']) with ordinality named (view, place)
  cross join lateral core.refresh_view(
    named.view, case named.view when 'space.mv_osdr_stats' then interval '1 day' end
  ) refreshed
  order by named.place
$function$;

CREATE OR REPLACE FUNCTION space.refresh_all_materialized_views()
 RETURNS TABLE(view text, outcome text, rows bigint, duration_ms double precision, as_of timestamp with time zone)
 LANGUAGE sql
 SET search_path TO ''
AS $function$
  select * from space.refresh_iss_materialized_views()
  union all
  select * from space.refresh_osdr_materialized_views()
  union all
  select * from space.refresh_activity_materialized_views()
$function$;

CREATE OR REPLACE FUNCTION space.refresh_iss_materialized_views()
 RETURNS TABLE(view text, outcome text, rows bigint, duration_ms double precision, as_of timestamp with time zone)
 LANGUAGE sql
 SET search_path TO ''
AS $function$
  select refreshed.*
  from unnest(array['space.mv_iss_stats_hourly', 'space.mv_iss_stats_daily', 'space.mv_iss_coverage_map']) with ordinality named (view, place)
  cross join lateral core.refresh_view(
    named.view, case named.view when 'space.mv_osdr_stats' then interval '1 day' end
  ) refreshed
  order by named.place
$function$;

CREATE OR REPLACE FUNCTION space.refresh_osdr_materialized_views()
 RETURNS TABLE(view text, outcome text, rows bigint, duration_ms double precision, as_of timestamp with time zone)
 LANGUAGE sql
 SET search_path TO ''
AS $function$
  select refreshed.*
  from unnest(array['space.mv_osdr_stats', 'space.mv_osdr_by_year']) with ordinality named (view, place)
  cross join lateral core.refresh_view(
    named.view, case named.view when 'space.mv_osdr_stats' then interval '1 day' end
  ) refreshed
  order by named.place
$function$;

create schema webhooks;
grant usage on schema webhooks to lockstep_app;

create table webhooks.webhook_attempts (
  delivery_id bigint not null,
  number integer not null,
  started_at timestamp with time zone not null,
  outcome text,
  status integer,
  took_ms integer,
  constraint webhook_attempts_delivery_id_number_pk PRIMARY KEY (delivery_id, number),
  constraint webhook_attempts_status_range CHECK (status >= 100 AND status <= 999),
  constraint webhook_attempts_delivery_id_webhook_deliveries_id_fk FOREIGN KEY (delivery_id) REFERENCES webhooks.webhook_deliveries(id) ON DELETE CASCADE
);
grant delete, insert, select, update on table webhooks.webhook_attempts to lockstep_app;

create table webhooks.webhook_deliveries (
  id bigint generated always as identity not null,
  webhook_id bigint not null,
  event_id text not null,
  subject text not null,
  type text not null,
  body text not null,
  state text default 'waiting'::text not null,
  attempts integer default 0 not null,
  replays integer default 0 not null,
  due_at timestamp with time zone default now() not null,
  give_up_at timestamp with time zone not null,
  reason text,
  created_at timestamp with time zone default now() not null,
  finished_at timestamp with time zone,
  tries integer default 0 not null,
  constraint webhook_deliveries_pkey PRIMARY KEY (id),
  constraint webhook_deliveries_attempts_not_negative CHECK (attempts >= tries AND tries >= 0 AND replays >= 0),
  constraint webhook_deliveries_dead_for_reason CHECK ((state = 'dead'::text) = (reason IS NOT NULL)),
  constraint webhook_deliveries_finished CHECK ((state = 'waiting'::text) = (finished_at IS NULL)),
  constraint webhook_deliveries_state_known CHECK (state = ANY (ARRAY['waiting'::text, 'delivered'::text, 'dead'::text])),
  constraint webhook_deliveries_webhook_id_webhooks_id_fk FOREIGN KEY (webhook_id) REFERENCES webhooks.webhooks(id)
);
CREATE INDEX idx_webhook_deliveries_about ON webhooks.webhook_deliveries USING btree (subject, id DESC);
comment on index webhooks.idx_webhook_deliveries_about is 'the timeline of a thing';
CREATE INDEX idx_webhook_deliveries_created ON webhooks.webhook_deliveries USING btree (created_at);
comment on index webhooks.idx_webhook_deliveries_created is 'the removal of deliveries past their time';
CREATE INDEX idx_webhook_deliveries_due ON webhooks.webhook_deliveries USING btree (webhook_id, due_at, id) WHERE (state = 'waiting'::text);
comment on index webhooks.idx_webhook_deliveries_due is 'what a sender takes next';
CREATE UNIQUE INDEX idx_webhook_deliveries_event ON webhooks.webhook_deliveries USING btree (webhook_id, event_id);
comment on index webhooks.idx_webhook_deliveries_event is 'an event is queued for a webhook once; replay from an event';
CREATE INDEX idx_webhook_deliveries_expiry ON webhooks.webhook_deliveries USING btree (webhook_id, give_up_at) WHERE (state = 'waiting'::text);
comment on index webhooks.idx_webhook_deliveries_expiry is 'the deliveries whose three days are over';
CREATE INDEX idx_webhook_deliveries_list ON webhooks.webhook_deliveries USING btree (webhook_id, state, id DESC);
comment on index webhooks.idx_webhook_deliveries_list is 'GET /v1/webhooks/{id}/deliveries';
CREATE INDEX idx_webhook_deliveries_subject ON webhooks.webhook_deliveries USING btree (webhook_id, subject, id) WHERE (state = 'waiting'::text);
comment on index webhooks.idx_webhook_deliveries_subject is 'whether an earlier event of the subject still waits';
grant delete, insert, select, update on table webhooks.webhook_deliveries to lockstep_app;

create table webhooks.webhooks (
  id bigint generated always as identity not null,
  owner text not null,
  slot integer not null,
  url text not null,
  events text[] not null,
  description text,
  secret text not null,
  old_secret text,
  old_secret_until timestamp with time zone,
  failures integer default 0 not null,
  failing_since timestamp with time zone,
  paused_until timestamp with time zone,
  disabled_at timestamp with time zone,
  disabled_for text,
  removed_at timestamp with time zone,
  xid xid8 default core.reading_xid() not null,
  version integer default 1 not null,
  created_at timestamp with time zone default now() not null,
  tests_free_at timestamp with time zone,
  constraint webhooks_pkey PRIMARY KEY (id),
  constraint webhooks_description_length CHECK (char_length(description) <= 300),
  constraint webhooks_disabled_for_reason CHECK ((disabled_at IS NULL) = (disabled_for IS NULL)),
  constraint webhooks_events_some CHECK (cardinality(events) >= 1 AND cardinality(events) <= 50),
  constraint webhooks_failing_since_failure CHECK ((failures > 0) = (failing_since IS NOT NULL)),
  constraint webhooks_failures_not_negative CHECK (failures >= 0),
  constraint webhooks_old_secret_ends CHECK ((old_secret IS NULL) = (old_secret_until IS NULL)),
  constraint webhooks_owner_shape CHECK (owner = 'admin'::text OR owner ~ '^[a-z]{2,20}:[!-~]{1,128}$'::text),
  constraint webhooks_slot_range CHECK (slot >= 1 AND slot <= 20),
  constraint webhooks_url_shape CHECK (url ~ '^https?://'::text AND char_length(url) <= 2000)
);
CREATE UNIQUE INDEX idx_webhooks_slot ON webhooks.webhooks USING btree (owner, slot) WHERE (removed_at IS NULL);
comment on index webhooks.idx_webhooks_slot is 'an owner has a bounded number of webhooks; GET /v1/webhooks';
grant delete, insert, select, update on table webhooks.webhooks to lockstep_app;
