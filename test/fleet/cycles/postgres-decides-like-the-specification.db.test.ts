import fc from 'fast-check'
import { expect, it } from 'vitest'
import { runCycle } from '../../../functions/fleet/cycles/run.ts'
import { type DecisionOutcome, decide, isDue, type Situation } from '../../../functions/fleet/decide.ts'
import { decisionOutcomes } from '../../../schema/fleet/states.ts'
import { freshEnvironment } from '../../core/environment.ts'
import { type Given, givenRegulated } from '../support/regulated.ts'

const environment = await freshEnvironment()
const { admin } = environment.database

const zones = [
  'UTC',
  'Europe/Berlin',
  'America/New_York',
  'Asia/Kolkata',
  'Australia/Lord_Howe',
  'America/Havana',
]
const quarter = fc.integer({ min: 0, max: 95 }).map((n) => n * 900)
/** Near enough to the slot that both sides of each limit are drawn. */
const around = (seconds: number) => fc.integer({ min: -seconds, max: seconds })
const sometimes = <T>(some: fc.Arbitrary<T>) => fc.option(some, { nil: null, freq: 3 })

/** The first value mostly, so that the rules behind it are reached. */
function often<T>(first: T, ...others: T[]): fc.Arbitrary<T> {
  return fc.oneof(
    { arbitrary: fc.constant(first), weight: 6 },
    { arbitrary: fc.constantFrom(...others), weight: 1 },
  )
}

const aim = fc
  .record({
    min: fc.constantFrom(5, 5.5, 6),
    width: fc.constantFrom(0, 0.5, 1),
    part: fc.constantFrom(0, 0.5, 1),
    hours: fc.option(
      fc.record({
        from: quarter,
        until: quarter,
        clock: fc.constantFrom('local' as const, 'standard' as const),
      }),
      { nil: null, freq: 2 },
    ),
  })
  .filter(({ hours }) => hours === null || hours.from !== hours.until)
  .map(({ min, width, part, hours }) => ({
    min,
    max: min + width,
    hysteresis: part * width,
    from: hours?.from ?? null,
    until: hours?.until ?? null,
    clock: hours?.clock ?? ('local' as const),
  }))

/** Everything that a decision reads, mostly so that the last rules are reached. */
const anyZone = fc.record({
  timezone: fc.constantFrom(...zones),
  mode: fc.integer({ min: 0, max: 19 }).map((n) => (['manual', 'maintenance'] as const)[n] ?? 'auto'),
  modeUntil: sometimes(around(60)),
  enabled: fc.integer({ min: 0, max: 19 }).map((n) => n > 0),
  direction: fc.constantFrom('raise' as const, 'lower' as const),
  reporting: fc.constantFrom('periodic' as const, 'on_change' as const),
  aims: fc.oneof(
    {
      arbitrary: fc.uniqueArray(aim, { minLength: 1, maxLength: 2, selector: ({ from }) => from }),
      weight: 9,
    },
    { arbitrary: fc.uniqueArray(aim, { maxLength: 0 }), weight: 1 },
  ),
  value: fc.option(fc.constantFrom(4.5, 5, 5.25, 5.5, 5.75, 6, 6.25, 6.5, 6.75, 7, 7.5), {
    nil: null,
    freq: 9,
  }),
  age: fc.oneof(
    { arbitrary: often(10, 0, 599, 600), weight: 3 },
    { arbitrary: fc.constantFrom(601, 5_000), weight: 1 },
  ),
  seen: sometimes(fc.constantFrom(0, 599, 601)),
  quality: often('good' as const, 'suspect' as const, 'stuck' as const),
  pump: often('ready' as const, 'none' as const, 'maintenance' as const),
  was: fc.option(fc.constantFrom(...decisionOutcomes), { nil: null }),
  dosed: fc.option(fc.integer({ min: 0, max: 120 }), { nil: null, freq: 2 }),
  opposed: fc.option(fc.integer({ min: 0, max: 120 }), { nil: undefined, freq: 2 }),
  waits: often(false, true),
  dose: fc.constantFrom(0.1, 1, 2.5),
  cooldownSeconds: often(60, 0),
  usedHour: fc.constantFrom(0, 0.2, 7.5, 9.9, 10),
  usedDay: often(0, 10, 20),
  /** In the slot's hour and day, in an earlier hour, or on an earlier day. */
  used: fc.constantFrom('this hour' as const, 'another hour' as const, 'another day' as const),
})
type Drawn = typeof anyZone extends fc.Arbitrary<infer T> ? T : never

it('Postgres decides about random zones like the specification in TypeScript', {
  timeout: 60_000,
}, async () => {
  const slot = new Date(Math.floor(Date.now() / 1_000) * 1_000)
  const expectedOf = (zone: Drawn) => decide(situationOf(zone, slot.getTime()))
  const drawn = fc.sample(anyZone, 1_200)
  const seen = () => new Set(drawn.map(expectedOf))
  // The rarest outcome comes eight times on average.
  for (let more = 0; more < 20 && seen().size < decisionOutcomes.length; more += 1)
    drawn.push(...fc.sample(anyZone, 100))
  expect([...seen()].sort()).toEqual([...decisionOutcomes].sort())
  const hasBoth = ({ aims }: Drawn) => new Set(aims.map(({ from }) => from === null)).size === 2
  expect(drawn.filter(hasBoth).length).toBeGreaterThan(100)
  const given = await Promise.all(drawn.map((zone) => givenRegulated(admin, givenOf(zone, slot))))
  const run = await runCycle(environment.ctx({ bindings: { FLEET_SHARDS: '1' } }), { shard: 0, slot })
  expect(run).toMatchObject({ ran: true, value: { failed: 0, success: drawn.length } })
  const { rows } = await admin.query<{ id: string; outcome: DecisionOutcome }>(
    'select regulator_id as id, outcome from fleet.dose_windows',
  )
  const outcomes = new Map(rows.map(({ id, outcome }) => [Number(id), outcome]))
  for (const [at, zone] of drawn.entries()) {
    const expected = expectedOf(zone)
    expect([outcomes.get(given[at]?.regulator ?? 0), zone]).toEqual([expected, zone])
  }
})

function givenOf(zone: Drawn, slot: Date): Given {
  const ago = (seconds: number) => new Date(slot.getTime() - seconds * 1_000)
  const { age, seen, dosed, opposed, modeUntil, used, ...rest } = zone
  return {
    ...rest,
    modeUntil: modeUntil === null ? null : ago(-modeUntil),
    measuredAt: ago(age),
    seenAt: seen === null ? null : ago(seen),
    dosedAt: dosed === null ? null : ago(dosed),
    ...(opposed !== undefined && { opposedAt: ago(opposed) }),
    budgetHour: 10,
    budgetDay: 20,
    usedAt:
      used === 'this hour' ? slot : used === 'another day' ? ago(2 * 86_400) : anHourOf(slot, zone.timezone),
  }
}

/** The middle of another hour of the same day. */
function anHourOf(slot: Date, timezone: string): Date {
  const dayOf = (at: Date) => at.toLocaleDateString('en-CA', { timeZone: timezone })
  const [before, after] = [-2, 2].map((hours) => new Date(slot.getTime() + hours * 3_600_000))
  return before && dayOf(before) === dayOf(slot) ? before : (after ?? slot)
}

function situationOf(zone: Drawn, at: number): Situation {
  const aims = zone.aims
    .filter((hours) => isDue(at, hours, zone.timezone))
    .sort(
      (a, b) =>
        Number(a.from === null) - Number(b.from === null) || zone.aims.indexOf(b) - zone.aims.indexOf(a),
    )
  const fresh =
    zone.reporting === 'on_change' && zone.seen !== null ? Math.min(zone.age, zone.seen) : zone.age
  return {
    at,
    enabled: zone.enabled,
    mode: zone.mode,
    modeUntil: zone.modeUntil === null ? null : at + zone.modeUntil * 1_000,
    direction: zone.direction,
    aim: aims[0] ?? null,
    reading:
      zone.value === null
        ? null
        : { value: zone.value, freshAt: at - fresh * 1_000, staleAfterSeconds: 600, quality: zone.quality },
    was: zone.was,
    waits: zone.waits && zone.pump !== 'none',
    actuator: zone.pump,
    opposedUntil:
      zone.opposed === undefined ? null : at - zone.opposed * 1_000 + zone.cooldownSeconds * 1_000,
    dosedAt: zone.dosed === null ? null : at - zone.dosed * 1_000,
    cooldownSeconds: zone.cooldownSeconds,
    dose: Math.round(zone.dose * 1_000),
    left: Math.min(
      10_000 - (zone.used === 'this hour' ? zone.usedHour * 1_000 : 0),
      20_000 - (zone.used === 'another day' ? 0 : zone.usedDay * 1_000),
    ),
  }
}
