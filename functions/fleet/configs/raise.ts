import { type SQL, sql } from 'drizzle-orm'
import { emit } from '../../core/outbox.ts'

/**
 * CTEs: each node in `of` gets the next version of its configuration, with other settings if there are any, and the
 * outbox says so. `configured` has the new rows.
 */
export function raiseConfig(of: string, settings?: Record<string, unknown>): SQL {
  const nodes = sql.identifier(of)
  const set = settings === undefined ? sql`` : sql`settings = ${JSON.stringify(settings)}::jsonb,`
  return sql`
configured as (
  update fleet.node_configs c
  set ${set}
    desired_version = c.desired_version + 1,
    desired_at = now(),
    rejections = 0,
    drifted_at = coalesce(c.drifted_at, now())
  from ${nodes}
  where c.node_id = ${nodes}.id
  returning c.*, ${nodes}.uid
),
told as (${emit({
    topic: 'fleet',
    from: 'configured',
    type: 'node.config_changed',
    subject: sql`'node:' || configured.uid`,
    audience: sql`'tenant:' || configured.tenant_id`,
    data: sql`jsonb_build_object('uid', configured.uid, 'desiredVersion', configured.desired_version)`,
  })})`
}
