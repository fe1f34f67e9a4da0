import { expect, it } from 'vitest'
import { runCycle } from '../../../functions/fleet/cycles/run.ts'
import { freshEnvironment } from '../../core/environment.ts'
import { givenRegulated, type Regulated } from '../support/regulated.ts'

const environment = await freshEnvironment()
const { admin } = environment.database
let slots = 0

async function cycle(): Promise<void> {
  slots += 1
  const slot = new Date(Math.floor(Date.now() / 1_000) * 1_000 + slots * 1_000)
  const run = await runCycle(environment.ctx({ bindings: { FLEET_SHARDS: '1' } }), { shard: 0, slot })
  expect(run.ran).toBe(true)
}

/** A zone whose first cycle has dosed 2 of 100 ml. */
async function dosed(): Promise<Regulated & { command: number }> {
  const given = await givenRegulated(admin)
  await cycle()
  const { rows } = await admin.query('select id::int from fleet.commands where regulator_id = $1', [
    given.regulator,
  ])
  expect(await used(given)).toEqual({ hour: 2, day: 2 })
  return { ...given, command: rows[0].id }
}

async function used({ regulator }: Regulated): Promise<{ hour: number; day: number }> {
  const { rows } = await admin.query(
    'select hour_used::float8 as hour, day_used::float8 as day from fleet.dose_windows where regulator_id = $1',
    [regulator],
  )
  return rows[0]
}

const become = (command: number, state: string, more = '') =>
  admin.query(`update fleet.commands set state = $2${more} where id = $1`, [command, state])

async function commandsOf({ zone }: Regulated): Promise<string[]> {
  const { rows } = await admin.query(
    'select kind, state, reason from fleet.commands where zone_id = $1 order by id',
    [zone],
  )
  return rows.map(({ kind, state, reason }) => [kind, state, reason].filter(Boolean).join(' '))
}

it.each(['ERROR', 'NO_EFFECT', 'EXPIRED'])('%s gives the dose back to the budgets', async (state) => {
  const given = await dosed()
  await become(given.command, state)
  expect(await used(given)).toEqual({ hour: 0, day: 0 })
})

it.each(['DONE', 'BUSY', 'TIMEOUT'])('%s keeps the dose in the budgets', async (state) => {
  const given = await dosed()
  await become(given.command, state)
  expect(await used(given)).toEqual({ hour: 2, day: 2 })
})

it('a dose of an earlier hour is given back to the day only', async () => {
  const given = await dosed()
  await admin.query(
    "update fleet.dose_windows set hour_at = hour_at + interval '2 hours', hour_used = 1, day_used = 3 where regulator_id = $1",
    [given.regulator],
  )
  await become(given.command, 'ERROR')
  expect(await used(given)).toEqual({ hour: 1, day: 1 })
})

it.each([
  ['DONE', 'ERROR'],
  ['EXPIRED', 'DONE'],
  ['TIMEOUT', 'ACK'],
  ['ACK', 'SENT'],
  ['SENT', 'QUEUED'],
])('a command that is %s cannot become %s', async (from, to) => {
  const given = await dosed()
  await become(given.command, from)
  await expect(become(given.command, to)).rejects.toMatchObject({ constraint: 'commands_only_move_up' })
})

it('a command that no node took expires, and the budget comes back', async () => {
  const given = await dosed()
  await become(given.command, 'QUEUED', ", expires_at = now() - interval '1 second'")
  await cycle()
  expect(await commandsOf(given)).toEqual(['dose EXPIRED not_taken'])
})

it('a command without an end times out, keeps its budget, and the node gets an off until it acknowledges', async () => {
  const given = await dosed()
  await become(given.command, 'SENT', ", expires_at = now() - interval '2 seconds'")
  await cycle()
  expect(await commandsOf(given)).toEqual(['dose SENT'])
  await become(given.command, 'SENT', ", expires_at = now() - interval '33 seconds'")
  await cycle()
  const out = ['dose TIMEOUT not_acknowledged', 'off QUEUED not_acknowledged']
  expect(await commandsOf(given)).toEqual(out)
  expect(await used(given)).toEqual({ hour: 2, day: 2 })
  await admin.query('update fleet.dose_windows set dosed_at = null where regulator_id = $1', [
    given.regulator,
  ])
  await cycle()
  expect(await commandsOf(given)).toEqual(out)
  await admin.query("update fleet.commands set state = 'DONE' where kind = 'off' and zone_id = $1", [
    given.zone,
  ])
  await cycle()
  expect(await commandsOf(given)).toEqual([out[0], 'off DONE not_acknowledged', 'dose QUEUED'])
})

it('an acknowledged command has the time of its longest run, and half a minute', async () => {
  const given = await dosed()
  await become(given.command, 'ACK', ", acked_at = now() - interval '33 seconds'")
  await cycle()
  expect(await commandsOf(given)).toEqual(['dose TIMEOUT not_finished', 'off QUEUED not_finished'])
})

it('the commands of a decommissioned node end, and the one that switches it off two minutes later', async () => {
  const given = await dosed()
  await become(given.command, 'SENT')
  await admin.query('delete from fleet.zone_slots where node_id = $1', [given.pump])
  await admin.query("update fleet.nodes set lifecycle = 'DECOMMISSIONED' where id = $1", [given.pump])
  await cycle()
  await cycle()
  expect(await commandsOf(given)).toContain('off QUEUED node_decommissioned')
  await admin.query("update fleet.commands set queued_at = now() - interval '3 minutes' where zone_id = $1", [
    given.zone,
  ])
  await cycle()
  expect(await commandsOf(given)).toEqual([
    'dose TIMEOUT node_decommissioned',
    'off EXPIRED node_decommissioned',
  ])
})

it('a command of an old epoch is void, though a cycle wrote it after the change', async () => {
  const given = await dosed()
  await admin.query('alter table fleet.regulators disable trigger void_commands')
  await admin.query('update fleet.regulators set epoch = epoch + 1, enabled = false where id = $1', [
    given.regulator,
  ])
  await admin.query('alter table fleet.regulators enable trigger void_commands')
  await cycle()
  expect(await commandsOf(given)).toEqual(['dose EXPIRED stale_epoch'])
  expect(await used(given)).toEqual({ hour: 0, day: 0 })
})

it.each(['zones', 'regulators'])(
  'a higher epoch of %s ends waiting commands and switches off running ones',
  async (table) => {
    const waiting = await dosed()
    const running = await dosed()
    await become(running.command, 'ACK')
    for (const { zone, regulator } of [waiting, running])
      await admin.query(`update fleet.${table} set epoch = epoch + 1 where id = $1`, [
        table === 'zones' ? zone : regulator,
      ])
    expect(await commandsOf(waiting)).toEqual(['dose EXPIRED stale_epoch'])
    expect(await commandsOf(running)).toEqual(['dose TIMEOUT stale_epoch', 'off QUEUED stale_epoch'])
    // The off stays in force when the epoch rises again.
    await admin.query(`update fleet.${table} set epoch = epoch + 1 where id = $1`, [
      table === 'zones' ? running.zone : running.regulator,
    ])
    const { rows } = await admin.query(
      `select c.state, (c.zone_epoch, c.regulator_epoch) = (z.epoch, r.epoch) as current
    from fleet.commands c join fleet.zones z on z.id = c.zone_id join fleet.regulators r on r.id = c.regulator_id
    where c.kind = 'off' and c.zone_id = $1`,
      [running.zone],
    )
    expect(rows).toEqual([{ state: 'QUEUED', current: true }])
  },
)
