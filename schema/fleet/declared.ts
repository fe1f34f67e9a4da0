import { type Declared, grants, policy, rowSecurity, sqlIndex, storage, trigger } from '../kit/declare.ts'
import { filesOf } from '../kit/files.ts'
import { partitioned } from '../kit/partitions.ts'
import { voidReasons } from './states.ts'

const { functionFile } = filesOf(import.meta.dirname)

/** Tables whose rows name their tenant. */
const fenced = [
  'greenhouses',
  'nodes',
  'zones',
  'zone_slots',
  'zone_bindings',
  'node_configs',
  'channels',
  'calibrations',
  'telemetry_rejects',
  'telemetry_minutes',
  'zone_targets',
  'regulators',
  'dose_windows',
  'commands',
  'decisions',
  'alerts',
]

/** Tables by node and of all tenants: readers reach them through fleet.nodes, which is fenced. */
const unfenced = [
  'metrics',
  'telemetry_samples',
  'telemetry_last',
  'telemetry_1m',
  'telemetry_1h',
  'telemetry_1d',
  'node_boots',
  'cycles',
]

/** Jobs and consumers work for all tenants, and say so with `*`. Without a setting nobody sees a row. */
const ofTenant = "current_setting('app.tenant_id', true) in ('*', tenant_id::text)"

export const declared: Declared[] = [
  functionFile('fleet.is_folded(timestamptz, timestamptz)'),
  functionFile('fleet.has_passed(timestamptz, time, text)'),
  functionFile('fleet.is_due(timestamptz, time, time, text, text)'),
  functionFile('fleet.was_acting(text)'),
  functionFile(
    'fleet.is_acting(text, double precision, double precision, double precision, double precision, text)',
  ),
  functionFile(
    'fleet.decide(timestamptz, boolean, text, timestamptz, text, double precision, double precision, double precision, double precision, timestamptz, integer, text, text, boolean, text, timestamptz, timestamptz, integer, numeric, numeric)',
  ),

  functionFile('fleet.simulate(bigint, smallint, jsonb, timestamptz, timestamptz)'),
  functionFile('fleet.take_cycle(integer, timestamptz)'),
  functionFile('fleet.refuse_command_step_back()'),
  trigger({
    name: 'commands_only_move_up',
    table: 'fleet.commands',
    fires: 'before update',
    forEach: 'row',
    when: `new.state <> old.state and (
    old.state not in ('QUEUED', 'SENT', 'ACK')
    or new.state = 'QUEUED'
    or old.state = 'ACK' and new.state = 'SENT'
  )`,
    execute: 'fleet.refuse_command_step_back()',
  }),
  functionFile('fleet.settle_command()'),
  trigger({
    name: 'commands_settle',
    table: 'fleet.commands',
    fires: 'after update',
    forEach: 'row',
    when: `new.state <> old.state and new.kind <> 'off' and new.state in ('ERROR', 'NO_EFFECT', 'EXPIRED', 'TIMEOUT')`,
    execute: 'fleet.settle_command()',
  }),
  functionFile('fleet.tell_voided()'),
  trigger({
    name: 'commands_tell_voided',
    table: 'fleet.commands',
    fires: 'after update',
    forEach: 'row',
    when: `new.state <> old.state and new.state in ('EXPIRED', 'TIMEOUT') and new.reason in (${voidReasons.map((reason) => `'${reason}'`).join(', ')})`,
    execute: 'fleet.tell_voided()',
  }),
  functionFile('fleet.void_commands()'),
  ...['zones', 'regulators'].map((table) =>
    trigger({
      name: 'void_commands',
      table: `fleet.${table}`,
      fires: 'after update',
      forEach: 'row',
      when: 'new.epoch > old.epoch',
      execute: 'fleet.void_commands()',
    }),
  ),
  functionFile('fleet.is_folded_into_days(timestamptz, timestamptz)'),

  ...partitioned({
    table: 'fleet.telemetry_samples',
    column: 'ts',
    key: 'time',
    every: 'day',
    ahead: 7,
    kept: 30,
    foldedBy: 'fleet.is_folded',
  }),
  ...partitioned({
    // Longer than samples: the hours and the day around the oldest sample that is accepted need their other minutes.
    table: 'fleet.telemetry_1m',
    column: 'minute',
    key: 'time',
    every: 'day',
    ahead: 7,
    kept: 32,
    foldedBy: 'fleet.is_folded',
  }),
  ...partitioned({
    table: 'fleet.telemetry_1h',
    column: 'hour',
    key: 'time',
    every: 'month',
    ahead: 3,
    kept: 12,
    foldedBy: 'fleet.is_folded_into_days',
  }),
  ...partitioned({
    table: 'fleet.telemetry_rejects',
    column: 'id',
    key: 'id',
    every: 'day',
    ahead: 7,
    kept: 7,
  }),
  ...partitioned({
    table: 'fleet.decisions',
    column: 'at',
    key: 'time',
    every: 'month',
    ahead: 3,
    kept: 13,
  }),
  ...partitioned({
    table: 'fleet.cycles',
    column: 'slot',
    key: 'time',
    every: 'day',
    ahead: 7,
    kept: 30,
  }),

  grants({ on: 'schema fleet', to: 'lockstep_app', privileges: ['usage'] }),
  ...[...fenced, ...unfenced].map((table) =>
    grants({
      on: `table fleet.${table}`,
      to: 'lockstep_app',
      privileges: ['select', 'insert', 'update', 'delete'],
    }),
  ),
  ...fenced.flatMap((table) => [
    rowSecurity({ table: `fleet.${table}` }),
    policy({ name: 'of_tenant', table: `fleet.${table}`, to: 'lockstep_app', using: ofTenant }),
  ]),

  storage({ table: 'fleet.telemetry_last', with: { fillfactor: 70 } }),
  storage({ table: 'fleet.dose_windows', with: { fillfactor: 70 } }),
  storage({ table: 'fleet.node_configs', with: { fillfactor: 70 } }),
  storage({ table: 'fleet.nodes', with: { fillfactor: 80 } }),

  sqlIndex({
    name: 'idx_telemetry_1m_unfolded',
    table: 'fleet.telemetry_1m',
    columns: ['minute'],
    where: 'not folded',
    serves: 'the job that folds minutes into hours and days; the keeper of partitions',
    concurrently: false,
  }),
  sqlIndex({
    name: 'idx_telemetry_1h_unfolded',
    table: 'fleet.telemetry_1h',
    columns: ['hour'],
    where: 'not folded',
    serves: 'the job that folds hours into days; the keeper of partitions',
    concurrently: false,
  }),
  sqlIndex({
    name: 'idx_telemetry_rejects_tenant',
    table: 'fleet.telemetry_rejects',
    columns: ['tenant_id', 'id'],
    serves: 'GET /v1/fleet/telemetry/rejects of a tenant, newest first',
    concurrently: false,
  }),
  sqlIndex({
    name: 'idx_decisions_zone',
    table: 'fleet.decisions',
    columns: ['zone_id', 'at'],
    serves: 'GET /v1/fleet/zones/{id}/decisions, newest first',
    concurrently: false,
  }),
]
