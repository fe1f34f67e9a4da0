import type { decisionOutcomes, directions, qualities, zoneModes } from '../../schema/fleet/states.ts'

/*
 * The decision about one regulator at one moment. This is the specification: Postgres decides the same for all zones of a
 * shard in one statement (schema/fleet/decide.sql, schema/fleet/is_due.sql), and a property test compares the two.
 * Moments are milliseconds since 1970, amounts are thousandths of the regulator's unit.
 */

export type DecisionOutcome = (typeof decisionOutcomes)[number]
type Direction = (typeof directions)[number]

/** `from` and `until` are seconds of the day; both null is the whole day. */
export type Hours = { from: number | null; until: number | null; clock: 'local' | 'standard' }

export type Aim = { min: number; max: number; hysteresis: number }

export type Reading = {
  value: number
  freshAt: number
  staleAfterSeconds: number
  quality: (typeof qualities)[number]
}

export type Situation = {
  at: number
  enabled: boolean
  mode: (typeof zoneModes)[number]
  modeUntil: number | null
  direction: Direction
  aim: Aim | null
  reading: Reading | null
  /** The outcome of the decision before. */
  was: DecisionOutcome | null
  /** A command of this regulator has not ended. */
  waits: boolean
  actuator: 'ready' | 'maintenance' | 'none'
  /** Until then the dose of the opposite regulator takes effect. */
  opposedUntil: number | null
  dosedAt: number | null
  cooldownSeconds: number
  dose: number
  /** The amount that the hour and the day still allow. */
  left: number
}

/** The first rule that fits decides. A zone that must not be touched comes first, the dose comes last. */
export function decide(s: Situation): DecisionOutcome {
  if (!s.enabled) return 'disabled'
  if (s.mode !== 'auto' && (s.modeUntil === null || s.modeUntil > s.at)) return s.mode
  if (s.actuator === 'maintenance') return 'maintenance'
  if (s.aim === null) return 'no_target'
  if (s.reading === null) return 'no_value'
  if (s.reading.freshAt + s.reading.staleAfterSeconds * 1_000 < s.at) return 'stale'
  if (s.reading.quality !== 'good') return 'suspect'
  if (!isActing(s.direction, s.reading.value, s.aim, wasActing(s.was))) return 'in_range'
  if (s.waits) return 'unacknowledged'
  if (s.actuator === 'none') return 'no_actuator'
  if (s.opposedUntil !== null && s.opposedUntil > s.at) return 'opposed'
  if (s.dosedAt !== null && s.dosedAt + s.cooldownSeconds * 1_000 > s.at) return 'cooldown'
  return s.dose > s.left ? 'budget_exhausted' : 'dosed'
}

/** Outside its range a value is acted on until it is inside by the hysteresis. So a value at the limit starts nothing twice. */
function isActing(direction: Direction, value: number, { min, max, hysteresis }: Aim, was: boolean): boolean {
  if (direction === 'raise') return value < min || (was && value < min + hysteresis)
  return value > max || (was && value > max - hysteresis)
}

function wasActing(was: DecisionOutcome | null): boolean {
  return was !== null && actingOutcomes.includes(was)
}

/** The value was outside its range. */
const actingOutcomes: readonly DecisionOutcome[] = [
  'unacknowledged',
  'no_actuator',
  'opposed',
  'cooldown',
  'budget_exhausted',
  'dosed',
]

/** Whether the hours of a target contain this moment. Hours may go over midnight. */
export function isDue(at: number, { from, until, clock }: Hours, zone: string): boolean {
  if (from === null || until === null) return true
  const passed = (time: number) =>
    clock === 'standard' ? timeOf(at + standardOffset(at, zone)) >= time : hasPassed(at, time, zone)
  return from < until ? passed(from) && !passed(until) : passed(from) || !passed(until)
}

/**
 * Whether the clock on the wall has shown this time on this day. On the short day 02:30 passes at 03:00. On the long day it
 * passes the first time, and stays passed when the clock goes back.
 */
function hasPassed(at: number, time: number, zone: string): boolean {
  const wall = at + offsetAt(at, zone)
  if (timeOf(wall) >= time) return true
  // The clock may have gone back since: the time as the offset of the day before would show it.
  const first = wall - timeOf(wall) * 1_000 + time * 1_000 - offsetAt(at - dayMs, zone)
  return first <= at && timeOf(first + offsetAt(first, zone)) === time
}

/** Without summer time: the lower offset of winter and summer. */
function standardOffset(at: number, zone: string): number {
  const january = Date.UTC(new Date(at).getUTCFullYear(), 0, 1)
  return Math.min(offsetAt(january, zone), offsetAt(january + 181 * dayMs, zone))
}

const dayMs = 24 * 60 * 60 * 1_000
const clocks = new Map<string, Intl.DateTimeFormat>()

/** The clock of the zone minus UTC, in milliseconds. */
function offsetAt(at: number, zone: string): number {
  const clock = clocks.get(zone) ?? new Intl.DateTimeFormat('en-US', { ...wholeClock, timeZone: zone })
  clocks.set(zone, clock)
  const shown = Object.fromEntries(clock.formatToParts(at).map(({ type, value }) => [type, Number(value)]))
  const { year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0 } = shown
  return Date.UTC(year, month - 1, day, hour, minute, second) - Math.floor(at / 1_000) * 1_000
}

const wholeClock = {
  hourCycle: 'h23',
  year: 'numeric',
  month: 'numeric',
  day: 'numeric',
  hour: 'numeric',
  minute: 'numeric',
  second: 'numeric',
} as const

/** Seconds of the day that a clock shows. */
function timeOf(wall: number): number {
  return Math.floor((((wall % dayMs) + dayMs) % dayMs) / 1_000)
}
