import { sql } from 'drizzle-orm'
import { greenhouses } from '../../../schema/fleet/tables/greenhouses.ts'
import type { Ctx } from '../../core/context.ts'
import type { Refused } from '../../core/errors.ts'
import { assignments, changeVersion } from '../../core/versioned.ts'
import type { Greenhouse, GreenhouseChange } from './contract.ts'
import { callerScope } from './scope.ts'
import { showGreenhouse } from './show.ts'

type Edit = { id: number; version: number; change: GreenhouseChange }

export function editGreenhouse(
  ctx: Ctx,
  { id, version, change: { name, timezone } }: Edit,
): Promise<{ ok: true; value: Greenhouse } | Refused> {
  return changeVersion(ctx, {
    verb: 'fleet.edit-greenhouse',
    db: callerScope(ctx),
    table: greenhouses,
    id,
    version,
    // Postgres refuses a time zone that it does not know.
    visible: timezone === undefined ? sql`true` : sql`now() at time zone ${timezone} is not null`,
    set: assignments({ name, timezone }),
    value: showGreenhouse('changed'),
  })
}
