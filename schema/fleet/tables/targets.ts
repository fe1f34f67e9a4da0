import { sql } from 'drizzle-orm'
import { check, doublePrecision, smallint, text, time, unique } from 'drizzle-orm/pg-core'
import { id, idOf, version } from '../../kit/columns.ts'
import { clocks } from '../states.ts'
import { fleet, known, tenantId } from './row.ts'
import { metrics } from './telemetry.ts'
import { zones } from './zones.ts'

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
    check(
      'zone_targets_hours_whole',
      sql`(from_time is null) = (until_time is null) and from_time <> until_time`,
    ),
    check('zone_targets_clock', known('clock', clocks)),
  ],
)
