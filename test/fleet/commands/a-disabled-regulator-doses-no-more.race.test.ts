import { expect, it } from 'vitest'
import type { Ctx } from '../../../functions/core/context.ts'
import { ackCommand } from '../../../functions/fleet/commands/ack.ts'
import { takeCommands } from '../../../functions/fleet/commands/take.ts'
import { runCycle } from '../../../functions/fleet/cycles/run.ts'
import { editRegulator } from '../../../functions/fleet/regulators/edit.ts'
import { freshEnvironment } from '../../core/environment.ts'
import { untilBlocking } from '../../support/blocking.ts'
import { defectiveDb } from '../../support/defective-db.ts'
import { untilLasts } from '../../support/lasting.ts'
import { givenRegulated, type Regulated } from '../support/regulated.ts'

await untilLasts('day', 60)
const environment = await freshEnvironment()
const { admin } = environment.database
const keeper = await environment.database.connect()
const blind = defectiveDb(environment.database, {
  max: 2,
  settings: { 'app.tenant_id': '1' },
  defect: (text) =>
    text
      .replace('or c.zone_epoch = z.epoch', 'or true')
      .replace('and c.regulator_epoch is not distinct from r.epoch', ''),
})
let slots = 0

const tenant = () => environment.ctx({ principal: { role: 'tenant', sub: 't', tenantId: 1 } })
const pump = ({ pumpUid }: Regulated): Ctx =>
  environment.ctx({ principal: { role: 'node', sub: pumpUid, tenantId: 1, gen: 1 } })
const slot = () => new Date(Math.floor(Date.now() / 1_000) * 1_000 + ++slots * 1_000)
const cycle = () => runCycle(environment.ctx({ bindings: { FLEET_SHARDS: '1' } }), { shard: 0, slot: slot() })
const take = (ctx: Ctx, { pumpUid }: Regulated) => takeCommands(ctx, { uid: pumpUid, limit: 10 })

async function commandOf({ regulator }: Regulated): Promise<{ id: number; was: string }> {
  const { rows } = await admin.query(
    "select id::int, concat_ws(' ', state, reason) as was from fleet.commands where regulator_id = $1",
    [regulator],
  )
  return rows[0]
}

// The partitions of the cycles exist from here on, so that none of the cycles below begins anew.
await givenRegulated(admin)
await cycle()

/** The cycle has decided for a dose and waits for the budget, while a person disables the regulator. */
async function disabledMeanwhile(): Promise<Regulated> {
  const given = await givenRegulated(admin)
  await keeper.query('begin')
  await keeper.query('select from fleet.dose_windows where regulator_id = $1 for update', [given.regulator])
  const running = cycle()
  await untilBlocking(keeper, admin)
  const disabled = await editRegulator(tenant(), {
    id: given.regulator,
    version: 1,
    change: { enabled: false },
  })
  expect(disabled).toMatchObject({ ok: true, value: { enabled: false, epoch: 2 } })
  await keeper.query('commit')
  expect(await running).toMatchObject({ ran: true, value: { failed: 0 } })
  return given
}

it('a dose that a cycle orders while a person disables the regulator reaches no node', async () => {
  const given = await disabledMeanwhile()
  const { id, was } = await commandOf(given)
  expect(was).toBe('QUEUED')
  expect(await take(pump(given), given)).toEqual({ data: [] })
  expect(await ackCommand(pump(given), { id, ack: { state: 'DONE' } })).toMatchObject({
    reason: 'stale_epoch',
  })
  await cycle()
  expect((await commandOf(given)).was).toBe('EXPIRED stale_epoch')
})

it('the check finds a statement that hands out commands of an old epoch', async () => {
  const given = await disabledMeanwhile()
  const { id } = await commandOf(given)
  const ctx = Object.assign(pump(given), { db: blind })
  expect(await take(ctx, given)).toMatchObject({ data: [{ id, kind: 'dose' }] })
})
