import { type SQL, sql } from 'drizzle-orm'
import { regulators } from '../../../schema/fleet/tables/regulators.ts'
import type { Ctx } from '../../core/context.ts'
import type { Refused } from '../../core/errors.ts'
import { noteAction } from '../../core/note-action.ts'
import { assignments, changeVersion } from '../../core/versioned.ts'
import { callerScope } from '../greenhouses/scope.ts'
import type { Regulator, RegulatorChange } from './contract.ts'
import { showRegulator } from './show.ts'

type Edit = { id: number; version: number; change: RegulatorChange }

/**
 * Disabling raises the epoch, and so does another actuator. The trigger void_commands ends the commands of the older epoch.
 * Race: a cycle decides at the same moment. Its commands carry the old epoch, so no node gets them.
 * Race: a cycle ends a command at the same moment. Both lock the commands before the budgets; the trigger comes last.
 * A budget below the amount that is used already holds from the next dose on.
 */
export function editRegulator(
  ctx: Ctx,
  { id, version, change }: Edit,
): Promise<{ ok: true; value: Regulator } | Refused> {
  const {
    nodeType,
    channel,
    dose,
    unit,
    pulseMs,
    maxRunMs,
    cooldownSeconds,
    budgetHour,
    budgetDay,
    enabled,
  } = change
  return changeVersion(ctx, {
    verb: 'fleet.edit-regulator',
    db: callerScope(ctx),
    table: regulators,
    id,
    version,
    refusals: [
      {
        when: sql`coalesce(${maxRunMs ?? null}::int, found.max_run_ms) < coalesce(${pulseMs ?? null}::int, found.pulse_ms)`,
        outcome: sql`jsonb_build_object('ok', false, 'reason', 'unprocessable', 'detail', 'maxRunMs must be at least pulseMs')`,
      },
    ],
    set: [
      ...assignments({
        node_type: nodeType,
        channel,
        dose,
        unit,
        pulse_ms: pulseMs,
        max_run_ms: maxRunMs,
        cooldown_seconds: cooldownSeconds,
        budget_hour: budgetHour,
        budget_day: budgetDay,
        enabled,
      }),
      sql`epoch = t.epoch + (
        ${enabled === false} and t.enabled
        or t.node_type <> coalesce(${nodeType ?? null}, t.node_type)
        or t.channel is distinct from coalesce(${channel ?? null}, t.channel)
      )::int`,
    ],
    value: showRegulator('changed'),
    also: sql`,
held as materialized (
  select
  from fleet.commands c
  join changed on changed.id = c.regulator_id
  join found on found.epoch < changed.epoch
  where c.state in ('QUEUED', 'SENT', 'ACK')
  order by c.id
  for no key update of c
),
budgeted as (
  update fleet.dose_windows w
  set hour_budget = greatest(changed.budget_hour, w.hour_used), day_budget = greatest(changed.budget_day, w.day_used)
  from changed
  where w.regulator_id = changed.id
    and ${budgetHour !== undefined || budgetDay !== undefined}
    and (select count(*) from held) >= 0
)${enabled === undefined ? sql`` : switched(ctx, enabled)}`,
  })
}

function switched(ctx: Ctx, enabled: boolean): SQL {
  return sql`,
switched as (${noteAction(ctx, {
    action: enabled ? 'regulator.enable' : 'regulator.disable',
    from: 'changed',
    subject: sql`'regulator:' || id`,
    detail: sql`jsonb_build_object('zone', zone_id, 'epoch', epoch)`,
  })}
)`
}
