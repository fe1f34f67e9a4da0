import { beforeAll, expect, it } from 'vitest'
import { freshDatabase } from '../../support/database.ts'
import { inStepsUnchecked } from '../../support/fill.ts'
import { givenOrders, givenStore } from '../support/given.ts'

const { admin, connect } = await freshDatabase()
const client = await connect()
const events = 60_000

/** Events of a hundred days, of which the oldest third was removed and as many new ones took its place. */
beforeAll(async () => {
  await client.query(
    'create index brin on dispatch.order_events using brin (created_at) with (pages_per_range = 32)',
  )
  const orders = await givenOrders(admin, 2_000, { storeId: await givenStore(admin) })
  const insert = (from: number, to: number, at: string) =>
    client.query(`
      insert into dispatch.order_events (order_id, type, to_status, actor_role, fence, created_at)
      select ${orders[0]} + n % 2000, 'created', 'new', 'system', 0, ${at} from generate_series(${from}, ${to}) n`)
  await inStepsUnchecked(client, events, (from, to) =>
    insert(from, to, `now() - interval '100 days' + n * interval '100 days' / ${events}`),
  )
  await client.query(`select brin_summarize_new_values('dispatch.brin')`)
  await client.query(`delete from dispatch.order_events where created_at < now() - interval '67 days'`)
  await client.query('vacuum dispatch.order_events')
  await inStepsUnchecked(client, events / 3, (from, to) => insert(from, to, 'now()'))
  await client.query('vacuum analyze dispatch.order_events')
})

async function pagesOfRemoval(): Promise<number> {
  await client.query('set enable_seqscan = off')
  const { rows } = await client.query(`explain (analyze, buffers, format json)
    select id from dispatch.order_events where created_at < now() - interval '66 days' limit 5000`)
  const { Plan: plan } = rows[0]['QUERY PLAN'][0]
  return plan['Shared Hit Blocks'] + plan['Shared Read Blocks']
}

it('finding the events past their time reads few pages after a third was replaced, and a BRIN index reads most', async () => {
  const pages = await pagesOfRemoval()
  expect(pages).toBeLessThan(60)
  await client.query('drop index dispatch.idx_order_events_recent')
  expect(await pagesOfRemoval()).toBeGreaterThan(5 * pages)
})
