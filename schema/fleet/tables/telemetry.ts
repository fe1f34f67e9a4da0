import { sql } from 'drizzle-orm'
import {
  bigint,
  boolean,
  check,
  date,
  doublePrecision,
  index,
  integer,
  jsonb,
  primaryKey,
  smallint,
  text,
  unique,
  uuid,
} from 'drizzle-orm/pg-core'
import { createdAt, idOf, instant, numbersOf } from '../../kit/columns.ts'
import { metricKinds, priorities, qualities, rejectReasons, reportings } from '../states.ts'
import { fleet, known, tenantId } from './row.ts'

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
    /** The samples before it are calculated anew. */
    appliedUntil: instant('applied_until'),
    /** The newest attempt to calculate a part. The tenant that was served longest ago is next. */
    servedAt: instant('served_at'),
  },
  (t) => [
    primaryKey({ name: 'calibrations_pkey', columns: [t.nodeId, t.metricId, t.channel, t.fromAt] }),
    // The job that calculates samples anew: the calibrations that are due, and when it served each tenant last.
    index('idx_calibrations_due').on(t.tenantId, t.createdAt).where(sql`applied_at is null`),
    index('idx_calibrations_served').on(t.tenantId, t.servedAt),
  ],
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
  (t) => [
    primaryKey({ name: 'node_boots_pkey', columns: [t.nodeId, t.bootId] }),
    // The job that removes old boots. Each batch moves last_at, so an index on that would be written with each batch.
    index('idx_node_boots_first').on(t.firstAt),
  ],
)
