import { type Declared, grants, role, sqlIndex } from '../kit/declare.ts'
import { filesOf } from '../kit/files.ts'
import { rulesOf } from '../kit/rules.ts'
import { outboxRules } from './rules.ts'

const { functionFile } = filesOf(import.meta.dirname)

const everything = ['select', 'insert', 'update', 'delete']

export const declared: Declared[] = [
  role({ name: 'lockstep_app' }),

  functionFile('core.reading_xid()', { beforeTables: true }),
  ...rulesOf('core.outbox', outboxRules),
  functionFile('core.mark_horizon(regclass[],regclass)', { executeBy: 'lockstep_app' }),
  functionFile('core.slowest_reader(text)'),
  functionFile('core.iso(timestamptz)'),
  functionFile('core.emit(text, text, text[], text[], jsonb[])'),
  functionFile('core.settled(jsonb)'),
  functionFile('core.begin_idempotent(text, text, text, text)'),
  functionFile('core.assert_settled()'),
  functionFile('core.take_lock(bigint)'),
  functionFile('core.take_lock_of(integer, integer)'),
  functionFile('core.take_slot(text, timestamptz)'),
  functionFile('core.assert_slot_open(text, timestamptz)'),
  functionFile('core.assert_not_paused(text)'),
  functionFile('core.begin_run(text, timestamptz, text)'),
  functionFile('core.take_lease(text, text, interval)'),
  functionFile('core.assert_lease(text, bigint)'),
  functionFile('core.assert_replayed(xid8)'),
  functionFile('core.assert_fresh(xid8, interval)'),
  functionFile('core.count_writes()'),
  functionFile('core.writes_behind(oid)'),
  functionFile('core.refresh_view(text, interval)', { executeBy: 'lockstep_app' }),
  functionFile('core.get_views_refresh_status()'),
  functionFile('core.first_id(timestamptz)'),
  functionFile('core.partition_name(core.partitioned, timestamptz)'),
  functionFile('core.is_folded(core.partitioned, timestamptz, timestamptz)'),
  functionFile('core.make_partition(text, timestamptz)'),
  functionFile('core.drop_partition(text, regclass, timestamptz, timestamptz)'),
  functionFile('core.make_partitions(text, timestamptz[])', { executeBy: 'lockstep_app' }),
  functionFile('core.keep_partitions()', { executeBy: 'lockstep_app' }),
  functionFile('core.show_sessions()', { executeBy: 'lockstep_app' }),
  functionFile('core.show_identities()', { executeBy: 'lockstep_app' }),

  grants({ on: 'schema core', to: 'lockstep_app', privileges: ['usage'] }),
  grants({ on: 'table core.partitioned', to: 'lockstep_app', privileges: ['select'] }),
  grants({ on: 'table core.source_writes', to: 'lockstep_app', privileges: ['select'] }),
  grants({ on: 'table core.view_refreshes', to: 'lockstep_app', privileges: ['select'] }),
  sqlIndex({
    name: 'idx_view_refreshes_view',
    table: 'core.view_refreshes',
    columns: ['view', 'id desc'],
    serves: 'the newest refresh of a view: its age, and whether its sources have moved since',
  }),
  grants({ on: 'table core.job_runs', to: 'lockstep_app', privileges: everything }),
  grants({ on: 'table core.job_slots', to: 'lockstep_app', privileges: ['select', 'insert', 'delete'] }),
  grants({ on: 'table core.job_pauses', to: 'lockstep_app', privileges: everything }),
  grants({ on: 'table core.leases', to: 'lockstep_app', privileges: ['select', 'insert', 'update'] }),
  grants({ on: 'table core.outbox', to: 'lockstep_app', privileges: ['select', 'insert', 'delete'] }),
  grants({ on: 'table core.feed_positions', to: 'lockstep_app', privileges: ['select', 'insert', 'update'] }),
  grants({ on: 'table core.idempotency_keys', to: 'lockstep_app', privileges: everything }),
  grants({ on: 'table core.ingest_messages', to: 'lockstep_app', privileges: everything }),
  grants({ on: 'table core.ingest_sources', to: 'lockstep_app', privileges: everything }),
  grants({ on: 'table core.ingest_minutes', to: 'lockstep_app', privileges: everything }),
  grants({ on: 'table core.relation_days', to: 'lockstep_app', privileges: ['select', 'insert', 'delete'] }),
  grants({ on: 'table core.dead_messages', to: 'lockstep_app', privileges: everything }),

  sqlIndex({
    name: 'idx_ingest_sources_incomplete',
    table: 'core.ingest_sources',
    columns: ['stream'],
    where: 'answered <> items',
    serves: 'the gaps of a stream: few sources have one',
  }),
  sqlIndex({
    name: 'idx_ingest_sources_received',
    table: 'core.ingest_sources',
    columns: ['received_at'],
    serves: 'the retention of messages, a whole source at a time',
  }),
  sqlIndex({
    name: 'idx_dead_messages_stream',
    table: 'core.dead_messages',
    columns: ['stream', 'id'],
    where: 'replayed_at is null',
    serves: 'the dead messages of a stream that wait for a replay',
  }),
  sqlIndex({
    name: 'idx_job_runs_job',
    table: 'core.job_runs',
    columns: ['job', 'id desc'],
    serves: 'the newest runs of one job',
  }),
  sqlIndex({
    name: 'idx_idempotency_keys_xid',
    table: 'core.idempotency_keys',
    columns: ['(xid::text::bigint & 4294967295)'],
    serves: 'the request that wrote a row, by the xmin of the row',
  }),
  sqlIndex({
    name: 'idx_idempotency_keys_request',
    table: 'core.idempotency_keys',
    columns: ['request_id'],
    serves: 'the timeline of a request',
  }),
  sqlIndex({
    name: 'idx_idempotency_keys_created',
    table: 'core.idempotency_keys',
    columns: ['created_at'],
    serves: 'the removal of keys past their day',
  }),

  grants({ on: 'table core.alerts', to: 'lockstep_app', privileges: everything }),
  grants({ on: 'table core.alert_values', to: 'lockstep_app', privileges: ['select', 'insert', 'delete'] }),
  grants({ on: 'table core.silences', to: 'lockstep_app', privileges: ['select', 'insert', 'update'] }),
  grants({ on: 'table core.operator_actions', to: 'lockstep_app', privileges: ['select', 'insert'] }),
]
