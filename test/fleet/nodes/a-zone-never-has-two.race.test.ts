import pg from 'pg'
import { expect, it } from 'vitest'
import { directDb } from '../../../dev/postgres/direct-db.ts'
import { bindNode } from '../../../functions/fleet/nodes/bind.ts'
import { hold, untilWaiting } from '../../core/barrier.ts'
import { type Environment, freshEnvironment, tally } from '../../core/environment.ts'
import { atTheEnd } from '../../support/at-the-end.ts'

const tries = 1_000
const triesAtOnce = 8
const principal = { role: 'tenant', sub: 't', tenantId: 1 } as const

type Pair = { zoneId: number; uids: [string, string] }

/** Zones, each with two nodes of one type that nobody has placed. */
async function givenPairs({ database: { admin } }: Environment, count: number): Promise<Pair[]> {
  const { rows } = await admin.query(
    `with house as (
      insert into fleet.greenhouses (tenant_id, name, timezone) values (1, 'North', 'UTC') returning id
    ),
    zone as (
      insert into fleet.zones (tenant_id, greenhouse_id, name)
      select 1, house.id, 'Z' || n from house, generate_series(1, $1::int) n returning id, greenhouse_id
    ),
    node as (
      insert into fleet.nodes (tenant_id, greenhouse_id, hardware_id, uid, type)
      select 1, greenhouse_id, name, name, 'ph'
      from zone, generate_series(1, 2) nth, concat('nd-ph-', zone.id, '-', nth) name
      returning id
    ),
    config as (
      insert into fleet.node_configs (node_id, tenant_id) select id, 1 from node
    )
    select id::int from zone order by id`,
    [count],
  )
  return rows.map(({ id }) => ({ zoneId: id, uids: [`nd-ph-${id}-1`, `nd-ph-${id}-2`] }))
}

/** Lets both nodes of each pair enter their zone at once. Returns the answers. */
async function enterAtOnce(environment: Environment, pairs: Pair[]): Promise<string[]> {
  const answers: string[] = []
  const pool = new pg.Pool({
    connectionString: environment.database.workerUrl,
    max: 2 * triesAtOnce,
    options: '-c app.tenant_id=1',
  })
  pool.on('error', () => undefined)
  atTheEnd(() => pool.end())
  // Without the proxy and with statements that are planned once, a thousand tries take seconds.
  const db = directDb(pool, { plannedOnce: true })
  const ctx = Object.assign(environment.ctx({ principal }), { db })
  const waiting = pairs.values()
  const work = async () => {
    for (const { zoneId, uids } of waiting) {
      const enter = (uid: string) => bindNode(ctx, { uid, zoneId, version: 1 })
      const both = await Promise.all(uids.map(enter))
      const winner = uids[both.findIndex(({ ok }) => ok)]
      for (const one of both)
        answers.push(one.ok ? 'placed' : `${one.reason}${one['nodeUid'] === winner ? ' by the other' : ''}`)
    }
  }
  await Promise.all(Array.from({ length: triesAtOnce }, work))
  return answers
}

/** How many zones have how many nodes. */
async function occupied({ database: { admin } }: Environment): Promise<Record<string, number>> {
  const { rows } = await admin.query('select count(*)::int as n from fleet.zone_slots group by zone_id')
  return tally(rows.map(({ n }) => n))
}

it('two nodes of a type that enter one zone at once are never both in it, in a thousand tries', async () => {
  const environment = await freshEnvironment()
  const answers = await enterAtOnce(environment, await givenPairs(environment, tries))
  expect(tally(answers)).toEqual({ placed: tries, 'zone_has_node_of_type by the other': tries })
  expect(await occupied(environment)).toEqual({ 1: tries })
})

it('without the key of the slots a zone has both', async () => {
  const environment = await freshEnvironment()
  const { database } = environment
  await database.admin.query('alter table fleet.zone_slots drop constraint zone_slots_pkey')
  const [pair] = await givenPairs(environment, 1)
  if (pair === undefined) throw new Error('One pair was wanted')
  // Both have found the zone empty, and each waits for its own row.
  const holder = await hold(database, 'select from fleet.nodes for update')
  const answers = pair.uids.map((uid) =>
    bindNode(environment.ctx({ principal }), { uid, zoneId: pair.zoneId, version: 1 }),
  )
  await untilWaiting(database, 2)
  await holder.commit()
  expect(await Promise.all(answers)).toMatchObject([{ ok: true }, { ok: true }])
  expect(await occupied(environment)).toEqual({ 2: 1 })
})
