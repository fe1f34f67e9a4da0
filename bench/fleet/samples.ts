import type pg from 'pg'
import { directDb } from '../../dev/postgres/direct-db.ts'
import { consume } from '../../functions/core/consume.ts'
import type { Db } from '../../functions/core/db.ts'
import type { Message } from '../../functions/core/ingest-message.ts'
import type { Statement } from '../../functions/core/named.ts'
import { telemetryQueue } from '../../functions/fleet/queue.ts'
import { contextOver } from '../context-over.ts'
import { mustBe } from '../method.ts'

const nodes = 50
const metrics = ['ph', 'ec', 'temperature', 'humidity'] as const

export type Row = { uid: string; metric: string; ts: Date; value: number }

/** Fifty nodes with four sensors each; nothing stored. */
export async function givenNodes(owner: pg.Pool): Promise<void> {
  await owner.query(`
truncate fleet.telemetry_samples, fleet.telemetry_last, fleet.telemetry_1m, fleet.telemetry_rejects,
  fleet.telemetry_minutes, fleet.node_boots, core.ingest_messages, core.ingest_minutes, core.ingest_sources`)
  await owner.query('select core.keep_partitions()')
  await owner.query(`
with house as (
  insert into fleet.greenhouses (tenant_id, name, timezone)
  select 1, 'North', 'UTC' where not exists (select from fleet.greenhouses)
  returning id
)
insert into fleet.nodes (tenant_id, greenhouse_id, hardware_id, uid, type, lifecycle)
select 1, house.id, 'esp32-' || n, 'nd-ph-' || n, 'ph', 'ACTIVE'
from house, generate_series(1, ${nodes}) n
on conflict do nothing`)
  await owner.query('analyze fleet.nodes, fleet.metrics')
}

/** Samples of the next seconds, each series in turn. `at` counts batches, so no two are equal. */
export function samplesAt(at: number, count: number, started: number): Row[] {
  const series = nodes * metrics.length
  return Array.from({ length: count }, (_, n) => ({
    uid: `nd-ph-${(n % nodes) + 1}`,
    metric: metrics[Math.floor(n / nodes) % metrics.length] ?? 'ph',
    ts: new Date(started + at * 1_000 + Math.floor(n / series) * 100),
    value: 6 + ((at + n) % 100) / 1_000,
  }))
}

/** The messages that the route would send for these samples: at most 500 in each. */
export function messagesOf(rows: readonly Row[]): Message[] {
  return Array.from({ length: Math.ceil(rows.length / 500) }, (_, part) => {
    const some = rows.slice(part * 500, part * 500 + 500)
    const uids = [...new Set(some.map(({ uid }) => uid))]
    return {
      v: 1 as const,
      source: crypto.randomUUID(),
      n: 1,
      at: new Date().toISOString(),
      answered: some.length,
      items: some.map(({ uid, metric, ts, value }) => [
        uids.indexOf(uid),
        metrics.findIndex((name) => name === metric),
        ts.getTime(),
        value,
      ]),
      shared: {
        batch: crypto.randomUUID(),
        tenant: 1,
        nodes: uids,
        metrics: metrics.map((name) => [name, null]),
      },
    }
  })
}

/** The consumer over an open connection: it calls the function of its statement, as over HTTP. */
export function storing(client: pg.Client) {
  const direct = directDb(client, { hotCalls: true })
  const db: Db = {
    ...direct,
    async query<Result>(statement: Statement) {
      const called = await direct.call(statement, null)
      // The verb declares the row type beside its SQL.
      return called === null ? direct.query<Result>(statement) : (called as Result[])
    },
    with: () => db,
  }
  const ctx = Object.assign(contextOver(client, { role: 'admin', sub: '1', tenantId: null }), { db })
  return async (messages: readonly Message[]) => {
    const delivered = messages.map((body, at) => ({ id: String(at), body, attempts: 1 }))
    mustBe(new Set(await consume(ctx, telemetryQueue, delivered)).has('retry'), false, 'a message that waits')
  }
}

/** Connections of the Worker that see all tenants. */
export async function everyTenant(client: pg.Client | undefined): Promise<pg.Client> {
  if (client === undefined) throw new Error('There is no connection')
  await client.query(`select set_config('app.tenant_id', '*', false)`)
  return client
}

/** Ours leaves samples, newest values, minutes and the accounting; a baseline leaves a part of them. */
export async function mustHave(
  owner: pg.Pool,
  expected: { samples: number; last?: number; counted?: number },
  whose: string,
): Promise<void> {
  const { rows } = await owner.query(`
select (select count(*) from fleet.telemetry_samples)::int as samples,
  (select count(*) from fleet.telemetry_last)::int as last,
  (select coalesce(sum(accepted + late), 0) from fleet.telemetry_minutes)::int as counted`)
  const found = Object.fromEntries(Object.keys(expected).map((name) => [name, rows[0][name]]))
  mustBe(found, expected, `the data of ${whose}`)
}
