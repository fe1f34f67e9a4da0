-- no-transaction

drop index concurrently if exists dispatch.idx_lost_claims_courier;

create index concurrently if not exists idx_lost_claims_recent
on dispatch.lost_claims using btree (last_at);

comment on index dispatch.idx_lost_claims_recent is 'lost claims of the last hours in GET /v1/dispatch/stats, and the removal of old ones';
