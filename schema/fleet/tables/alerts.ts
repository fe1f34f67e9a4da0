import { sql } from 'drizzle-orm'
import { check, doublePrecision, index, integer, jsonb, text, uniqueIndex } from 'drizzle-orm/pg-core'
import { id, idOf, instant } from '../../kit/columns.ts'
import { alertKinds, severities } from '../states.ts'
import { fleet, known } from './row.ts'

/**
 * One open alert for each kind and subject. `since` is the first moment of the condition, `raisedAt` the moment at which it
 * had lasted long enough; until then the alert is pending and nobody sees it. `value` is the newest, `peak` the worst one.
 */
export const alerts = fleet.table(
  'alerts',
  {
    id: id(),
    tenantId: idOf('tenant_id'),
    kind: text('kind').notNull(),
    severity: text('severity').notNull().default('warning'),
    subject: text('subject').notNull(),
    labels: jsonb('labels').notNull().default({}),
    value: doublePrecision('value'),
    peak: doublePrecision('peak'),
    count: integer('count').notNull().default(1),
    since: instant('since').notNull(),
    raisedAt: instant('raised_at'),
    seenAt: instant('seen_at').notNull().defaultNow(),
    clearedAt: instant('cleared_at'),
    ackedAt: instant('acked_at'),
    ackedBy: text('acked_by'),
    note: text('note'),
  },
  (t) => [
    uniqueIndex('alerts_open').on(t.kind, t.subject).where(sql`cleared_at is null`),
    // GET /v1/fleet/alerts of a tenant, newest first.
    index('idx_alerts_tenant').on(t.tenantId, t.id),
    check('alerts_kind', known('kind', alertKinds)),
    check('alerts_severity', known('severity', severities)),
    check('alerts_times', sql`raised_at >= since and cleared_at >= raised_at and acked_at >= raised_at`),
  ],
)
