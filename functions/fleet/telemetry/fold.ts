import type { Ctx } from '../../core/context.ts'
import type { Tx } from '../../core/db.ts'
import type { JobResult } from '../../core/job.ts'
import { holding, type Lease } from '../../core/lease.ts'
import { makePartitions } from '../../core/partitions.ts'
import { foldDays } from './fold-days.ts'
import { changedHours, foldHours } from './fold-hours.ts'

type Hours = { minutes: number; hours: number; more: boolean }
type Days = { hours: number; days: number; more: boolean }

/** Changed minutes of one portion, which takes seconds at most. The next run goes on after `runMs`. */
const bounds = { mostMinutes: 20_000, runMs: 30_000 }

/**
 * Folds changed minutes into hours and days, in portions that each commit by themselves. A calibration changes many minutes
 * at once, and those of other series must not wait behind them for minutes.
 */
export async function foldTelemetry(
  ctx: Ctx,
  lease: Lease,
  { mostMinutes, runMs } = bounds,
): Promise<JobResult> {
  const end = ctx.now().getTime() + runMs
  const total = { rows: 0, minutes: 0, hours: 0, days: 0, portions: 0, more: false }
  do {
    const portion = await ctx.db.transaction(async (tx) => {
      await tx.query(holding(lease))
      return foldPortion(tx, mostMinutes)
    })
    total.rows += portion.minutes + portion.hoursOfDays
    total.minutes += portion.minutes
    total.hours += portion.hours
    total.days += portion.days
    total.portions += 1
    total.more = portion.more
  } while (total.more && ctx.now().getTime() < end)
  return { ...total, outcome: total.rows > 0 ? 'ok' : 'skipped' }
}

/** Each statement sees what the one before it wrote. */
async function foldPortion(tx: Tx, mostMinutes: number) {
  const hours = await tx.query<{ hour: Date | string }>(changedHours(mostMinutes))
  if (hours.length > 0)
    await tx.query(
      makePartitions(
        'fleet.telemetry_1h',
        hours.map(({ hour }) => new Date(hour)),
      ),
    )
  const [minutes = { minutes: 0, hours: 0, more: false }] = await tx.query<Hours>(foldHours(mostMinutes))
  const [days = { hours: 0, days: 0, more: false }] = await tx.query<Days>(foldDays())
  return {
    minutes: minutes.minutes,
    hours: minutes.hours,
    hoursOfDays: days.hours,
    days: days.days,
    more: minutes.more || days.more,
  }
}
