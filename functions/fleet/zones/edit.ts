import { sql } from 'drizzle-orm'
import { zones } from '../../../schema/fleet/tables/zones.ts'
import type { Ctx } from '../../core/context.ts'
import type { Refused } from '../../core/errors.ts'
import { changeVersion } from '../../core/versioned.ts'
import { callerScope } from '../greenhouses/scope.ts'
import type { Zone, ZoneChange } from './contract.ts'
import { modeOf, showZone } from './show.ts'

type Edit = { id: number; version: number; change: ZoneChange }

/**
 * A change of the mode raises the epoch. The trigger void_commands ends the commands of the older one, and each node that may
 * run one gets an `off`.
 * Race: a node acknowledges such a command at the same moment. It compares the epoch under a lock of the zone's row.
 */
export function editZone(
  ctx: Ctx,
  { id, version, change: { name, mode, modeUntil } }: Edit,
): Promise<{ ok: true; value: Zone } | Refused> {
  const until = mode === undefined ? modeUntil : (modeUntil ?? null)
  return changeVersion(ctx, {
    verb: 'fleet.edit-zone',
    db: callerScope(ctx),
    table: zones,
    id,
    version,
    refusals: [
      {
        when: sql`${mode === undefined && until !== undefined && until !== null} and ${modeOf('found')} = 'auto'`,
        outcome: sql`jsonb_build_object('ok', false, 'reason', 'unprocessable', 'detail', 'The automatic mode has no end')`,
      },
    ],
    set: [
      sql`name = coalesce(${name ?? null}, t.name)`,
      sql`mode = coalesce(${mode ?? null}, t.mode)`,
      // A mode that has ended keeps its end, or it would begin again for ever.
      sql`mode_until = case
        when ${until === undefined} or ${mode === undefined} and ${modeOf('t')} = 'auto' then t.mode_until
        else ${until ?? null}::timestamptz
      end`,
      sql`epoch = t.epoch + ${mode === undefined ? 0 : 1}`,
    ],
    value: showZone('changed'),
  })
}
