import { Cron } from 'croner'

/** The slots of a cron expression, in milliseconds. */
export type Schedule = {
  /** The first slot after this moment; null when there is none. */
  next(after: number): number | null
  /** From the next slot to the one behind it, at the moment for which the schedule was made. */
  periodSeconds: number
  /** No two slots are closer, as far as the next ten show. */
  leastPeriodSeconds: number
}

const [few, farthestSeconds] = [10, 86_400]

/**
 * The schedules of cron expressions at a moment. Jobs that share an expression share its slots, because to compute a slot costs
 * far more than to look one up.
 */
export function schedulesAt(now: Date): (cron: string) => Schedule {
  const known = new Map<string, Schedule>()
  return (cron) => {
    const schedule = known.get(cron) ?? scheduleOf(cron, now)
    known.set(cron, schedule)
    return schedule
  }
}

function scheduleOf(cron: string, now: Date): Schedule {
  const expression = new Cron(cron, { timezone: 'UTC' })
  const slots = new Map<number, number | null>()
  const next = (after: number): number | null => {
    const kept = slots.get(after)
    if (kept !== undefined) return kept
    const slot = expression.nextRun(new Date(after))?.getTime() ?? null
    slots.set(after, slot)
    return slot
  }
  const periods: number[] = []
  let at = next(now.getTime())
  while (at !== null && periods.length < few) {
    const following = next(at)
    if (following !== null) periods.push((following - at) / 1_000)
    at = following
  }
  return {
    next,
    periodSeconds: periods[0] ?? 0,
    leastPeriodSeconds: Math.min(...periods, farthestSeconds),
  }
}
