import { sql } from 'drizzle-orm'
import { zoneTargets } from '../../../schema/fleet/tables/targets.ts'
import type { Ctx } from '../../core/context.ts'
import type { Refused } from '../../core/errors.ts'
import { hasSqlstate } from '../../core/sqlstate.ts'
import { assignments, changeVersion } from '../../core/versioned.ts'
import { callerScope } from '../greenhouses/scope.ts'
import type { Target, TargetChange } from './contract.ts'
import { showTarget } from './show.ts'

type Edit = { id: number; version: number; change: TargetChange }

/** An omitted field keeps its value, so the statement checks the range and the hours against the row. */
export async function editTarget(
  ctx: Ctx,
  { id, version, change }: Edit,
): Promise<{ ok: true; value: Target } | Refused> {
  const { min, max, hysteresis, from, until, clock } = change
  const after = (value: number | undefined, column: 'min' | 'max' | 'hysteresis') =>
    value === undefined ? sql`found.${sql.raw(column)}` : sql`${value}::float8`
  const hour = (value: string | null | undefined, column: 'from_time' | 'until_time') =>
    value === undefined ? sql`found.${sql.raw(column)}` : sql`${value}::time`
  const [start, end] = [hour(from, 'from_time'), hour(until, 'until_time')]
  try {
    return await changeVersion(ctx, {
      verb: 'fleet.edit-target',
      db: callerScope(ctx),
      table: zoneTargets,
      id,
      version,
      refusals: [
        refusal(
          sql`${after(hysteresis, 'hysteresis')} > ${after(max, 'max')} - ${after(min, 'min')}`,
          'hysteresis must be at most max - min',
        ),
        refusal(sql`(${start} is null) <> (${end} is null)`, 'Give both from and until, or neither'),
        refusal(sql`${start} = ${end}`, 'until must differ from from'),
      ],
      set: assignments({ min, max, hysteresis, from_time: from, until_time: until, clock }),
      value: showTarget('changed'),
    })
  } catch (error) {
    if (!hasSqlstate(error, '23505')) throw error
    return { ok: false, reason: 'conflict', detail: 'The zone has a target of this metric from this time on' }
  }
}

function refusal(when: ReturnType<typeof sql>, detail: string) {
  return {
    when,
    outcome: sql`jsonb_build_object('ok', false, 'reason', 'unprocessable', 'detail', ${detail}::text)`,
  }
}
