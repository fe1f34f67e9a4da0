import { sql } from 'drizzle-orm'
import { PgDialect } from 'drizzle-orm/pg-core'
import type pg from 'pg'
import { decideZones } from '../../functions/fleet/cycles/decide-zones.ts'
import { decide } from '../../functions/fleet/decide.ts'
import type { Measurement } from '../measurement.ts'
import { type Contender, compare, mustBe, type Turn } from '../method.ts'
import { everyTenant } from './samples.ts'
import { givenZones, nothingDecided } from './zones.ts'

export const cycle5000: Measurement = cycleOf(5_000)
export const cycle50000: Measurement = cycleOf(50_000)

/** The baseline decides about as many zones as it can in some seconds. */
const zonesOfBaseline = 1_000

/** One statement for all zones, six of ten firing, beside a query for each zone and the writes of each dose. */
function cycleOf(zones: number): Measurement {
  return async (rig, pace) => {
    const { owner, connect } = await rig.database()
    const [one, other] = await connect(2)
    const [client, second] = [await everyTenant(one), await everyTenant(other)]
    await client.query("select set_config('enable_nestloop', 'off', false)")
    await givenZones(owner, zones)
    const contender = (name: string, decided: number, run: (slot: Date) => Promise<void>): Contender => ({
      name,
      prepare: () => nothingDecided(owner),
      turn: async (): Promise<Turn> => {
        const started = performance.now()
        await run(new Date(Math.floor(Date.now() / 1_000) * 1_000))
        const ms = performance.now() - started
        return { operations: decided, seconds: ms / 1_000, latenciesMs: [ms] }
      },
      verify: async () => {
        const { rows } = await owner.query('select count(*)::int as n from fleet.commands')
        mustBe(rows[0].n, decided * 0.6, `the commands of ${name}`)
      },
    })
    await compare(
      {
        name: `fleet cycle of ${zones} zones`,
        unit: 'zones/s',
        database: owner,
        ours: contender('one statement', zones, (slot) => whole(client, slot)),
        baseline: contender('a query a zone', zonesOfBaseline, (slot) => each(second, slot)),
      },
      pace,
    )
  }
}

async function whole(client: pg.Client, slot: Date): Promise<void> {
  const part = { shard: 0, shards: 1, slot, from: 0, to: Number.MAX_SAFE_INTEGER }
  const { sql: text, params } = new PgDialect().sqlToQuery(
    sql`with ${decideZones(part)} select count(*) from noted`,
  )
  await client.query('begin')
  await client.query('select fleet.take_cycle(0, $1)', [slot])
  await client.query(text, params)
  await client.query('commit')
}

/** Prepared statements, one transaction, and the decision in TypeScript. */
async function each(client: pg.Client, slot: Date): Promise<void> {
  await client.query('begin')
  for (let zone = 1; zone <= zonesOfBaseline; zone += 1) {
    const { rows } = await client.query({ name: 'zone', text: zoneText, values: [zone] })
    const [known] = rows
    const outcome = decide({
      at: slot.getTime(),
      enabled: known.enabled,
      mode: known.mode,
      modeUntil: null,
      direction: known.direction,
      aim: known,
      reading: {
        value: known.value,
        freshAt: known.ts.getTime(),
        staleAfterSeconds: 86_400,
        quality: known.quality,
      },
      was: known.outcome,
      waits: known.waits,
      actuator: 'ready',
      opposedUntil: null,
      dosedAt: known.dosed_at,
      cooldownSeconds: known.cooldown_seconds,
      dose: known.dose,
      left: known.left,
    })
    const values = [known.id, slot, known.tenant_id, zone, known.pump, outcome]
    if (outcome === 'dosed') {
      await client.query({ name: 'dosed', text: dosedText, values: values.slice(0, 2) })
      await client.query({ name: 'command', text: commandText, values: values.slice(0, 5) })
    }
    await client.query({ name: 'decision', text: decisionText, values: [...values.slice(0, 4), outcome] })
  }
  await client.query('commit')
}

const zoneText = `select r.*, z.mode, l.value, l.ts, l.quality, t.min, t.max, t.hysteresis, w.outcome, w.dosed_at,
  least(r.budget_hour - w.hour_used, r.budget_day - w.day_used)::float8 as left, p.node_id as pump,
  exists (select from fleet.commands c where c.regulator_id = r.id and c.state in ('QUEUED', 'SENT', 'ACK')) as waits
from fleet.regulators r
join fleet.zones z on z.id = r.zone_id
join fleet.dose_windows w on w.regulator_id = r.id
join fleet.zone_slots s on s.zone_id = z.id and s.node_type = 'ph'
join fleet.zone_slots p on p.zone_id = z.id and p.node_type = 'pump'
join fleet.telemetry_last l on l.node_id = s.node_id and l.metric_id = r.metric_id
join fleet.zone_targets t on t.zone_id = z.id and t.metric_id = r.metric_id
where z.id = $1`

const dosedText = `update fleet.dose_windows
set hour_used = hour_used + 2, day_used = day_used + 2, dosed_at = $2, outcome = 'dosed', decided_at = $2
where regulator_id = $1`

const commandText = `insert into fleet.commands
  (regulator_id, slot, tenant_id, zone_id, node_id, zone_epoch, regulator_epoch, kind, amount, run_ms, max_run_ms, ordered_by)
values ($1, $2, $3, $4, $5, 1, 1, 'dose', 2, 500, 2000, 'cycle')`

const decisionText = `insert into fleet.decisions
  (regulator_id, at, tenant_id, zone_id, outcome, hour_left, day_left, regulator_version)
values ($1, $2, $3, $4, $5, 100, 1000, 1)`
