import { sql } from 'drizzle-orm'
import { check, doublePrecision, integer, jsonb, primaryKey, text } from 'drizzle-orm/pg-core'
import { idOf, instant } from '../../kit/columns.ts'
import { decisionOutcomes } from '../states.ts'
import { amount, fleet, known, tenantId } from './row.ts'

/**
 * A change of what a regulator does, with its inputs: the value and its node, the target, and what the budgets allowed before
 * it. In partitions of a month.
 */
export const decisions = fleet.table(
  'decisions',
  {
    regulatorId: idOf('regulator_id').notNull(),
    at: instant('at').notNull(),
    tenantId: tenantId(),
    zoneId: idOf('zone_id').notNull(),
    outcome: text('outcome').notNull(),
    commandId: idOf('command_id'),
    value: doublePrecision('value'),
    measuredAt: instant('measured_at'),
    quality: text('quality'),
    nodeId: idOf('node_id'),
    targetId: idOf('target_id'),
    targetVersion: integer('target_version'),
    low: doublePrecision('low'),
    high: doublePrecision('high'),
    hysteresis: doublePrecision('hysteresis'),
    hourLeft: amount('hour_left').notNull(),
    dayLeft: amount('day_left').notNull(),
    regulatorVersion: integer('regulator_version').notNull(),
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
    decisions: integer('decisions').notNull().default(0),
    errors: jsonb('errors').notNull().default([]),
  },
  (t) => [
    primaryKey({ name: 'cycles_pkey', columns: [t.shard, t.slot] }),
    check('cycles_counts', sql`zones = success + failed`),
  ],
)
