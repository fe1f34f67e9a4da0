import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type pg from 'pg'
import type { Commit } from '../commit.ts'
import { randomFrom } from '../random.ts'
import { type Lived, live, type Regulator, stepMinutes, stepMs, steps, watered, weather } from './plant.ts'

type Series = { node: number; metric: string; stuckFrom: number | null; values: (number | null)[] }
type Slot = { node: number; type: string; nth: number }

const file = (name: string) => readFileSync(join(import.meta.dirname, name), 'utf8')
const iso = (moment: number | null) => (moment === null ? null : new Date(moment).toISOString())

/**
 * Two greenhouses of tenant 1 and two days of their telemetry, a sample every two minutes: a stuck sensor, a silent node, a budget that
 * was used up. The decisions are those of the specification (functions/fleet/decide.ts) about the values that are stored.
 */
export async function fill(client: pg.Client, commit: Commit): Promise<void> {
  const now = new Date()
  await client.query(file('fill.sql'))
  await client.query(file('regulation.sql'))
  const from = (Math.floor(now.getTime() / stepMs) - steps) * stepMs
  await makePartitions(client, from)
  await commit()
  const random = randomFrom(20_261_128)
  const lives: Lived[] = []
  const series: Series[] = []
  for (const regulator of await regulators(client, from)) {
    const life = live(regulator, from, random)
    lives.push(life)
    const { values, stuckFrom } = life
    series.push({ node: regulator.sensor, metric: regulator.metric, stuckFrom, values })
  }
  const { rows: slots } = await client.query<Slot>(
    `select s.node_id::float8 as node, s.node_type as type, dense_rank() over (order by s.zone_id)::int as nth
    from fleet.zone_slots s`,
  )
  for (const { node, type, nth } of slots) {
    const known = { node, stuckFrom: null }
    if (type === 'climate') series.push(...weather(nth, from, random).map((one) => ({ ...known, ...one })))
    if (type === 'pump') series.push({ ...known, metric: 'water_total', values: watered(nth, from) })
  }
  for (let at = 0; at < series.length; at += portion)
    await store(client, series.slice(at, at + portion), from).then(commit)
  await client.query(file('decisions.sql'), [
    JSON.stringify(lives.flatMap(({ decided }) => decided.map(withMoments))),
    JSON.stringify(lives.map(({ window }) => withMoments(window))),
  ])
  await client.query(file('receipts.sql'), [iso(from)])
}

/** Series in one transaction. */
const portion = 12

async function store(client: pg.Client, series: readonly Series[], from: number): Promise<void> {
  await client.query(file('telemetry.sql'), [
    series.map(({ node }) => node),
    series.map(({ metric }) => metric),
    series.map(({ stuckFrom }) => iso(stuckFrom)),
    series.flatMap(({ values }) => values),
    iso(from),
    steps,
    stepMinutes,
  ])
}

async function makePartitions(client: pg.Client, from: number): Promise<void> {
  const days = [0, 0.5, 1].map((share) => iso(from + share * steps * stepMs))
  for (const table of ['telemetry_samples', 'telemetry_1m', 'telemetry_1h', 'telemetry_rejects', 'decisions'])
    await client.query('select core.make_partitions($1, $2::timestamptz[])', [`fleet.${table}`, days])
}

/** The hours and days of a greenhouse begin by its own clock. */
async function regulators(client: pg.Client, from: number): Promise<Regulator[]> {
  const { rows: clocks } = await client.query<{ timezone: string; hours: number[]; days: number[] }>(
    `select g.timezone, array_agg(extract(epoch from date_trunc('hour', at, g.timezone))::float8 * 1000 order by at) as hours,
      array_agg(extract(epoch from date_trunc('day', at, g.timezone))::float8 * 1000 order by at) as days
    from (select distinct timezone from fleet.greenhouses) g
    cross join lateral (
      select $1::timestamptz + step * $3 * interval '1 minute' as at from generate_series(0, $2 - 1) step
    ) steps
    group by g.timezone`,
    [iso(from), steps, stepMinutes],
  )
  const { rows } = await client.query<Omit<Regulator, 'hours' | 'days'> & { timezone: string }>(
    `select r.id::float8 as id, z.id::float8 as zone, dense_rank() over (order by z.id)::int as nth, m.name as metric,
      r.direction, r.dose::float8 as dose, r.budget_hour::float8 as "budgetHour", r.budget_day::float8 as "budgetDay",
      r.cooldown_seconds as "cooldownSeconds", z.mode = 'manual' as manual, g.timezone, s.node_id::float8 as sensor,
      jsonb_build_object('min', t.min, 'max', t.max, 'hysteresis', t.hysteresis) as aim
    from fleet.regulators r
    join fleet.zones z on z.id = r.zone_id
    join fleet.greenhouses g on g.id = z.greenhouse_id
    join fleet.metrics m on m.id = r.metric_id
    join fleet.zone_targets t on t.zone_id = z.id and t.metric_id = r.metric_id
    join fleet.zone_slots s on s.zone_id = z.id and s.node_type = m.name
    order by r.id`,
  )
  return rows.map(({ timezone, ...regulator }) => {
    const { hours = [], days = [] } = clocks.find((clock) => clock.timezone === timezone) ?? {}
    return { ...regulator, hours, days }
  })
}

/** Moments as Postgres reads them from JSON. */
function withMoments(row: object): object {
  return Object.fromEntries(
    Object.entries(row).map(([name, value]) => [name, isMoment(name) ? iso(value) : value]),
  )
}

const isMoment = (name: string) => name === 'at' || name.endsWith('At')
