import type { Job, JobRun } from '../../functions/ops/jobs/contract.ts'

export type SlotState = 'done' | 'late' | 'failed' | 'running' | 'paused' | 'missed'
export type Slot = { at: number; state: SlotState; run: JobRun | null }

const minuteMs = 60_000
/** A run that begins later than this after its slot is late. */
const lateMs = 30_000

/** The last slots of a cron expression before `now`, oldest first: of each the state, and the run that did it. */
export function lastSlots(
  { cron, pause }: Pick<Job, 'cron' | 'pause'>,
  runs: readonly JobRun[],
  { now, count }: { now: number; count: number },
): Slot[] {
  const bySlot = new Map(
    runs.flatMap((run) => (run.slot === null ? [] : [[Date.parse(run.slot), run] as const])),
  )
  const oldest = Math.min(...runs.map(({ startedAt }) => Date.parse(startedAt)))
  return slotsBefore(cron, { now, count })
    .filter((at) => at >= oldest - minuteMs)
    .map((at) => {
      const run = bySlot.get(at) ?? null
      if (run !== null) return { at, state: stateOf(run, at), run }
      // The tick of this minute may be on its way.
      if (now - at < lateMs) return { at, state: 'running' as const, run }
      const isPaused = pause !== null && at >= Date.parse(pause.since) && at < Date.parse(pause.until)
      return { at, state: isPaused ? ('paused' as const) : ('missed' as const), run }
    })
}

function stateOf({ outcome, startedAt }: JobRun, at: number): SlotState {
  if (outcome === 'failed' || outcome === 'running') return outcome
  return Date.parse(startedAt) - at > lateMs ? 'late' : 'done'
}

/** The schedules of this system name minutes and hours only, in UTC. */
function slotsBefore(cron: string, { now, count }: { now: number; count: number }): number[] {
  const [minutes = '*', hours = '*'] = cron.split(' ')
  const found: number[] = []
  const farthest = now - 8 * 24 * 60 * minuteMs
  for (
    let at = Math.floor(now / minuteMs) * minuteMs;
    found.length < count && at > farthest;
    at -= minuteMs
  ) {
    const date = new Date(at)
    if (fits(minutes, date.getUTCMinutes()) && fits(hours, date.getUTCHours())) found.push(at)
  }
  return found.toReversed()
}

function fits(field: string, value: number): boolean {
  return field.split(',').some((part) => {
    const [range = '*', step] = part.split('/')
    if (range === '*') return value % Number(step ?? 1) === 0
    const [from = 0, to = from] = range.split('-').map(Number)
    return value >= from && value <= to && (value - from) % Number(step ?? 1) === 0
  })
}
