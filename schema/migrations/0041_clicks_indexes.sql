-- no-transaction

create unique index concurrently if not exists idx_traffic_sources_slug
on clicks.traffic_sources using btree (lower(slug));

comment on index clicks.idx_traffic_sources_slug is 'a slug names one source; /postback/{source}';

create index concurrently if not exists idx_traffic_sources_owner
on clicks.traffic_sources using btree (owner, id desc);

comment on index clicks.idx_traffic_sources_owner is 'GET /v1/clicks/sources of one owner';

create unique index concurrently if not exists idx_campaigns_slug
on clicks.campaigns using btree (lower(slug));

comment on index clicks.idx_campaigns_slug is 'a slug names one campaign; the redirect reads it';

create index concurrently if not exists idx_campaigns_owner
on clicks.campaigns using btree (owner, id desc);

comment on index clicks.idx_campaigns_owner is 'GET /v1/clicks/campaigns of one owner';

create index concurrently if not exists idx_landing_pages_campaign
on clicks.landing_pages using btree (campaign_id, id);

comment on index clicks.idx_landing_pages_campaign is 'the landing pages of a campaign';

create index concurrently if not exists idx_campaign_offers_campaign
on clicks.campaign_offers using btree (campaign_id, id);

comment on index clicks.idx_campaign_offers_campaign is 'the offers of a campaign';

create index concurrently if not exists idx_events_click
on clicks.events using btree (click_id, created_at, id);

comment on index clicks.idx_events_click is 'the events of a click';

create index concurrently if not exists idx_events_created
on clicks.events using btree (created_at);

comment on index clicks.idx_events_created is 'the removal of events past their time';

create index concurrently if not exists idx_visitors_day
on clicks.visitors using btree (day);

comment on index clicks.idx_visitors_day is 'the removal of visitors past their time';

create index concurrently if not exists idx_visitors_key
on clicks.visitors using btree (visitor_key);

comment on index clicks.idx_visitors_key is 'DELETE /v1/clicks/visitors/{key}';

create index concurrently if not exists idx_conversions_campaign
on clicks.conversions using btree (campaign_id, id desc);

comment on index clicks.idx_conversions_campaign is 'GET /v1/clicks/conversions?campaignId=';

create index concurrently if not exists idx_conversion_events_conversion
on clicks.conversion_events using btree (conversion_id, id);

comment on index clicks.idx_conversion_events_conversion is 'the history of a conversion';

create index concurrently if not exists idx_orphan_postbacks_click
on clicks.orphan_postbacks using btree (click_id, id)
where state = 'open';

comment on index clicks.idx_orphan_postbacks_click is 'parked postbacks whose click came';

create index concurrently if not exists idx_orphan_postbacks_owner
on clicks.orphan_postbacks using btree (owner, state, id desc);

comment on index clicks.idx_orphan_postbacks_owner is 'GET /v1/clicks/orphans of one owner';

create index concurrently if not exists idx_orphan_postbacks_received
on clicks.orphan_postbacks using btree (received_at)
where state = 'open';

comment on index clicks.idx_orphan_postbacks_received is 'parked postbacks past their time';

create index concurrently if not exists idx_postbacks_out_due
on clicks.postbacks_out using btree (due_at, id)
where state = 'waiting';

comment on index clicks.idx_postbacks_out_due is 'the postbacks that are due';

create index concurrently if not exists idx_unfolded_quarter
on clicks.unfolded using btree (campaign_id, quarter);

comment on index clicks.idx_unfolded_quarter is 'the fold of the dimensions';

create unique index concurrently if not exists idx_rule_sets_active
on clicks.rule_sets using btree (state)
where state = 'active';

comment on index clicks.idx_rule_sets_active is 'one set of rules is active; the consumer reads it';

create unique index concurrently if not exists idx_replays_running
on clicks.replays using btree (state)
where state = 'running';

comment on index clicks.idx_replays_running is 'one replay runs at a time; its job continues it';
