import { expect, it } from 'vitest'
import { loadDemoData } from '../../dev/seed/load.ts'
import { priceMinorFor } from '../../functions/dispatch/rules.ts'
import { wrongQuarters } from '../clicks/support/recount.ts'
import { violations } from '../ledger/support/violations.ts'
import { freshDatabase } from '../support/database.ts'

const { admin, ownerUrl, connect } = await freshDatabase()
await loadDemoData(ownerUrl)

async function rows(sql: string): Promise<Record<string, unknown>[]> {
  return (await admin.query(sql)).rows
}

/** The rows that a check finds in data that was broken on purpose. */
async function rowsAfter(breaking: string, check: string): Promise<Record<string, unknown>[]> {
  const client = await connect()
  await client.query('begin')
  await client.query(breaking)
  const { rows } = await client.query(check)
  await client.query('rollback')
  return rows
}

it('holds ten stores, forty couriers and five hundred orders in every state', async () => {
  expect(
    await rows(`select
    (select count(*)::int from dispatch.stores) as stores,
    (select count(*)::int from dispatch.couriers) as couriers,
    (select count(*)::int from dispatch.orders) as orders,
    (select count(distinct status)::int from dispatch.orders) as states,
    (select count(*)::int from dispatch.order_exclusions) as exclusions`),
  ).toEqual([{ stores: 10, couriers: 40, orders: 500, states: 8, exclusions: 20 }])
})

const miscounted = `
  select c.id
  from dispatch.couriers c
  left join dispatch.orders o on o.courier_id = c.id and o.status in ('assigned', 'accepted', 'picked_up')
  group by c.id
  having c.held_boxes <> coalesce(sum(o.boxes_count), 0)`

const mistold = `
  with told as (
    select
      e.*,
      lag(to_status) over (partition by order_id order by created_at, id) as before,
      row_number() over (partition by order_id order by created_at desc, id desc) as from_last,
      count(*) over (partition by order_id) as steps
    from dispatch.order_events e
  )
  select distinct o.id
  from dispatch.orders o
  left join told on told.order_id = o.id
  where told.id is null
    or told.from_status is distinct from told.before
    or told.created_at > now()
    or from_last = 1 and (told.to_status, told.fence, told.steps) <> (o.status, o.fence, o.version)`

it('lets every courier hold exactly the boxes of its live orders', async () => {
  expect(await rows(miscounted)).toEqual([])
  expect(
    await rowsAfter(
      'update dispatch.couriers set held_boxes = held_boxes - 1 where held_boxes > 0',
      miscounted,
    ),
  ).not.toEqual([])
})

it('lets the events of every order fold to its row', async () => {
  expect(await rows(mistold)).toEqual([])
  expect(await rowsAfter(`delete from dispatch.order_events where type = 'accepted'`, mistold)).toHaveLength(
    315,
  )
})

it('charges what the rules charge', async () => {
  const orders = await rows('select boxes_count, price_minor::int from dispatch.orders')
  expect(orders.filter((o) => priceMinorFor(Number(o['boxes_count'])) !== o['price_minor'])).toEqual([])
})

it('holds bets and payments of three tenants in every state, in books in which everything holds', async () => {
  expect(
    await rows(`select
    (select count(distinct tenant_id)::int from ledger.user_balances) as tenants,
    (select count(distinct (tenant_id, user_id))::int from ledger.user_balances) as users,
    (select count(*)::int from ledger.bets_view) as bets,
    (select count(distinct status)::int from ledger.bets_view) as states_of_bets,
    (select count(distinct (kind, status))::int from ledger.payments_view) as states_of_payments,
    (select count(*)::int from ledger.bet_events where occurred_at > now()) as in_the_future`),
  ).toEqual([
    { tenants: 3, users: 24, bets: 320, states_of_bets: 8, states_of_payments: 7, in_the_future: 0 },
  ])
  expect(await violations(admin)).toEqual([])
})

it('is loaded once, also after everything was deleted', async () => {
  expect(await loadDemoData(ownerUrl)).toBe(false)
  await admin.query(
    'truncate dispatch.stores, dispatch.couriers, dispatch.orders, dispatch.order_events, dispatch.order_exclusions',
  )
  expect(await loadDemoData(ownerUrl)).toBe(false)
  expect(await rows('select from dispatch.stores')).toEqual([])
})

it('holds three campaigns with clicks, conversions and parked postbacks, in quarters that equal a recount', async () => {
  expect(
    await rows(`select
    (select count(*)::int from clicks.campaigns) as campaigns,
    (select count(*)::int from clicks.clicks) as clicks,
    (select count(distinct kind)::int from clicks.clicks) as kinds,
    (select count(distinct validity)::int from clicks.clicks) as validities,
    (select count(*) > 500 from clicks.clicks where is_bot) as has_bots,
    (select count(distinct status)::int from clicks.conversions) as statuses,
    (select count(*) > 300 from clicks.conversions) as has_conversions,
    (select count(*)::int from clicks.orphan_postbacks where state = 'open') as parked`),
  ).toEqual([
    {
      campaigns: 3,
      clicks: 20_000,
      kinds: 3,
      validities: 3,
      has_bots: true,
      statuses: 4,
      has_conversions: true,
      parked: 12,
    },
  ])
  expect(await wrongQuarters(admin)).toEqual([])
})
