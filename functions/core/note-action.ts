/**
 * The log of what operators do here, and why.
 *
 * Guarantee: the entry commits with the act, or neither commits. The Worker's role can add entries, and can neither change
 * nor remove one.
 * How a caller loses: it cannot.
 * The caller must put the fragment into a CTE of the statement that acts. Driver: any.
 */
import { type SQL, sql } from 'drizzle-orm'
import { actorOf } from './caller.ts'
import type { Ctx } from './context.ts'

type Action = {
  /** As in `job.pause`. */
  action: string
  /** Name of the CTE with one row for each act; the expressions below are over it. */
  from: string
  /** The thing, as in `job:core-housekeeping`. */
  subject: SQL
  reason?: SQL
  /** jsonb object. */
  detail?: SQL
}

/** CTE body: one entry for each row of `from`. */
export function noteAction(
  ctx: Ctx,
  { action, from, subject, reason = sql`null`, detail = sql`'{}'::jsonb` }: Action,
): SQL {
  return sql`
  insert into core.operator_actions (by, action, subject, reason, detail)
  select ${actorOf(ctx)}, ${action}, ${subject}, ${reason}, ${detail}
  from ${sql.identifier(from)}`
}
