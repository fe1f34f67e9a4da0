import { type SQL, sql } from 'drizzle-orm'
import {
  bigint,
  boolean,
  check,
  date,
  doublePrecision,
  index,
  integer,
  jsonb,
  pgSchema,
  primaryKey,
  smallint,
  text,
  time,
  unique,
  uniqueIndex,
  uuid,
} from 'drizzle-orm/pg-core'
import { createdAt, id, idOf, instant, listed, numbersOf, version } from '../kit/columns.ts'
import {
  alertKinds,
  clocks,
  commandKinds,
  commandStates,
  configOutcomes,
  decisionOutcomes,
  directions,
  doseSpans,
  lifecycles,
  metricKinds,
  nodeTypes,
  priorities,
  qualities,
  rejectReasons,
  reportings,
  severities,
  zoneModes,
} from './states.ts'

export const fleet = pgSchema('fleet')

/** Row-level security compares it with the tenant of the transaction (schema/fleet/declared.ts). */
const tenantId = () => idOf('tenant_id').notNull()

const known = (column: string, words: readonly string[]): SQL => sql`${sql.raw(column)} in (${listed(words)})`

/** `gen`: the generation of the provisioning token, with which nodes say hello. */
export const greenhouses = fleet.table(
  'greenhouses',
  {
    id: id(),
    tenantId: tenantId(),
    name: text('name').notNull(),
    timezone: text('timezone').notNull(),
    gen: integer('gen').notNull().default(1),
    version: version(),
    createdAt: createdAt(),
  },
  // GET /v1/fleet/greenhouses of a tenant.
  (t) => [index('idx_greenhouses_tenant').on(t.tenantId, t.id)],
)

/**
 * A device. `gen` is the generation of its credential; a token of an older one is refused. `used_gen` is the highest
 * generation that made a request: a credential that was never used may be requested again.
 */
export const nodes = fleet.table(
  'nodes',
  {
    id: id(),
    tenantId: tenantId(),
    greenhouseId: idOf('greenhouse_id')
      .notNull()
      .references(() => greenhouses.id),
    hardwareId: text('hardware_id').notNull(),
    uid: text('uid').notNull(),
    type: text('type').notNull(),
    name: text('name'),
    fwVersion: text('fw_version'),
    hardwareRevision: text('hardware_revision'),
    lifecycle: text('lifecycle').notNull().default('REGISTERED_BACKEND'),
    maintenanceUntil: instant('maintenance_until'),
    gen: integer('gen').notNull().default(1),
    usedGen: integer('used_gen').notNull().default(0),
    reprovisionUntil: instant('reprovision_until'),
    firstSeenAt: instant('first_seen_at').notNull().defaultNow(),
    lastSeenAt: instant('last_seen_at'),
    version: version(),
  },
  (t) => [
    // Race: two hellos of one hardware id. The second waits for the first and updates its row.
    unique('nodes_hardware').on(t.tenantId, t.hardwareId),
    unique('nodes_uid').on(t.uid),
    // GET /v1/fleet/nodes of a tenant.
    index('idx_nodes_tenant').on(t.tenantId, t.id),
    check('nodes_type', known('type', nodeTypes)),
    check('nodes_lifecycle', known('lifecycle', lifecycles)),
    check('nodes_used_gen', sql`used_gen <= gen`),
  ],
)

/** `epoch` rises when the zone leaves the automatic mode; commands of an older epoch are void. */
export const zones = fleet.table(
  'zones',
  {
    id: id(),
    tenantId: tenantId(),
    greenhouseId: idOf('greenhouse_id')
      .notNull()
      .references(() => greenhouses.id),
    name: text('name').notNull(),
    mode: text('mode').notNull().default('auto'),
    modeUntil: instant('mode_until'),
    epoch: integer('epoch').notNull().default(1),
    version: version(),
    createdAt: createdAt(),
  },
  (t) => [
    // GET /v1/fleet/zones of a tenant.
    index('idx_zones_tenant').on(t.tenantId, t.id),
    // The job that ends modes.
    index('idx_zones_mode').on(t.modeUntil).where(sql`mode_until is not null`),
    check('zones_mode', known('mode', zoneModes)),
  ],
)

/** The node that a zone has of each type. The key lets one in, also of two that bind at the same moment. */
export const zoneSlots = fleet.table(
  'zone_slots',
  {
    tenantId: tenantId(),
    zoneId: idOf('zone_id')
      .notNull()
      .references(() => zones.id),
    nodeType: text('node_type').notNull(),
    nodeId: idOf('node_id')
      .notNull()
      .references(() => nodes.id),
  },
  (t) => [
    primaryKey({ name: 'zone_slots_pkey', columns: [t.zoneId, t.nodeType] }),
    unique('zone_slots_node').on(t.nodeId),
  ],
)

/** The history of the slots: a sample belongs to the zone in which its node was at the time of the sample. */
export const zoneBindings = fleet.table(
  'zone_bindings',
  {
    id: id(),
    tenantId: tenantId(),
    zoneId: idOf('zone_id').notNull(),
    nodeId: idOf('node_id').notNull(),
    fromAt: instant('from_at').notNull().defaultNow(),
    untilAt: instant('until_at'),
  },
  (t) => [
    uniqueIndex('zone_bindings_open').on(t.nodeId).where(sql`until_at is null`),
    // The telemetry of a zone; the zone of a node at a time.
    index('idx_zone_bindings_zone').on(t.zoneId, t.fromAt),
    check('zone_bindings_order', sql`until_at >= from_at`),
  ],
)

/**
 * The configuration that a node should have and the one that it reported. `drifted_at` is the moment since which both
 * differ. `claimed_until`: a publisher has the node's document until then.
 */
export const nodeConfigs = fleet.table(
  'node_configs',
  {
    nodeId: idOf('node_id')
      .primaryKey()
      .references(() => nodes.id),
    tenantId: tenantId(),
    settings: jsonb('settings').notNull().default({}),
    desiredVersion: integer('desired_version').notNull().default(1),
    desiredAt: instant('desired_at').notNull().defaultNow(),
    publishedVersion: integer('published_version').notNull().default(0),
    publishedAt: instant('published_at'),
    claimedUntil: instant('claimed_until'),
    reportedVersion: integer('reported_version').notNull().default(0),
    reportedAt: instant('reported_at'),
    outcome: text('outcome'),
    reason: text('reason'),
    rejections: integer('rejections').notNull().default(0),
    overrideUntil: instant('override_until'),
    driftedAt: instant('drifted_at').defaultNow(),
  },
  () => [
    check('node_configs_outcome', known('outcome', configOutcomes)),
    check('node_configs_published', sql`published_version <= desired_version`),
    check('node_configs_reported', sql`reported_version <= desired_version`),
  ],
)

/** A sensor or an actuator of a node. Channels come with the node's first report. */
export const channels = fleet.table(
  'channels',
  {
    nodeId: idOf('node_id')
      .notNull()
      .references(() => nodes.id),
    channel: text('channel').notNull(),
    tenantId: tenantId(),
    kind: text('kind').notNull(),
    metric: text('metric'),
    settings: jsonb('settings').notNull().default({}),
    reportedAt: instant('reported_at').notNull().defaultNow(),
  },
  (t) => [
    primaryKey({ name: 'channels_pkey', columns: [t.nodeId, t.channel] }),
    check('channels_kind', sql`kind in ('sensor', 'actuator')`),
  ],
)

/** The line that makes a value of a raw one, from a moment on. Raw values are kept, so history can be calculated anew. */
export const calibrations = fleet.table(
  'calibrations',
  {
    nodeId: idOf('node_id').notNull(),
    metricId: smallint('metric_id').notNull(),
    channel: text('channel').notNull(),
    fromAt: instant('from_at').notNull(),
    tenantId: tenantId(),
    gain: doublePrecision('gain').notNull(),
    shift: doublePrecision('shift').notNull(),
    createdAt: createdAt(),
    /** Null until the samples that were stored before it are calculated anew. */
    appliedAt: instant('applied_at'),
  },
  (t) => [primaryKey({ name: 'calibrations_pkey', columns: [t.nodeId, t.metricId, t.channel, t.fromAt] })],
)

/** The things that nodes measure, the same for all tenants. Durations are seconds; `max_rate` is a change per second. */
export const metrics = fleet.table(
  'metrics',
  {
    id: smallint('id').primaryKey().generatedAlwaysAsIdentity(),
    name: text('name').notNull(),
    unit: text('unit').notNull(),
    min: doublePrecision('min'),
    max: doublePrecision('max'),
    kind: text('kind').notNull().default('gauge'),
    reporting: text('reporting').notNull().default('periodic'),
    priority: text('priority').notNull().default('normal'),
    staleAfter: integer('stale_after').notNull().default(600),
    lateAfter: integer('late_after').notNull().default(600),
    maxRate: doublePrecision('max_rate'),
    stuckAfter: integer('stuck_after'),
    restValue: doublePrecision('rest_value'),
  },
  (t) => [
    unique('metrics_name').on(t.name),
    check('metrics_kind', known('kind', metricKinds)),
    check('metrics_reporting', known('reporting', reportings)),
    check('metrics_priority', known('priority', priorities)),
  ],
)

/** `ts` is the time of the measurement, `raw` the value before calibration. In partitions of a day. */
export const telemetrySamples = fleet.table(
  'telemetry_samples',
  {
    nodeId: idOf('node_id').notNull(),
    metricId: smallint('metric_id').notNull(),
    channel: text('channel').notNull(),
    ts: instant('ts').notNull(),
    value: doublePrecision('value').notNull(),
    raw: doublePrecision('raw').notNull(),
    quality: text('quality').notNull(),
    receivedAt: instant('received_at').notNull(),
    /** How often another value came for this key. The first value stays. */
    conflicts: smallint('conflicts').notNull().default(0),
  },
  (t) => [primaryKey({ name: 'telemetry_samples_pkey', columns: [t.nodeId, t.metricId, t.channel, t.ts] })],
)

/** The newest value by the time of measurement. `same_since`: since then the value has not changed. */
export const telemetryLast = fleet.table(
  'telemetry_last',
  {
    nodeId: idOf('node_id').notNull(),
    metricId: smallint('metric_id').notNull(),
    channel: text('channel').notNull(),
    ts: instant('ts').notNull(),
    value: doublePrecision('value').notNull(),
    raw: doublePrecision('raw').notNull(),
    quality: text('quality').notNull(),
    sameSince: instant('same_since').notNull(),
    receivedAt: instant('received_at').notNull(),
  },
  (t) => [
    primaryKey({ name: 'telemetry_last_pkey', columns: [t.nodeId, t.metricId, t.channel] }),
    check('telemetry_last_quality', known('quality', qualities)),
  ],
)

function aggregated() {
  return {
    nodeId: idOf('node_id').notNull(),
    metricId: smallint('metric_id').notNull(),
    channel: text('channel').notNull(),
    n: integer('n').notNull(),
    sum: doublePrecision('sum').notNull(),
    min: doublePrecision('min').notNull(),
    max: doublePrecision('max').notNull(),
    last: doublePrecision('last').notNull(),
    lastTs: instant('last_ts').notNull(),
    /** Of a counter; null for a gauge. */
    increase: doublePrecision('increase'),
  }
}

/** Not `folded`: the hour does not have it yet. In partitions of a day. */
export const telemetry1m = fleet.table(
  'telemetry_1m',
  {
    ...aggregated(),
    minute: instant('minute').notNull(),
    folded: boolean('folded').notNull().default(false),
  },
  (t) => [primaryKey({ name: 'telemetry_1m_pkey', columns: [t.nodeId, t.metricId, t.channel, t.minute] })],
)

/** Not `folded`: the day does not have it yet. In partitions of a month. */
export const telemetry1h = fleet.table(
  'telemetry_1h',
  { ...aggregated(), hour: instant('hour').notNull(), folded: boolean('folded').notNull().default(false) },
  (t) => [primaryKey({ name: 'telemetry_1h_pkey', columns: [t.nodeId, t.metricId, t.channel, t.hour] })],
)

/** `day` is a day of the greenhouse, in its time zone. */
export const telemetry1d = fleet.table(
  'telemetry_1d',
  { ...aggregated(), day: date('day').notNull() },
  (t) => [primaryKey({ name: 'telemetry_1d_pkey', columns: [t.nodeId, t.metricId, t.channel, t.day] })],
)

/** Samples that were refused, with the reason. Kept for seven days, in partitions of the id. */
export const telemetryRejects = fleet.table(
  'telemetry_rejects',
  {
    id: uuid('id').primaryKey().default(sql`uuidv7()`),
    tenantId: tenantId(),
    nodeUid: text('node_uid'),
    reason: text('reason').notNull(),
    sample: jsonb('sample').notNull(),
    receivedAt: instant('received_at').notNull(),
    replayedAt: instant('replayed_at'),
  },
  () => [check('telemetry_rejects_reason', known('reason', rejectReasons))],
)

/** The samples that a tenant's nodes sent in a minute of receipt, by outcome. `refused`: answered 429, not received. */
export const telemetryMinutes = fleet.table(
  'telemetry_minutes',
  {
    tenantId: tenantId(),
    minute: instant('minute').notNull(),
    received: bigint('received', { mode: 'number' }).notNull().default(0),
    accepted: bigint('accepted', { mode: 'number' }).notNull().default(0),
    duplicate: bigint('duplicate', { mode: 'number' }).notNull().default(0),
    conflicting: bigint('conflicting', { mode: 'number' }).notNull().default(0),
    late: bigint('late', { mode: 'number' }).notNull().default(0),
    rejected: bigint('rejected', { mode: 'number' }).notNull().default(0),
    thinned: bigint('thinned', { mode: 'number' }).notNull().default(0),
    refused: bigint('refused', { mode: 'number' }).notNull().default(0),
  },
  (t) => [primaryKey({ name: 'telemetry_minutes_pkey', columns: [t.tenantId, t.minute] })],
)

/**
 * The batches of a boot of a node by their numbers. A gap below the highest is lost on the way. `first_at` is the time of
 * its first sample: a counter that falls there began anew.
 */
export const nodeBoots = fleet.table(
  'node_boots',
  {
    nodeId: idOf('node_id').notNull(),
    bootId: text('boot_id').notNull(),
    firstAt: instant('first_at').notNull(),
    lastAt: instant('last_at').notNull(),
    seen: numbersOf('seen').notNull().default(sql`'{}'`),
  },
  (t) => [primaryKey({ name: 'node_boots_pkey', columns: [t.nodeId, t.bootId] })],
)

/** The range in which a zone's value should be, for the whole day or for hours of it. */
export const zoneTargets = fleet.table(
  'zone_targets',
  {
    id: id(),
    tenantId: tenantId(),
    zoneId: idOf('zone_id')
      .notNull()
      .references(() => zones.id),
    metricId: smallint('metric_id')
      .notNull()
      .references(() => metrics.id),
    min: doublePrecision('min').notNull(),
    max: doublePrecision('max').notNull(),
    hysteresis: doublePrecision('hysteresis').notNull().default(0),
    fromTime: time('from_time'),
    untilTime: time('until_time'),
    clock: text('clock').notNull().default('local'),
    version: version(),
  },
  (t) => [
    unique('zone_targets_hours').on(t.zoneId, t.metricId, t.fromTime).nullsNotDistinct(),
    check('zone_targets_range', sql`min <= max and hysteresis >= 0 and hysteresis <= max - min`),
    check('zone_targets_hours_whole', sql`(from_time is null) = (until_time is null)`),
    check('zone_targets_clock', known('clock', clocks)),
  ],
)

/**
 * Doses through the node of one type in the zone, to raise or to lower a value. `epoch` rises when it is disabled.
 * `outcome` and `thresholds` are those of its newest decision, so that an unchanged cycle writes nothing.
 */
export const regulators = fleet.table(
  'regulators',
  {
    id: id(),
    tenantId: tenantId(),
    zoneId: idOf('zone_id')
      .notNull()
      .references(() => zones.id),
    metricId: smallint('metric_id')
      .notNull()
      .references(() => metrics.id),
    direction: text('direction').notNull(),
    nodeType: text('node_type').notNull(),
    channel: text('channel').notNull().default(''),
    dose: doublePrecision('dose').notNull(),
    unit: text('unit').notNull().default('ml'),
    pulseMs: integer('pulse_ms').notNull(),
    maxRunMs: integer('max_run_ms').notNull(),
    cooldownSeconds: integer('cooldown_seconds').notNull(),
    budgetHour: doublePrecision('budget_hour').notNull(),
    budgetDay: doublePrecision('budget_day').notNull(),
    enabled: boolean('enabled').notNull().default(true),
    epoch: integer('epoch').notNull().default(1),
    acting: boolean('acting').notNull().default(false),
    dosedAt: instant('dosed_at'),
    outcome: text('outcome'),
    thresholds: jsonb('thresholds'),
    version: version(),
  },
  (t) => [
    unique('regulators_zone').on(t.zoneId, t.metricId, t.direction),
    check('regulators_direction', known('direction', directions)),
    check('regulators_node_type', known('node_type', nodeTypes)),
    check('regulators_outcome', known('outcome', decisionOutcomes)),
    check('regulators_amounts', sql`dose > 0 and budget_hour >= 0 and budget_day >= 0`),
    check('regulators_times', sql`pulse_ms > 0 and max_run_ms >= pulse_ms and cooldown_seconds >= 0`),
  ],
)

/** The doses of an hour or a day. Race: doses at the same moment. The check refuses the one that would overdraw. */
export const doseWindows = fleet.table(
  'dose_windows',
  {
    regulatorId: idOf('regulator_id').notNull(),
    span: text('span').notNull(),
    startsAt: instant('starts_at').notNull(),
    tenantId: tenantId(),
    used: doublePrecision('used').notNull().default(0),
    budget: doublePrecision('budget').notNull(),
  },
  (t) => [
    primaryKey({ name: 'dose_windows_pkey', columns: [t.regulatorId, t.span, t.startsAt] }),
    check('dose_windows_span', known('span', doseSpans)),
    check('dose_windows_used', sql`used >= 0`),
    check('dose_windows_budget', sql`used <= budget`),
  ],
)

/** `slot` is the cycle that ordered it; a person's command has none. It is void when an epoch has passed. */
export const commands = fleet.table(
  'commands',
  {
    id: id(),
    tenantId: tenantId(),
    nodeId: idOf('node_id').notNull(),
    zoneId: idOf('zone_id').notNull(),
    regulatorId: idOf('regulator_id'),
    slot: instant('slot'),
    zoneEpoch: integer('zone_epoch').notNull(),
    regulatorEpoch: integer('regulator_epoch'),
    kind: text('kind').notNull(),
    channel: text('channel').notNull().default(''),
    amount: doublePrecision('amount'),
    unit: text('unit'),
    runMs: integer('run_ms'),
    maxRunMs: integer('max_run_ms'),
    state: text('state').notNull().default('QUEUED'),
    reason: text('reason'),
    orderedBy: text('ordered_by').notNull(),
    queuedAt: instant('queued_at').notNull().defaultNow(),
    sentAt: instant('sent_at'),
    ackedAt: instant('acked_at'),
    finishedAt: instant('finished_at'),
    /** Null: sent until it is acknowledged. */
    expiresAt: instant('expires_at'),
  },
  (t) => [
    // Race: two cycles of one slot. One of them writes the command.
    unique('commands_slot').on(t.regulatorId, t.slot),
    // POST /v1/fleet/nodes/{uid}/commands/take.
    index('idx_commands_waiting').on(t.nodeId).where(sql`state in ('QUEUED', 'SENT')`),
    // The job that ends commands whose time has passed.
    index('idx_commands_open').on(t.expiresAt).where(sql`state in ('QUEUED', 'SENT', 'ACK')`),
    // GET /v1/fleet/zones/{id}/commands, newest first.
    index('idx_commands_zone').on(t.zoneId, t.id),
    check('commands_kind', known('kind', commandKinds)),
    check('commands_state', known('state', commandStates)),
    check('commands_dose', sql`kind <> 'dose' or (amount > 0 and run_ms > 0 and max_run_ms >= run_ms)`),
  ],
)

/** A change of what a regulator does, with its inputs. In partitions of a month. */
export const decisions = fleet.table(
  'decisions',
  {
    regulatorId: idOf('regulator_id').notNull(),
    at: instant('at').notNull(),
    tenantId: tenantId(),
    zoneId: idOf('zone_id').notNull(),
    outcome: text('outcome').notNull(),
    commandId: idOf('command_id'),
    inputs: jsonb('inputs').notNull(),
  },
  (t) => [
    primaryKey({ name: 'decisions_pkey', columns: [t.regulatorId, t.at] }),
    check('decisions_outcome', known('outcome', decisionOutcomes)),
  ],
)

/** A cycle of a shard, once for each slot. In partitions of a day. */
export const cycles = fleet.table(
  'cycles',
  {
    shard: integer('shard').notNull(),
    slot: instant('slot').notNull(),
    startedAt: instant('started_at').notNull().defaultNow(),
    finishedAt: instant('finished_at'),
    tookMs: doublePrecision('took_ms'),
    zones: integer('zones').notNull().default(0),
    success: integer('success').notNull().default(0),
    failed: integer('failed').notNull().default(0),
    commands: integer('commands').notNull().default(0),
    errors: jsonb('errors').notNull().default([]),
  },
  (t) => [
    primaryKey({ name: 'cycles_pkey', columns: [t.shard, t.slot] }),
    check('cycles_counts', sql`zones = success + failed`),
  ],
)

/** One open alert for each kind and subject. `since` is the first moment of the condition. */
export const alerts = fleet.table(
  'alerts',
  {
    id: id(),
    tenantId: idOf('tenant_id'),
    kind: text('kind').notNull(),
    severity: text('severity').notNull().default('warning'),
    subject: text('subject').notNull(),
    labels: jsonb('labels').notNull().default({}),
    since: instant('since').notNull(),
    raisedAt: instant('raised_at').notNull().defaultNow(),
    seenAt: instant('seen_at').notNull().defaultNow(),
    clearedAt: instant('cleared_at'),
    ackedAt: instant('acked_at'),
    ackedBy: text('acked_by'),
  },
  (t) => [
    uniqueIndex('alerts_open').on(t.kind, t.subject).where(sql`cleared_at is null`),
    // GET /v1/fleet/alerts of a tenant, newest first.
    index('idx_alerts_tenant').on(t.tenantId, t.id),
    check('alerts_kind', known('kind', alertKinds)),
    check('alerts_severity', known('severity', severities)),
  ],
)
