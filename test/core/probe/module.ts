import { sql } from 'drizzle-orm'
import * as z from 'zod'
import type { Ctx } from '../../../functions/core/context.ts'
import { ingest, ingestDurably } from '../../../functions/core/ingest.ts'
import { readAccounting } from '../../../functions/core/ingest-accounting.ts'
import type { IngestQueue } from '../../../functions/core/ingest-message.ts'
import { at, ok } from '../../../functions/http/endpoint.ts'
import type { Module } from '../../../functions/http/module.ts'

/** The table of a row that only tests mount. `key` is an item's own id, if it has one; 99 breaks a constraint. */
export const probeTables = `
  create schema probe;
  create table probe.items (
    source uuid not null, n int not null, pos int not null, key text unique, value int not null check (value <> 99)
  );
  grant usage on schema probe to lockstep_app;
  grant select, insert on probe.items to lockstep_app`

/** Items below zero are rejected. Items whose key is stored are duplicates. */
function storeItems(_ctx: Ctx) {
  return sql`
items as materialized (
  select a.source, a.n, e.pos, e.item ->> 'key' as key, (e.item ->> 'value')::int as value
  from arrived a
  cross join lateral jsonb_array_elements(a.items) with ordinality as e (item, pos)
),
stored as (
  insert into probe.items (source, n, pos, key, value)
  select source, n, pos, key, value from items where value >= 0 order by key, source, n, pos
  on conflict (key) do nothing
  returning source, n
),
outcome as (
  select i.source, i.n, i.stored, i.valid - i.stored as duplicate, i.items - i.valid as rejected
  from (
    select source, n, count(*) as items, count(*) filter (where value >= 0) as valid,
      (select count(*) from stored s where (s.source, s.n) = (items.source, items.n)) as stored
    from items
    group by source, n
  ) i
)`
}

export const probeQueue: IngestQueue = { stream: 'probe', verb: 'probe.store', store: storeItems }

const Items = z.strictObject({
  items: z.array(z.strictObject({ key: z.string().optional(), value: z.int() })).min(1),
  durable: z.boolean().default(false),
})

const on = at('/v1/probe', 'probe')

export const probeModule: Module = {
  name: 'probe',
  queues: [probeQueue],
  endpoints: () => [
    on.post(
      '/items',
      { summary: 'Ingest items', roles: 'public', body: Items, answers: { 202: z.object({}) } },
      async (ctx, { body: { items, durable } }) => {
        if (durable) await ingestDurably(ctx, 'probe', items)
        else ingest(ctx, 'probe', items)
        return { status: 202, body: {} }
      },
    ),
    on.get(
      '/accounting',
      { summary: 'Account for the items', roles: 'public', answers: { 200: z.unknown() } },
      async (ctx) =>
        ok(await readAccounting(ctx, 'probe', { from: new Date(0), to: new Date('2100-01-01') })),
    ),
  ],
}
