-- Totals of the catalogue.
-- "Recent" stands still once it is counted, so the row holds the moment of the count. core.refresh_view counts
-- again after a day, even without a write. last_sync_time is the time of the last sync that changed a dataset.
create materialized view space.mv_osdr_stats as
select
  count(*)::integer as total_datasets,
  min(release_date) as oldest_dataset,
  max(release_date) as newest_dataset,
  count(*) filter (where release_date > (now() at time zone 'UTC')::date - 30)::integer as recent_30d,
  count(*) filter (where release_date > (now() at time zone 'UTC')::date - 365)::integer as recent_1y,
  now() as counted_at,
  max(updated_at) as last_sync_time
from space.osdr_items;
