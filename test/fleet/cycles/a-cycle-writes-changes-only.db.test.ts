import { expect, it } from 'vitest'
import { runCycle } from '../../../functions/fleet/cycles/run.ts'
import { freshEnvironment } from '../../core/environment.ts'
import { withinAnHour } from '../../support/lasting.ts'
import { type Given, givenRegulated } from '../support/regulated.ts'

const environment = await freshEnvironment()
const { admin } = environment.database
// So that no budget begins anew between two slots.
const start = withinAnHour(600)

async function cycle(seconds: number) {
  const slot = new Date(start + seconds * 1_000)
  const run = await runCycle(environment.ctx({ bindings: { FLEET_SHARDS: '1' } }), { shard: 0, slot })
  if (!run.ran) throw new Error(run.reason)
  return run.value
}

const given = (more: Given = {}) =>
  givenRegulated(admin, { measuredAt: new Date(start), usedAt: new Date(start), ...more })

async function written(): Promise<string[]> {
  const { rows } = await admin.query(
    'select outcome, command_id from fleet.decisions order by at, regulator_id',
  )
  return rows.map(({ outcome, command_id }) => (command_id === null ? outcome : `${outcome} by command`))
}

it('an unchanged cycle writes no row but its own', async () => {
  await given({ value: 6 })
  expect(await cycle(0)).toMatchObject({ zones: 1, decisions: 1, commands: 0 })
  const before = await admin.query('select xmin from fleet.dose_windows')
  expect(await cycle(15)).toMatchObject({ zones: 1, decisions: 0, commands: 0 })
  const after = await admin.query('select xmin from fleet.dose_windows')
  expect(after.rows).toEqual(before.rows)
  expect(await written()).toEqual(['in_range'])
})

it('a dose, its wait and its pause are one decision each, with the command and its inputs', async () => {
  await admin.query('delete from fleet.decisions')
  const { regulator } = await given({ value: 5, budgetHour: 4 })
  expect(await cycle(30)).toMatchObject({ zones: 2, decisions: 1, commands: 1 })
  expect(await cycle(45)).toMatchObject({ decisions: 1, commands: 0 })
  expect(await cycle(60)).toMatchObject({ decisions: 0, commands: 0 })
  await admin.query("update fleet.commands set state = 'DONE', finished_at = now()")
  expect(await cycle(75)).toMatchObject({ decisions: 1, commands: 0 })
  expect(await cycle(90)).toMatchObject({ decisions: 1, commands: 1 })
  await admin.query("update fleet.commands set state = 'DONE', finished_at = now() where state = 'QUEUED'")
  expect(await cycle(160)).toMatchObject({ decisions: 1, commands: 0 })
  expect(await written()).toEqual([
    'dosed by command',
    'unacknowledged',
    'cooldown',
    'dosed by command',
    'budget_exhausted',
  ])
  const { rows } = await admin.query(
    `select d.value, d.low, d.high, d.hour_left::float8, d.regulator_version, c.amount::float8, c.max_run_ms, c.slot = d.at as "sameSlot"
    from fleet.decisions d join fleet.commands c on c.id = d.command_id where d.regulator_id = $1 order by d.at limit 1`,
    [regulator],
  )
  expect(rows).toEqual([
    {
      value: 5,
      low: 5.5,
      high: 6.5,
      hour_left: 4,
      regulator_version: 1,
      amount: 2,
      max_run_ms: 2_000,
      sameSlot: true,
    },
  ])
})

it('other thresholds are a new decision', async () => {
  const changed = await admin.query(
    'update fleet.zone_targets set max = max + 0.5 where zone_id = (select min(id) from fleet.zones)',
  )
  expect(changed.rowCount).toBe(1)
  expect(await cycle(200)).toMatchObject({ decisions: 1, commands: 0 })
})

it('a bad zone stands alone, and the others get their doses', async () => {
  const [bad] = await Promise.all(Array.from({ length: 9 }, () => given()))
  // Postgres knew this time zone when the greenhouse was added, and no longer does.
  await admin.query(
    "update fleet.greenhouses set timezone = 'Nowhere' where id = (select greenhouse_id from fleet.zones where id = $1)",
    [bad?.zone],
  )
  const done = await cycle(300)
  expect(done).toMatchObject({ zones: 11, success: 10, failed: 1, commands: 8 })
  expect(done.errors).toMatchObject([{ zone: bad?.zone, name: 'Z', type: '22023' }])
  const { rows } = await admin.query(
    'select zones, success, failed, errors from fleet.cycles order by slot desc limit 1',
  )
  expect(rows[0]).toEqual({ zones: 11, success: 10, failed: 1, errors: done.errors })
})

it('a value that a node measured in another zone doses nothing, until it has measured in this one', async () => {
  await admin.query('truncate fleet.regulators cascade')
  const { zone, sensor } = await given({ value: 4, measuredAt: new Date(start - 60_000) })
  const bind = `update fleet.zone_bindings set from_at = $2 where zone_id = $1 and node_id = $3`
  await admin.query(bind, [zone, new Date(start - 30_000), sensor])
  expect(await cycle(400)).toMatchObject({ zones: 1, commands: 0 })
  await admin.query('update fleet.telemetry_last set ts = $2 where node_id = $1', [sensor, new Date(start)])
  expect(await cycle(415)).toMatchObject({ zones: 1, commands: 1 })
})
