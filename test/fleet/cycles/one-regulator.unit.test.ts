import { expect, it } from 'vitest'
import { decide, type Situation } from '../../../functions/fleet/decide.ts'

const now = Date.parse('2026-05-01T12:00:00Z')

/** A zone whose pH is too low, and everything else allows a dose. */
const low: Situation = {
  at: now,
  enabled: true,
  mode: 'auto',
  modeUntil: null,
  direction: 'raise',
  aim: { min: 5.5, max: 6.5, hysteresis: 0.2 },
  reading: { value: 5.4, freshAt: now, staleAfterSeconds: 600, quality: 'good' },
  was: 'in_range',
  waits: false,
  actuator: 'ready',
  opposedUntil: null,
  dosedAt: null,
  cooldownSeconds: 60,
  dose: 2_000,
  left: 2_000,
}
const reading = (value: number, more: object = {}) => ({
  reading: { value, freshAt: now, staleAfterSeconds: 600, quality: 'good' as const, ...more },
})

it.each<[string, Partial<Situation>, string]>([
  ['doses below the minimum', {}, 'dosed'],
  ['does nothing in the range', reading(5.5), 'in_range'],
  ['goes on until minimum plus hysteresis', { ...reading(5.69), was: 'cooldown' }, 'dosed'],
  ['stops at minimum plus hysteresis', { ...reading(5.7), was: 'cooldown' }, 'in_range'],
  ['starts nothing between minimum and hysteresis', { ...reading(5.69), was: 'in_range' }, 'in_range'],
  ['starts anew after a value was stale', { ...reading(5.69), was: 'stale' }, 'in_range'],
  ['lowers above the maximum', { ...reading(6.6), direction: 'lower' }, 'dosed'],
  ['lowers until maximum minus hysteresis', { ...reading(6.31), direction: 'lower', was: 'dosed' }, 'dosed'],
  ['never acts on an old value', reading(5, { freshAt: now - 600_001 }), 'stale'],
  ['acts on a value that is just old enough', reading(5, { freshAt: now - 600_000 }), 'dosed'],
  ['never acts on a suspect value', reading(5, { quality: 'suspect' }), 'suspect'],
  ['never acts on a stuck value', reading(5, { quality: 'stuck' }), 'suspect'],
  ['needs a value', { reading: null }, 'no_value'],
  ['needs a target', { aim: null }, 'no_target'],
  ['needs an actuator', { actuator: 'none' }, 'no_actuator'],
  ['leaves an actuator in maintenance alone', { actuator: 'maintenance' }, 'maintenance'],
  ['waits for the end of its command', { waits: true }, 'unacknowledged'],
  ['waits for the opposite dose', { opposedUntil: now + 1 }, 'opposed'],
  ['pauses after a dose', { dosedAt: now - 59_999 }, 'cooldown'],
  ['doses again after the pause', { dosedAt: now - 60_000 }, 'dosed'],
  ['keeps its budget', { left: 1_999 }, 'budget_exhausted'],
  ['leaves a zone to people', { mode: 'manual' }, 'manual'],
  ['leaves a zone in maintenance alone', { mode: 'maintenance', modeUntil: now + 1 }, 'maintenance'],
  ['takes over when the mode has ended', { mode: 'manual', modeUntil: now }, 'dosed'],
  ['does nothing while disabled', { enabled: false, mode: 'manual' }, 'disabled'],
])('%s', (_, more, outcome) => {
  expect(decide({ ...low, ...more })).toBe(outcome)
})
