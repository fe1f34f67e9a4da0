alter table space.upstream_misses drop constraint upstream_misses_failures;

alter table webhooks.webhooks add column tests_free_at timestamptz;

alter table space.upstream_misses add constraint upstream_misses_failures check (failures >= 0);
