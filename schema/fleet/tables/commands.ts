import { sql } from 'drizzle-orm'
import { check, index, integer, text, unique } from 'drizzle-orm/pg-core'
import { id, idOf, instant } from '../../kit/columns.ts'
import { commandKinds, commandStates } from '../states.ts'
import { amount, fleet, known, tenantId } from './row.ts'

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
    amount: amount('amount'),
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
    // A cycle, whether a command of the regulator has not ended; the job that ends commands whose time has passed.
    index('idx_commands_open').on(t.regulatorId).where(sql`state in ('QUEUED', 'SENT', 'ACK')`),
    // GET /v1/fleet/zones/{id}/commands, newest first.
    index('idx_commands_zone').on(t.zoneId, t.id),
    check('commands_kind', known('kind', commandKinds)),
    check('commands_state', known('state', commandStates)),
    check('commands_dose', sql`kind <> 'dose' or (amount > 0 and run_ms > 0 and max_run_ms >= run_ms)`),
  ],
)
