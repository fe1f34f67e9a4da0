import { sql } from 'drizzle-orm'
import { boolean, check, doublePrecision, index, integer, smallint, text, unique } from 'drizzle-orm/pg-core'
import { createdAt, id, idOf, instant, version } from '../../kit/columns.ts'
import { decisionOutcomes, directions, nodeTypes } from '../states.ts'
import { amount, fleet, known, tenantId } from './row.ts'
import { metrics } from './telemetry.ts'
import { zones } from './zones.ts'

/**
 * Doses through the node of one type in the zone, to raise or to lower a value. `epoch` rises when it is disabled or gets
 * another actuator. No cycle writes this row, so a cycle and a person who changes it never wait for each other.
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
    dose: amount('dose').notNull(),
    unit: text('unit').notNull().default('ml'),
    pulseMs: integer('pulse_ms').notNull(),
    maxRunMs: integer('max_run_ms').notNull(),
    cooldownSeconds: integer('cooldown_seconds').notNull(),
    budgetHour: amount('budget_hour').notNull(),
    budgetDay: amount('budget_day').notNull(),
    enabled: boolean('enabled').notNull().default(true),
    epoch: integer('epoch').notNull().default(1),
    version: version(),
    createdAt: createdAt(),
  },
  (t) => [
    unique('regulators_zone').on(t.zoneId, t.metricId, t.direction),
    // GET /v1/fleet/regulators of a tenant.
    index('idx_regulators_tenant').on(t.tenantId, t.id),
    check('regulators_direction', known('direction', directions)),
    check('regulators_node_type', known('node_type', nodeTypes)),
    check('regulators_amounts', sql`dose > 0 and budget_hour >= 0 and budget_day >= 0`),
    check('regulators_times', sql`pulse_ms > 0 and max_run_ms >= pulse_ms and cooldown_seconds >= 0`),
  ],
)

/**
 * The amounts that a regulator dosed in the running hour and day of its greenhouse, and its newest decision. Both amounts stand in
 * one row, so a dose takes from both or from none, and a cycle writes one row a regulator.
 * Race: doses at the same moment. The statement that doses compares under the row's lock, and the checks refuse the one that
 * would overdraw.
 */
export const doseWindows = fleet.table(
  'dose_windows',
  {
    regulatorId: idOf('regulator_id')
      .primaryKey()
      .references(() => regulators.id),
    tenantId: tenantId(),
    hourAt: instant('hour_at').notNull(),
    hourUsed: amount('hour_used').notNull().default('0'),
    hourBudget: amount('hour_budget').notNull(),
    dayAt: instant('day_at').notNull(),
    dayUsed: amount('day_used').notNull().default('0'),
    dayBudget: amount('day_budget').notNull(),
    dosedAt: instant('dosed_at'),
    outcome: text('outcome'),
    decidedAt: instant('decided_at'),
    low: doublePrecision('low'),
    high: doublePrecision('high'),
  },
  () => [
    check('dose_windows_hour', sql`hour_used between 0 and hour_budget`),
    check('dose_windows_day', sql`day_used between 0 and day_budget`),
    check('dose_windows_outcome', known('outcome', decisionOutcomes)),
  ],
)
