alter table space.upstream_misses drop constraint upstream_misses_failures;

alter table space.upstream_misses add constraint upstream_misses_failures check (failures >= 0);
