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

it('holds two greenhouses, eight zones and thirty nodes, of which one is silent, one drifts and two are free', async () => {
  expect(
    await rows(`select
    (select count(*)::int from fleet.greenhouses) as greenhouses,
    (select count(*)::int from fleet.zones) as zones,
    (select count(*)::int from fleet.nodes) as nodes,
    (select count(*)::int from fleet.nodes where lifecycle = 'DEGRADED') as silent,
    (select count(*)::int from fleet.node_configs c join fleet.zone_slots s using (node_id)
      where drifted_at is not null) as drifting,
    (select count(*)::int from fleet.nodes n where not exists (
      select from fleet.zone_slots s where s.node_id = n.id and s.node_type = n.type)) as free`),
  ).toEqual([{ greenhouses: 2, zones: 8, nodes: 30, silent: 1, drifting: 1, free: 2 }])
})

const misfolded = `
  (
    select node_id, metric_id, date_trunc('hour', ts, 'UTC') as hour, count(*)::int as n, min(value) as low, max(value) as high
    from fleet.telemetry_samples
    group by 1, 2, 3
  )
  except
  select node_id, metric_id, hour, n, min, max from fleet.telemetry_1h`

it('holds two days of telemetry: a stuck sensor, a silent node, a gap, and hours that equal a recount', async () => {
  expect(
    await rows(`select
    (select count(distinct node_id)::int from fleet.telemetry_samples) as nodes,
    (select max(ts) - min(ts) > interval '47 hours' from fleet.telemetry_samples) as two_days,
    (select max(ts) <= now() from fleet.telemetry_samples) as in_the_past,
    (select count(*)::int from fleet.telemetry_last where quality = 'stuck') as stuck,
    (select count(*)::int from fleet.telemetry_last where ts < now() - interval '2 hours') as silent,
    (select bool_and(received = accepted + duplicate + late + rejected) from fleet.telemetry_minutes) as accounted,
    (select count(*)::int from fleet.node_boots where seen <> int4multirange(range_merge(seen))) as with_lost_batches`),
  ).toEqual([
    {
      nodes: 28,
      two_days: true,
      in_the_past: true,
      stuck: 1,
      silent: 2,
      accounted: true,
      with_lost_batches: 1,
    },
  ])
  expect(await rows(misfolded)).toEqual([])
  expect(
    // A whole hour without samples would be in neither of the two: each hour loses one sample of each series.
    await rowsAfter('delete from fleet.telemetry_samples where extract(minute from ts) = 30', misfolded),
  ).not.toEqual([])
})

const misdosed = `
  select d.regulator_id, d.at
  from fleet.decisions d
  left join fleet.commands c on c.id = d.command_id
  where (d.outcome = 'dosed') <> (c.id is not null)
    or c.amount > least(d.hour_left, d.day_left)`

it('holds decisions of every zone, each dose within its budget, and a budget that was used up', async () => {
  expect(
    await rows(`select
    (select count(distinct zone_id)::int from fleet.decisions) as zones,
    array(
      select distinct outcome
      from fleet.decisions
      where outcome in ('dosed', 'in_range', 'suspect', 'stale', 'manual', 'budget_exhausted')
      order by outcome
    ) as outcomes,
    (select count(distinct state)::int from fleet.commands) as ends`),
  ).toEqual([
    {
      zones: 8,
      outcomes: ['budget_exhausted', 'dosed', 'in_range', 'manual', 'stale', 'suspect'],
      ends: 3,
    },
  ])
  expect(await rows(misdosed)).toEqual([])
  expect(
    await rowsAfter(`update fleet.decisions set hour_left = 0 where outcome = 'dosed'`, misdosed),
  ).not.toEqual([])
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
    (select count(*)::int from clicks.orphan_postbacks where state = 'open') as parked,
    (select sum(stored)::int from core.ingest_minutes where stream = 'clicks') as accounted,
    (select changed > 0 and state = 'done' from clicks.replays) as has_replay`),
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
      accounted: 20_000,
      has_replay: true,
    },
  ])
  expect(await wrongQuarters(admin)).toEqual([])
})

it('holds clicks of two sources and two weeks, so that a report shows something in each grouping', async () => {
  expect(
    await rows(`select
      (select count(distinct traffic_source_id)::int from clicks.clicks) as sources,
      (select count(distinct (created_at at time zone 'UTC')::date)::int >= 14 from clicks.clicks) as has_days,
      (select count(distinct landing_page_id) > 0 from clicks.clicks) as has_landings,
      (select count(distinct campaign_offer_id) > 3 from clicks.clicks) as has_offers`),
  ).toEqual([{ sources: 2, has_days: true, has_landings: true, has_offers: true }])
  const shown = await rows(`
    select dimension from clicks.campaign_dimensions
    where value <> '' group by dimension having count(distinct value) > 3 order by dimension`)
  expect(shown.map(({ dimension }) => dimension)).toEqual([
    'browser',
    'country',
    'device',
    'os',
    'referrer',
    'sub1',
    'sub2',
  ])
})
