import { sql } from 'drizzle-orm'

/** The refusal of a change after the last state of a node. */
export const decommissioned = sql`jsonb_build_object(
  'ok', false, 'reason', 'illegal_transition', 'detail', 'This node is decommissioned', 'from', 'DECOMMISSIONED')`
