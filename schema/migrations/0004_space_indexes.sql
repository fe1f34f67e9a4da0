-- no-transaction

create index concurrently if not exists idx_view_refreshes_view
on core.view_refreshes using btree (view, id desc);

comment on index core.idx_view_refreshes_view is 'the newest refresh of a view: its age, and whether its sources have moved since';

create index concurrently if not exists idx_osdr_items_search
on space.osdr_items using gin (search_text public.gin_trgm_ops);

comment on index space.idx_osdr_items_search is 'GET /v1/space/osdr/datasets?q=';

create index concurrently if not exists idx_osdr_items_released
on space.osdr_items using btree (coalesce(release_date, '-infinity') desc, dataset_id desc);

comment on index space.idx_osdr_items_released is 'GET /v1/space/osdr/datasets, newest first';

create index concurrently if not exists idx_osdr_items_updated
on space.osdr_items using btree (updated_at desc, dataset_id desc);

comment on index space.idx_osdr_items_updated is 'GET /v1/space/osdr/datasets?sort=-updatedAt';

create index concurrently if not exists idx_osdr_changes_feed
on space.osdr_changes using btree (xid, id);

comment on index space.idx_osdr_changes_feed is 'GET /v1/space/osdr/changes?after=';

create index concurrently if not exists idx_neo_approaches_at
on space.neo_approaches using btree (approach_at, neo_id, orbiting_body);

comment on index space.idx_neo_approaches_at is 'GET /v1/space/neo?from=&to=';

create index concurrently if not exists idx_donki_events_started
on space.donki_events using btree (type, started_at desc, event_id desc);

comment on index space.idx_donki_events_started is 'GET /v1/space/donki/{type}?from=&to=';

create index concurrently if not exists idx_upstream_answers_received
on space.upstream_answers using btree (received_at);

comment on index space.idx_upstream_answers_received is 'the removal of answers past their week';
