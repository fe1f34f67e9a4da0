import { type Aim, type DecisionOutcome, decide } from '../../../functions/fleet/decide.ts'

/** Two days of demo telemetry, a sample every two minutes. */
export const steps = 1_440
export const stepMinutes = 2
export const stepMs = stepMinutes * 60_000
const stepsOfDay = 720

/** A regulator of the demo data, with the beginnings of the hours and days of its greenhouse, one for each step. */
export type Regulator = {
  id: number
  zone: number
  nth: number
  metric: string
  direction: 'raise' | 'lower'
  dose: number
  budgetHour: number
  budgetDay: number
  cooldownSeconds: number
  aim: Aim
  sensor: number
  manual: boolean
  hours: number[]
  days: number[]
}

export type Decided = {
  regulator: number
  zone: number
  at: number
  outcome: DecisionOutcome
  value: number | null
  measuredAt: number | null
  quality: string | null
  hourLeft: number
  dayLeft: number
  /** The end of the dose, if it dosed. */
  command: 'DONE' | 'NO_EFFECT' | 'TIMEOUT' | null
}

export type Window = {
  regulator: number
  hourAt: number
  hourUsed: number
  dayAt: number
  dayUsed: number
  dosedAt: number | null
  outcome: DecisionOutcome
  decidedAt: number
}

export type Lived = {
  values: (number | null)[]
  stuckFrom: number | null
  decided: Decided[]
  window: Window
}

/** How the value of a zone moves by itself in a step, and by a dose. */
const nature = {
  ph: { start: 5.9, drift: 0.0022, byDose: -0.09, noise: 0.012, digits: 3 },
  ec: { start: 1.9, drift: -0.0026, byDose: 0.13, noise: 0.012, digits: 3 },
} as const

/** The sensor of the fifth zone has been stuck for nine hours; stuck_after of pH is six. */
const [stuckZone, stuckSteps, stuckAfter] = [5, 270, 180]
/** The sensor of the seventh zone was out of reach for an hour, a day ago. */
const [lostZone, lostFrom, lostUntil] = [7, steps - 780, steps - 750]
/** The water of the sixth zone changes faster than its budget allows. */
const [hardZone, hardFactor] = [6, 4]
/** People took the zones over so long ago. */
const manualSteps = 600

/** Two days of one regulated value: the plant drifts, `decide` of the specification decides at each step, doses act. */
export function live(regulator: Regulator, from: number, random: () => number): Lived {
  const { zone, nth, metric, dose, cooldownSeconds } = regulator
  const { start, drift, byDose, noise, digits } = metric === 'ec' ? nature.ec : nature.ph
  const isStuck = metric === 'ph' && nth === stuckZone
  const values: Lived['values'] = []
  const decided: Decided[] = []
  const window: Window = {
    regulator: regulator.id,
    hourAt: regulator.hours[0] ?? from,
    hourUsed: 0,
    dayAt: regulator.days[0] ?? from,
    dayUsed: 0,
    dosedAt: null,
    outcome: 'in_range',
    decidedAt: from,
  }
  let [real, acting, doses]: [number, number, number] = [start + (random() - 0.5) * 0.4, 0, 0]
  let reading: { value: number; at: number } | null = null
  for (let step = 0; step < steps; step += 1) {
    const at = from + step * stepMs
    real += drift * (nth === hardZone ? hardFactor : 1) * (0.6 + 0.8 * random()) + acting * 0.3
    acting *= 0.7
    // The water of a tank goes no further than this.
    real = Math.min(Math.max(real, 0.4), 7.4)
    const isFrozen = isStuck && step >= steps - stuckSteps
    const shown: number = isFrozen
      ? (reading?.value ?? real)
      : round(real + (random() - 0.5) * 2 * noise, digits)
    const isLost = metric === 'ph' && nth === lostZone && step >= lostFrom && step < lostUntil
    values.push(isLost ? null : shown)
    if (!isLost) reading = { value: shown, at }
    const quality = isStuck && step >= steps - stuckSteps + stuckAfter ? 'stuck' : 'good'
    const [hourAt = at, dayAt = at] = [regulator.hours[step], regulator.days[step]]
    if (hourAt !== window.hourAt) Object.assign(window, { hourAt, hourUsed: 0 })
    if (dayAt !== window.dayAt) Object.assign(window, { dayAt, dayUsed: 0 })
    const [hourLeft, dayLeft] = [regulator.budgetHour - window.hourUsed, regulator.budgetDay - window.dayUsed]
    const outcome = decide({
      at,
      enabled: true,
      mode: regulator.manual && step >= steps - manualSteps ? 'manual' : 'auto',
      modeUntil: null,
      direction: regulator.direction,
      aim: regulator.aim,
      reading: reading && { value: reading.value, freshAt: reading.at, staleAfterSeconds: 600, quality },
      was: decided.length === 0 ? null : window.outcome,
      waits: false,
      actuator: 'ready',
      opposedUntil: null,
      dosedAt: window.dosedAt,
      cooldownSeconds,
      dose: dose * 1_000,
      left: Math.min(hourLeft, dayLeft) * 1_000,
    })
    if (outcome !== window.outcome || outcome === 'dosed' || decided.length === 0) {
      doses += outcome === 'dosed' ? 1 : 0
      const command = outcome === 'dosed' ? endOf(doses) : null
      const [value, measuredAt] = [reading?.value ?? null, reading?.at ?? null]
      const inputs = { value, measuredAt, quality: reading && quality }
      decided.push({ regulator: regulator.id, zone, at, outcome, ...inputs, hourLeft, dayLeft, command })
      if (command !== null) window.dosedAt = at
      // A dose without an effect is given back; after a time-out nobody knows.
      if (command === 'DONE') acting += byDose
      if (command !== null && command !== 'NO_EFFECT') {
        window.hourUsed += dose
        window.dayUsed += dose
      }
      Object.assign(window, { outcome, decidedAt: at })
    }
  }
  const stuckFrom = isStuck ? from + (steps - stuckSteps + stuckAfter) * stepMs : null
  return { values, stuckFrom, decided, window }
}

function endOf(nth: number): Decided['command'] {
  if (nth % 11 === 7) return 'NO_EFFECT'
  return nth % 17 === 9 ? 'TIMEOUT' : 'DONE'
}

type Weather = { metric: string; values: (number | null)[] }

/** Warm days, humid nights. The climate node of the second zone fell silent three hours ago. */
export function weather(nth: number, from: number, random: () => number): Weather[] {
  const silentFrom = nth === 2 ? steps - 90 : steps
  const [temperature, humidity]: [(number | null)[], (number | null)[]] = [[], []]
  for (let step = 0; step < steps; step += 1) {
    const day = ((from / stepMs + step) % stepsOfDay) / stepsOfDay
    const sun = Math.max(0, Math.sin((day - 0.25) * 2 * Math.PI))
    const slow = Math.sin(step / 95 + nth) * 0.6
    const isSilent = step >= silentFrom
    temperature.push(isSilent ? null : round(19 + nth * 0.2 + 6.5 * sun + slow + random() * 0.3, 2))
    humidity.push(isSilent ? null : round(74 - 22 * sun - slow * 3 + random(), 1))
  }
  return [
    { metric: 'temperature', values: temperature },
    { metric: 'humidity', values: humidity },
  ]
}

/** The counter of a pump, which waters for four minutes of each half-hour of the day. */
export function watered(nth: number, from: number): number[] {
  let total = 1_200 + nth * 37
  return Array.from({ length: steps }, (_, step) => {
    const clock = from / stepMs + step
    const isDay = clock % stepsOfDay >= 180 && clock % stepsOfDay < 600
    if (isDay && (clock + nth) % 15 < 2) total = round(total + 4.8, 1)
    return total
  })
}

function round(value: number, digits: number): number {
  const unit = 10 ** digits
  return Math.round(value * unit) / unit
}
