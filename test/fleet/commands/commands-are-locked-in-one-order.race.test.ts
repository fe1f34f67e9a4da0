import { describe, expect, it } from 'vitest'
import { runCycle } from '../../../functions/fleet/cycles/run.ts'
import { unbindNode } from '../../../functions/fleet/nodes/unbind.ts'
import { editRegulator } from '../../../functions/fleet/regulators/edit.ts'
import { editZone } from '../../../functions/fleet/zones/edit.ts'
import { freshEnvironment } from '../../core/environment.ts'
import { meets } from '../../support/blocking.ts'
import { givenRegulated, type Regulated } from '../support/regulated.ts'

const environment = await freshEnvironment()
const { admin, connect } = environment.database

const tenant = () => environment.ctx({ principal: { role: 'tenant', sub: 't', tenantId: 1 } })
const second = Math.floor(Date.now() / 1_000) * 1_000
let slots = 0
const cycle = (slot: number) =>
  runCycle(environment.ctx({ bindings: { FLEET_SHARDS: '1' } }), { shard: 0, slot: new Date(second + slot) })
// The partitions of the cycles exist from here on.
await cycle(0)

/** Two commands whose time has passed, written in the order of their ids or in the other one: a plan may read either way. */
async function givenCommands(written: 'up' | 'down'): Promise<Regulated & { first: number; last: number }> {
  const given = await givenRegulated(admin, { value: null })
  const [first, last] = [1_000_000 + 2 * given.zone, 1_000_001 + 2 * given.zone]
  for (const id of written === 'up' ? [first, last] : [last, first])
    await admin.query(
      `insert into fleet.commands (id, tenant_id, node_id, zone_id, zone_epoch, kind, ordered_by, expires_at)
       overriding system value
       values ($1, 1, $2, $3, 1, 'on', 'test', now() - interval '1 second')`,
      [id, given.pump, given.zone],
    )
  return { ...given, first, last }
}

const ends: [string, (given: Regulated) => Promise<unknown>][] = [
  ['a cycle that ends overdue commands', () => cycle(++slots * 1_000)],
  [
    'a node that leaves its zone',
    ({ pumpUid }: Regulated) => unbindNode(tenant(), { uid: pumpUid, version: 1 }),
  ],
  [
    'a zone that leaves the automatic mode',
    ({ zone }: Regulated) => editZone(tenant(), { id: zone, version: 1, change: { mode: 'manual' } }),
  ],
]

it('a regulator that gets other budgets when it is disabled locks its command before them', async () => {
  const given = await givenRegulated(admin, { waits: true })
  const other = await connect()
  await other.query('begin')
  await other.query('select from fleet.commands where regulator_id = $1 for update', [given.regulator])
  const change = { enabled: false, budgetHour: 50 }
  const editing = editRegulator(tenant(), { id: given.regulator, version: 1, change })
  expect(await meets(other, editing, admin)).toBe('waits')
  const lock = 'select from fleet.dose_windows where regulator_id = $1 for update nowait'
  expect((await other.query(lock, [given.regulator])).rowCount).toBe(1)
  await other.query('commit')
  expect(await editing).toMatchObject({ ok: true, value: { enabled: false, budgetHour: 50 } })
})

describe.each(ends)('%s', (_what, end) => {
  it.each(['up', 'down'] as const)(
    'locks commands in the order of their ids, written %s',
    async (written) => {
      const given = await givenCommands(written)
      const other = await connect()
      const lock = 'select from fleet.commands where id = $1 for update nowait'
      await other.query('begin')
      await other.query(lock, [given.first])
      const ending = end(given)
      expect(await meets(other, ending, admin)).toBe('waits')
      expect((await other.query(lock, [given.last])).rowCount).toBe(1)
      await other.query('commit')
      await ending
      const { rows } = await admin.query('select state from fleet.commands where zone_id = $1', [given.zone])
      expect(rows).toEqual([{ state: 'EXPIRED' }, { state: 'EXPIRED' }])
    },
  )
})
