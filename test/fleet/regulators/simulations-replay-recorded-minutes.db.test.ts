import { expect, it } from 'vitest'
import { type DecisionOutcome, decide } from '../../../functions/fleet/decide.ts'
import { simulateRegulator } from '../../../functions/fleet/regulators/simulate.ts'
import { freshEnvironment } from '../../core/environment.ts'
import { givenRegulated } from '../support/regulated.ts'

const environment = await freshEnvironment()
const { admin } = environment.database
const minuteMs = 60_000
const from = Math.floor(Date.now() / 3_600_000) * 3_600_000 - 6 * 3_600_000

/** A pH that sinks and rises again, with a gap of twenty minutes. */
const values = Array.from({ length: 240 }, (_, n) =>
  n >= 100 && n < 120 ? null : 5.6 + 0.6 * Math.sin(n / 20),
)

/** The same by the specification in TypeScript. */
function onPaper({
  min,
  hysteresis,
  dose,
  cooldownSeconds,
  budgetHour,
}: {
  min: number
  hysteresis: number
  dose: number
  cooldownSeconds: number
  budgetHour: number
}) {
  let was: DecisionOutcome | null = null
  let dosedAt: number | null = null
  let used = 0
  let last: { value: number; at: number } | null = null
  return values.map((value, n) => {
    const at = from + n * minuteMs
    if (n % 60 === 0) used = 0
    if (value !== null) last = { value, at: at + 30_000 }
    const known: { value: number; at: number } | null = last
    const outcome: DecisionOutcome = decide({
      at,
      enabled: true,
      mode: 'auto',
      modeUntil: null,
      direction: 'raise',
      aim: { min, max: 7, hysteresis },
      reading: known && { value: known.value, freshAt: known.at, staleAfterSeconds: 660, quality: 'good' },
      was,
      waits: false,
      actuator: 'ready',
      opposedUntil: null,
      dosedAt,
      cooldownSeconds,
      dose: dose * 1_000,
      left: (budgetHour - used) * 1_000,
    })
    if (outcome === 'dosed') [dosedAt, used] = [at, used + dose]
    return (was = outcome)
  })
}

it('decides each recorded minute as the specification does, with and without the change', async () => {
  const { regulator, sensor } = await givenRegulated(admin, {
    aims: [{ min: 5.5, max: 7, hysteresis: 0.2 }],
    cooldownSeconds: 120,
    budgetHour: 20,
    budgetDay: 10_000,
  })
  await admin.query("select core.make_partitions('fleet.telemetry_1m', array[$1, $2]::timestamptz[])", [
    new Date(from),
    new Date(),
  ])
  await admin.query(
    `insert into fleet.telemetry_1m (node_id, metric_id, channel, minute, n, sum, min, max, last, last_ts)
    select $1, m.id, '', at, 1, value, value, value, value, at + interval '30 seconds'
    from fleet.metrics m, unnest($2::timestamptz[], $3::float8[]) recorded (at, value)
    where m.name = 'ph' and value is not null`,
    [sensor, values.map((_, n) => new Date(from + n * minuteMs)), values],
  )
  const ctx = environment.ctx({ principal: { role: 'tenant', sub: 't', tenantId: 1 } })
  const window = {
    from: new Date(from).toISOString(),
    to: new Date(from + values.length * minuteMs).toISOString(),
  }
  const change = { dose: 3, cooldownSeconds: 300, range: { min: 5.6, max: 7, hysteresis: 0.1 } }
  const simulation = await simulateRegulator(ctx, { id: regulator, simulate: { change, ...window } })

  const present = onPaper({ min: 5.5, hysteresis: 0.2, dose: 2, cooldownSeconds: 120, budgetHour: 20 })
  const changed = onPaper({ min: 5.6, hysteresis: 0.1, dose: 3, cooldownSeconds: 300, budgetHour: 20 })
  const doses = (outcomes: DecisionOutcome[]) => outcomes.filter((one) => one === 'dosed').length
  const differing = present.flatMap((one, n) => (one === changed[n] ? [] : [n]))
  expect(new Set([...present, ...changed])).toEqual(
    new Set(['dosed', 'cooldown', 'budget_exhausted', 'in_range', 'stale']),
  )
  expect(simulation).toMatchObject({
    minutes: 240,
    unit: 'ml',
    present: { doses: doses(present), amount: 2 * doses(present) },
    changed: { doses: doses(changed), amount: 3 * doses(changed) },
    differing: differing.length,
  })
  expect(
    simulation?.examples.map(({ at, present: is, changed: would }) => [Date.parse(at), is, would]),
  ).toEqual(differing.slice(0, 20).map((n) => [from + n * minuteMs, present[n], changed[n]]))
  const { rows } = await admin.query(
    'select (select count(*)::int from fleet.commands) + (select count(*)::int from fleet.decisions) as n',
  )
  expect(rows[0].n).toBe(0)
})

it('shows no other tenant a regulator', async () => {
  const { regulator } = await givenRegulated(admin)
  const ctx = environment.ctx({ principal: { role: 'tenant', sub: 't', tenantId: 2 } })
  const simulate = { change: { dose: 1 }, from: '2026-01-01T00:00:00Z', to: '2026-01-01T01:00:00Z' }
  expect(await simulateRegulator(ctx, { id: regulator, simulate })).toBe(null)
})
