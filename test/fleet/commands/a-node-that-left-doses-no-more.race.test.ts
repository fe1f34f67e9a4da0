import { describe, expect, it } from 'vitest'
import type { Ctx } from '../../../functions/core/context.ts'
import { ackCommand } from '../../../functions/fleet/commands/ack.ts'
import { takeCommands } from '../../../functions/fleet/commands/take.ts'
import { reportConfig } from '../../../functions/fleet/configs/report.ts'
import { runCycle } from '../../../functions/fleet/cycles/run.ts'
import { bindNode } from '../../../functions/fleet/nodes/bind.ts'
import { decommissionNode } from '../../../functions/fleet/nodes/decommission.ts'
import { swapNodes } from '../../../functions/fleet/nodes/swap.ts'
import { unbindNode } from '../../../functions/fleet/nodes/unbind.ts'
import { untilWaiting } from '../../core/barrier.ts'
import { freshEnvironment } from '../../core/environment.ts'
import { untilBlocking } from '../../support/blocking.ts'
import { defectiveDb } from '../../support/defective-db.ts'
import { untilLasts } from '../../support/lasting.ts'
import { givenRegulated, type Regulated } from '../support/regulated.ts'

await untilLasts('day', 60)
const environment = await freshEnvironment()
const { admin } = environment.database
const keeper = await environment.database.connect()
/** Statements that do not look whether the node is still in the zone. */
const blind = defectiveDb(environment.database, {
  max: 2,
  settings: { 'app.tenant_id': '1' },
  defect: (text) =>
    text
      .replace(
        'and exists (select from fleet.zone_slots s where s.node_id = c.node_id and s.zone_id = c.zone_id)',
        '',
      )
      .replace('and c.zone_id not in (select zone_id from slot)', 'and false'),
})
let slots = 0

const tenant = () => environment.ctx({ principal: { role: 'tenant', sub: 't', tenantId: 1 } })
const pump = ({ pumpUid }: Regulated): Ctx =>
  environment.ctx({ principal: { role: 'node', sub: pumpUid, tenantId: 1, gen: 1 } })
const slot = () => new Date(Math.floor(Date.now() / 1_000) * 1_000 + ++slots * 1_000)
const cycle = () => runCycle(environment.ctx({ bindings: { FLEET_SHARDS: '1' } }), { shard: 0, slot: slot() })
const take = (ctx: Ctx, { pumpUid }: Regulated) => takeCommands(ctx, { uid: pumpUid, limit: 10 })

// The partitions of the cycles exist from here on, so that none of the cycles below begins anew.
await givenRegulated(admin)
await cycle()

type Dosed = Regulated & { command: number }

/** A zone whose cycle has ordered a dose of 2 ml. */
async function dosed(): Promise<Dosed> {
  const given = await givenRegulated(admin)
  await cycle()
  return { ...given, command: await commandOf(given) }
}

async function commandOf({ regulator }: Regulated): Promise<number> {
  const { rows } = await admin.query(
    "select id::int from fleet.commands where regulator_id = $1 and kind = 'dose'",
    [regulator],
  )
  return rows[0].id
}

async function commandsOf({ zone }: Regulated): Promise<string[]> {
  const { rows } = await admin.query(
    "select concat_ws(' ', kind, state, reason) as was from fleet.commands where zone_id = $1 order by id",
    [zone],
  )
  return rows.map(({ was }) => was)
}

/** The amount that counts against both budgets. */
async function used({ regulator }: Regulated): Promise<number> {
  const { rows } = await admin.query(
    'select day_used::float8 as used from fleet.dose_windows where regulator_id = $1',
    [regulator],
  )
  return rows[0].used
}

async function told({ command }: Dosed): Promise<unknown[]> {
  const { rows } = await admin.query(
    "select audience, data from core.outbox where type = 'command.voided' and subject = 'command:' || $1::text",
    [command],
  )
  return rows
}

async function inGreenhouseOf({ zone }: Regulated, insert: string): Promise<string> {
  const { rows } = await admin.query(
    `with house as (select z.greenhouse_id as id, g.tenant_id from fleet.zones z join fleet.greenhouses g on g.id = z.greenhouse_id
       where z.id = $1)
     ${insert}`,
    [zone],
  )
  return rows[0].made
}

const leaving: [string, (given: Regulated) => Promise<{ ok: boolean }>][] = [
  [
    'moves to another zone',
    async (given) => {
      const zoneId = await inGreenhouseOf(
        given,
        `insert into fleet.zones (tenant_id, greenhouse_id, name) select tenant_id, id, 'Other' from house returning id::text as made`,
      )
      return bindNode(tenant(), { uid: given.pumpUid, version: 1, zoneId: Number(zoneId) })
    },
  ],
  [
    'is swapped',
    async (given) => {
      const by = await inGreenhouseOf(
        given,
        `insert into fleet.nodes (tenant_id, greenhouse_id, hardware_id, uid, type)
         select tenant_id, id, 'spare-' || id, 'spare-' || id, 'pump' from house returning uid as made`,
      )
      return swapNodes(tenant(), { uid: given.pumpUid, by })
    },
  ],
  ['is removed', (given) => unbindNode(tenant(), { uid: given.pumpUid, version: 1 })],
  ['is decommissioned', (given) => decommissionNode(tenant(), { uid: given.pumpUid, version: 1 })],
]

describe.each(leaving)('a node that %s', (_how, leave) => {
  it('voids what it has not taken at once: the budget gets the dose back', async () => {
    const given = await dosed()
    expect(await used(given)).toBe(2)
    expect(await leave(given)).toMatchObject({ ok: true })
    expect(await commandsOf(given)).toEqual(['dose EXPIRED node_left_zone'])
    expect(await used(given)).toBe(0)
    const { command: id, pumpUid: uid, zone: zoneId } = given
    const data = { id, uid, zoneId, kind: 'dose', state: 'EXPIRED', reason: 'node_left_zone' }
    expect(await told(given)).toEqual([{ audience: 'tenant:1', data }])
  })

  it('is switched off for what it has taken: the budget keeps the dose, and its end is refused', async () => {
    const given = await dosed()
    expect(await take(pump(given), given)).toMatchObject({ data: [{ id: given.command }] })
    expect(await leave(given)).toMatchObject({ ok: true })
    expect(await commandsOf(given)).toEqual(['dose TIMEOUT node_left_zone', 'off QUEUED node_left_zone'])
    expect(await used(given)).toBe(2)
    expect(await told(given)).toMatchObject([{ data: { state: 'TIMEOUT' } }])
    expect(await ackCommand(pump(given), { id: given.command, ack: { state: 'DONE' } })).toMatchObject({
      reason: 'command_expired',
    })
  })
})

it('a node that is bound to its zone once more keeps its commands', async () => {
  const given = await dosed()
  const again = bindNode(tenant(), { uid: given.pumpUid, version: 1, zoneId: given.zone })
  expect(await again).toMatchObject({ ok: true })
  expect(await commandsOf(given)).toEqual(['dose QUEUED'])
})

/** The cycle has decided for a dose and waits for the budget, while a person removes the pump. */
async function leftMeanwhile(): Promise<Dosed> {
  const given = await givenRegulated(admin)
  await keeper.query('begin')
  await keeper.query('select from fleet.dose_windows where regulator_id = $1 for update', [given.regulator])
  const running = cycle()
  await untilBlocking(keeper, admin)
  expect(await unbindNode(tenant(), { uid: given.pumpUid, version: 1 })).toMatchObject({ ok: true })
  await keeper.query('commit')
  expect(await running).toMatchObject({ ran: true, value: { failed: 0 } })
  return { ...given, command: await commandOf(given) }
}

it('a dose that a cycle orders while its node leaves is not taken or done, and the next cycle voids it', async () => {
  const given = await leftMeanwhile()
  expect(await commandsOf(given)).toEqual(['dose QUEUED'])
  expect(await take(pump(given), given)).toEqual({ data: [] })
  for (const state of ['ACK', 'DONE'] as const)
    expect(await ackCommand(pump(given), { id: given.command, ack: { state } })).toMatchObject({
      reason: 'command_expired',
    })
  expect(await told(given)).toEqual([])
  await cycle()
  await cycle()
  expect(await commandsOf(given)).toEqual(['dose EXPIRED node_left_zone'])
  expect(await used(given)).toBe(0)
  expect(await told(given)).toMatchObject([{ data: { state: 'EXPIRED', reason: 'node_left_zone' } }])
})

it('the check finds statements that do not look at the slot', async () => {
  const given = await leftMeanwhile()
  const ctx = Object.assign(pump(given), { db: blind })
  expect(await take(ctx, given)).toMatchObject({ data: [{ id: given.command, kind: 'dose' }] })
  expect(await ackCommand(ctx, { id: given.command, ack: { state: 'DONE' } })).toMatchObject({ ok: true })
})

it.each([
  [
    'reports the end of a command',
    'fleet.commands where id = $1',
    (given: Dosed) => ackCommand(pump(given), { id: given.command, ack: { state: 'DONE' } }),
  ],
  [
    'takes a command',
    'fleet.commands where id = $1',
    async (given: Dosed) => ({ ok: (await take(pump(given), given))?.data.length === 1 }),
  ],
  [
    'reports its configuration',
    'fleet.node_configs where node_id = $1',
    (given: Dosed) =>
      reportConfig(pump(given), {
        uid: given.pumpUid,
        report: { version: 1, outcome: 'applied', channels: [] },
      }),
  ],
])('a node that %s while it is removed waits for no lock that waits for it', async (_what, row, send) => {
  const given = await dosed()
  await admin.query('insert into fleet.node_configs (node_id, tenant_id) values ($1, 1)', [given.pump])
  await keeper.query('begin')
  await keeper.query(`select from ${row} for update`, [row.includes('configs') ? given.pump : given.command])
  const sending = send(given)
  await untilBlocking(keeper, admin)
  const removing = unbindNode(tenant(), { uid: given.pumpUid, version: 1 })
  await untilWaiting(environment.database, 2)
  await keeper.query('commit')
  expect([(await sending).ok, await removing]).toMatchObject([true, { ok: true }])
})
