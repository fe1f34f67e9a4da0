import type { Ctx } from '../../core/context.ts'
import type { Tx } from '../../core/db.ts'
import type { JobResult } from '../../core/job.ts'
import { named } from '../../core/named.ts'
import { makePartitions } from '../../core/partitions.ts'
import { foldDays } from './fold-days.ts'
import { changedHours, foldHours } from './fold-hours.ts'

type Hours = { minutes: number; hours: number; more: boolean }
type Days = { hours: number; days: number; more: boolean }

/**
 * Folds changed minutes into hours and days. Each statement sees what the one before it wrote, and they commit together.
 */
export async function foldTelemetry(_ctx: Ctx, tx: Tx): Promise<JobResult> {
  await tx.query(named('fleet.every-tenant')`select set_config('app.tenant_id', '*', true)`)
  const hours = await tx.query<{ hour: Date | string }>(changedHours())
  if (hours.length > 0)
    await tx.query(
      makePartitions(
        'fleet.telemetry_1h',
        hours.map(({ hour }) => new Date(hour)),
      ),
    )
  const [minutes = { minutes: 0, hours: 0, more: false }] = await tx.query<Hours>(foldHours())
  const [days = { hours: 0, days: 0, more: false }] = await tx.query<Days>(foldDays())
  const rows = minutes.minutes + days.hours
  return {
    rows,
    outcome: rows > 0 ? 'ok' : 'skipped',
    minutes: minutes.minutes,
    hours: minutes.hours,
    days: days.days,
    more: minutes.more || days.more,
  }
}
