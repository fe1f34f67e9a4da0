import fc from 'fast-check'
import { expect, it } from 'vitest'
import { decide, type Judged, type Kept } from '../../../functions/ops/decide.ts'
import { freshEnvironment } from '../../core/environment.ts'
import { evaluate, gaugeRule } from '../support/rules.ts'

const { database, ctx } = await freshEnvironment()
const { admin } = database
await admin.query('create table public.gauges (name text primary key, value float8)')
await admin.query('grant select on public.gauges to public')

const start = Math.floor(Date.now() / 60_000) * 60_000
const things = 25
const minutes = 12

/** The steps that the design draws. */
const drawn: Record<string, string[]> = {
  ok: ['ok', 'pending', 'firing', 'unknown'],
  pending: ['ok', 'pending', 'firing', 'unknown'],
  firing: ['firing', 'resolved', 'unknown'],
  unknown: ['unknown', 'ok', 'pending', 'firing', 'resolved'],
}

const limits = fc.record({
  raise: fc.constantFrom(10, 20),
  clear: fc.constantFrom(5, 10, 30),
  critical: fc.constantFrom(undefined, 25, 2),
  pendingFor: fc.constantFrom(0, 60, 150),
  clearFor: fc.constantFrom(0, 60, 120),
})
const value = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(0, 5, 8, 10, 11, 20, 26, 31) },
  { weight: 1, arbitrary: fc.constant(null) },
)
const series = fc.array(fc.array(value, { minLength: minutes, maxLength: minutes }), {
  minLength: things,
  maxLength: things,
})

type Row = {
  gauge: number
  state: string
  severity: string
  count: number
  peak: number | null
  fired: number | null
}
type Given = { limits: Parameters<typeof decide>[0]['limits']; values: (number | null)[][]; gap: number }

async function compare(
  { limits: given, values, gap }: Given,
  specification: typeof decide = decide,
): Promise<void> {
  await admin.query('truncate public.gauges, core.alerts, core.outbox, core.alert_values')
  const { critical, ...rest } = given
  const rule = gaugeRule({ ...rest, ...(critical === undefined ? {} : { critical }) })
  const kept: (Kept | null)[] = values.map(() => null)
  for (let minute = 0; minute < minutes; minute += 1) {
    const at = start + minute * gap * 1_000
    await admin.query(
      `insert into public.gauges select n - 1, v from unnest($1::float8[]) with ordinality u (v, n)
      on conflict (name) do update set value = excluded.value`,
      [values.map((one) => one[minute] ?? null)],
    )
    await evaluate(ctx(), [rule], { at: new Date(at) })
    const { rows } = await admin.query<Row>(
      `select (labels ->> 'gauge')::int as gauge, state, severity, count, peak,
        (extract(epoch from fired_at) * 1000)::float8 as fired
      from core.alerts where ended_at is null order by 1`,
    )
    const next = values.map(
      (one, thing): Judged =>
        specification({
          kept: kept[thing] ?? null,
          value: one[minute] ?? null,
          limits: given,
          severity: 'warning',
          at,
        }),
    )
    for (const [thing, { state }] of next.entries())
      expect(drawn[kept[thing]?.state ?? 'ok']).toContain(state)
    const open = next.map((one) => (one.state === 'ok' || one.state === 'resolved' ? null : one))
    expect(rows).toEqual(
      open.flatMap((one, gauge) =>
        one === null
          ? []
          : [
              {
                gauge,
                state: one.state,
                severity: one.severity,
                count: one.count,
                peak: one.peak,
                fired: one.firedAt,
              },
            ],
      ),
    )
    for (const [thing, one] of open.entries()) kept[thing] = one
  }
}

const runs = { numRuns: 12, endOnFailure: true }
const anything = fc.record({ limits, values: series, gap: fc.constantFrom(60, 61) })

it('for random values Postgres takes the steps of the specification, and only drawn ones', async () => {
  const result = await fc.check(
    fc.asyncProperty(anything, async (given) => compare(given)),
    runs,
  )
  expect(result.failed, fc.defaultReportMessage(result) ?? '').toBe(false)
})

it.each<[string, typeof decide]>([
  [
    'ends an alert whose value is not known',
    (given) => (given.value === null && given.kept ? { state: 'resolved' } : decide(given)),
  ],
  [
    'ends at the limit that raised it',
    (given) => decide({ ...given, limits: { ...given.limits, clear: given.limits.raise } }),
  ],
  ['fires at once', (given) => decide({ ...given, limits: { ...given.limits, pendingFor: 0 } })],
])('a specification that %s is found', async (_, broken) => {
  const result = await fc.check(
    fc.asyncProperty(anything, async (given) => compare(given, broken)),
    runs,
  )
  expect(result.failed).toBe(true)
})
