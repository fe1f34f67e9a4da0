import { expect, it } from 'vitest'
import { runCycle } from '../../../functions/fleet/cycles/run.ts'
import { everyTenant } from '../../../functions/fleet/greenhouses/scope.ts'
import type { RegulatorChange } from '../../../functions/fleet/regulators/contract.ts'
import { editRegulator } from '../../../functions/fleet/regulators/edit.ts'
import { editZone } from '../../../functions/fleet/zones/edit.ts'
import { endModes } from '../../../functions/fleet/zones/end-modes.ts'
import { freshEnvironment } from '../../core/environment.ts'
import { untilLasts } from '../../support/lasting.ts'
import { givenRegulated, type Regulated } from '../support/regulated.ts'

await untilLasts('day', 60)
const environment = await freshEnvironment()
const { admin } = environment.database
const ctx = () => environment.ctx({ principal: { role: 'tenant', sub: 't', tenantId: 1 } })
let slots = 0

type Dosed = Regulated & { waiting: number; taken: number }

/** Two commands of one regulator: its node has taken one, and the other waits. */
async function dosed(): Promise<Dosed> {
  const given = await givenRegulated(admin)
  const slot = new Date(Math.floor(Date.now() / 1_000) * 1_000 + ++slots * 1_000)
  await runCycle(environment.ctx({ bindings: { FLEET_SHARDS: '1' } }), { shard: 0, slot })
  const { rows } = await admin.query(
    `with waiting as (select * from fleet.commands where regulator_id = $1),
    taken as (
      insert into fleet.commands (
        tenant_id, node_id, zone_id, regulator_id, zone_epoch, regulator_epoch, kind, channel, amount, max_run_ms,
        ordered_by, slot, state, expires_at
      )
      select tenant_id, node_id, zone_id, regulator_id, zone_epoch, regulator_epoch, kind, channel, amount, max_run_ms,
        ordered_by, slot - interval '1 day', 'SENT', expires_at
      from waiting
      returning id
    )
    select waiting.id::int as waiting, taken.id::int as taken from waiting, taken`,
    [given.regulator],
  )
  return { ...given, ...rows[0] }
}

async function commandsOf({ zone }: Regulated): Promise<string[]> {
  const { rows } = await admin.query(
    "select concat_ws(' ', kind, state, reason) as was from fleet.commands where zone_id = $1 order by id",
    [zone],
  )
  return rows.map(({ was }) => was)
}

async function told({ zone }: Regulated): Promise<object[]> {
  const { rows } = await admin.query(
    `select audience, subject, data from core.outbox
     where type = 'command.voided' and data ->> 'zoneId' = $1::text order by subject`,
    [zone],
  )
  return rows
}

const regulator = (change: RegulatorChange) => (given: Regulated) =>
  editRegulator(ctx(), { id: given.regulator, version: 1, change })

it.each<[string, (given: Regulated) => Promise<unknown>]>([
  ['a regulator that is disabled', regulator({ enabled: false })],
  ['a regulator that gets another channel', regulator({ channel: 'second' })],
  ['a regulator that gets the nodes of another type', regulator({ nodeType: 'irrigation' })],
  [
    'a zone that changes its mode',
    ({ zone }) => editZone(ctx(), { id: zone, version: 1, change: { mode: 'manual' } }),
  ],
  [
    'a zone whose mode ends',
    async ({ zone }) => {
      await admin.query("update fleet.zones set mode_until = now() - interval '1 s' where id = $1", [zone])
      await environment.ctx().db.with(everyTenant).query(endModes())
    },
  ],
])('%s voids its commands, switches off what may run, and tells both', async (_who, act) => {
  const given = await dosed()
  await act(given)
  expect(await commandsOf(given)).toEqual([
    'dose EXPIRED stale_epoch',
    'dose TIMEOUT stale_epoch',
    'off QUEUED stale_epoch',
  ])
  const { pumpUid: uid, zone: zoneId } = given
  const event = (id: number, state: string) => ({
    audience: 'tenant:1',
    subject: `command:${id}`,
    data: { id, uid, zoneId, kind: 'dose', state, reason: 'stale_epoch' },
  })
  expect(await told(given)).toEqual([event(given.waiting, 'EXPIRED'), event(given.taken, 'TIMEOUT')])
})

it.each<RegulatorChange>([{ dose: 3 }, { enabled: true }, { channel: '', nodeType: 'pump' }])(
  'a regulator with %j keeps its commands',
  async (change) => {
    const given = await dosed()
    expect(await regulator(change)(given)).toMatchObject({ ok: true, value: { epoch: 1 } })
    expect(await commandsOf(given)).toEqual(['dose QUEUED', 'dose SENT'])
    expect(await told(given)).toEqual([])
  },
)
