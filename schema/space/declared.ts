import { type Declared, extension, grants, sqlIndex, trigger } from '../kit/declare.ts'
import { filesOf } from '../kit/files.ts'
import { countedSource } from '../kit/materialized.ts'
import { partitioned } from '../kit/partitions.ts'

const { functionFile, materializedViewFile } = filesOf(import.meta.dirname)

const readWrite = ['select', 'insert', 'update']

export const declared: Declared[] = [
  extension('pg_trgm'),
  ...partitioned({
    table: 'space.iss_fetch_log',
    column: 'ts',
    key: 'time',
    every: 'month',
    ahead: 3,
    kept: 13,
  }),

  grants({ on: 'schema space', to: 'lockstep_app', privileges: ['usage'] }),
  grants({ on: 'table space.iss_fetch_log', to: 'lockstep_app', privileges: ['select', 'insert'] }),
  grants({ on: 'table space.elements', to: 'lockstep_app', privileges: ['select', 'insert'] }),
  grants({ on: 'table space.osdr_items', to: 'lockstep_app', privileges: readWrite }),
  grants({ on: 'table space.osdr_changes', to: 'lockstep_app', privileges: ['select', 'insert'] }),
  grants({ on: 'table space.apod', to: 'lockstep_app', privileges: readWrite }),
  grants({ on: 'table space.neo_approaches', to: 'lockstep_app', privileges: readWrite }),
  grants({ on: 'table space.donki_events', to: 'lockstep_app', privileges: readWrite }),
  grants({ on: 'table space.donki_revisions', to: 'lockstep_app', privileges: ['select', 'insert'] }),
  grants({ on: 'table space.upstream_state', to: 'lockstep_app', privileges: readWrite }),
  grants({ on: 'table space.upstream_misses', to: 'lockstep_app', privileges: [...readWrite, 'delete'] }),
  grants({ on: 'table space.copy_coverage', to: 'lockstep_app', privileges: readWrite }),
  grants({ on: 'table space.upstream_answers', to: 'lockstep_app', privileges: [...readWrite, 'delete'] }),

  functionFile('space.record_dataset_changes()'),
  functionFile('space.record_new_datasets()'),
  trigger({
    name: 'record_changes',
    table: 'space.osdr_items',
    fires: 'after update',
    referencing: 'old table as before_rows new table as after_rows',
    forEach: 'statement',
    execute: 'space.record_dataset_changes()',
  }),
  trigger({
    name: 'record_new',
    table: 'space.osdr_items',
    fires: 'after insert',
    referencing: 'new table as after_rows',
    forEach: 'statement',
    execute: 'space.record_new_datasets()',
  }),

  functionFile('space.haversine_km(double precision, double precision, double precision, double precision)'),

  ...countedSource('space.iss_fetch_log'),
  ...countedSource('space.osdr_items'),
  ...countedSource('space.osdr_changes'),

  materializedViewFile('space.mv_iss_stats_hourly', {
    unique: ['hour'],
    readBy: 'lockstep_app',
    serves: 'GET /v1/space/iss/stats/hourly',
  }),
  materializedViewFile('space.mv_iss_stats_daily', {
    unique: ['day'],
    readBy: 'lockstep_app',
    serves: 'GET /v1/space/iss/stats/daily',
  }),
  materializedViewFile('space.mv_iss_coverage_map', {
    unique: ['lat_bucket', 'lon_bucket'],
    readBy: 'lockstep_app',
    serves: 'GET /v1/space/iss/coverage',
  }),
  materializedViewFile('space.mv_osdr_stats', {
    unique: ['counted_at'],
    readBy: 'lockstep_app',
    serves: 'GET /v1/space/osdr/stats',
  }),
  materializedViewFile('space.mv_osdr_by_year', {
    unique: ['year'],
    readBy: 'lockstep_app',
    serves: 'GET /v1/space/osdr/by-year',
  }),
  materializedViewFile('space.mv_recent_activity', {
    unique: ['activity_id'],
    readBy: 'lockstep_app',
    serves: 'GET /v1/space/activity',
  }),

  functionFile('space.refresh_iss_materialized_views()'),
  functionFile('space.refresh_osdr_materialized_views()'),
  functionFile('space.refresh_activity_materialized_views()'),
  functionFile('space.refresh_all_materialized_views()'),
  functionFile('space.get_views_refresh_status()'),

  sqlIndex({
    name: 'idx_osdr_items_search',
    table: 'space.osdr_items',
    using: 'gin',
    columns: ['search_text public.gin_trgm_ops'],
    serves: 'GET /v1/space/osdr/datasets?q=',
  }),
  sqlIndex({
    name: 'idx_osdr_items_released',
    table: 'space.osdr_items',
    columns: ["coalesce(release_date, '-infinity') desc", 'dataset_id desc'],
    serves: 'GET /v1/space/osdr/datasets, newest first',
  }),
  sqlIndex({
    name: 'idx_osdr_items_updated',
    table: 'space.osdr_items',
    columns: ['updated_at desc', 'dataset_id desc'],
    serves: 'GET /v1/space/osdr/datasets?sort=-updatedAt',
  }),
  sqlIndex({
    name: 'idx_osdr_changes_feed',
    table: 'space.osdr_changes',
    columns: ['xid', 'id'],
    serves: 'GET /v1/space/osdr/changes?after=',
  }),
  sqlIndex({
    name: 'idx_neo_approaches_at',
    table: 'space.neo_approaches',
    columns: ['approach_at', 'neo_id', 'orbiting_body'],
    serves: 'GET /v1/space/neo?from=&to=',
  }),
  sqlIndex({
    name: 'idx_donki_events_started',
    table: 'space.donki_events',
    columns: ['type', 'started_at desc', 'event_id desc'],
    serves: 'GET /v1/space/donki/{type}?from=&to=',
  }),
  sqlIndex({
    name: 'idx_upstream_answers_received',
    table: 'space.upstream_answers',
    columns: ['received_at'],
    serves: 'the removal of answers past their week',
  }),
]
