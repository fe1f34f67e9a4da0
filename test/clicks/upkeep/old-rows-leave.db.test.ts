import { beforeEach, describe, expect, it } from 'vitest'
import { claimPostbacks } from '../../../functions/clicks/conversions/claim-postbacks.ts'
import { removeOld } from '../../../functions/clicks/upkeep/remove-old.ts'
import { effect } from '../../../functions/core/idempotency.ts'
import { freshEnvironment } from '../../core/environment.ts'
import { untilLasts } from '../../support/lasting.ts'
import { givenCampaign } from '../support/given.ts'

await untilLasts('day', 60)
const environment = await freshEnvironment()
const { admin } = environment.database

beforeEach(() => admin.query('truncate clicks.visitors, clicks.events, clicks.postbacks_out cascade'))

const visitorsOf = (daysAgo: number, count = 1) =>
  admin.query(
    `insert into clicks.visitors (campaign_id, visitor_key, day, clicks, last_at)
     select 1, 'visitor ' || n, (now() at time zone 'UTC')::date - $1::int, 1, now() from generate_series(1, $2::int) n`,
    [daysAgo, count],
  )

const eventOf = (type: string, ago: string) =>
  admin.query(
    `insert into clicks.events (id, click_id, event_type, created_at)
     values (gen_random_uuid(), gen_random_uuid(), $1, now() - $2::interval)`,
    [type, ago],
  )

const column = async (statement: string) =>
  (await admin.query({ text: statement, rowMode: 'array' })).rows.map(([value]) => value)

const run = () => effect(environment.ctx(), removeOld())

describe('the retention of clicks', () => {
  it('keeps visitors of three days and events of fourteen months, and nothing older', async () => {
    for (const daysAgo of [0, 1, 2, 3, 4]) await visitorsOf(daysAgo)
    for (const [type, ago] of [
      ['fresh', '0'],
      ['kept', '13 months'],
      ['old', '15 months'],
    ] as const)
      await eventOf(type, ago)
    expect(await run()).toEqual({ rows: 3, more: false, outcome: 'ok' })
    expect(
      await column(`select (now() at time zone 'UTC')::date - day from clicks.visitors order by day desc`),
    ).toEqual([0, 1, 2])
    expect(await column('select event_type from clicks.events order by created_at desc')).toEqual([
      'fresh',
      'kept',
    ])
    expect(await run()).toEqual({ rows: 0, more: false, outcome: 'skipped' })
  })

  it('takes five thousand rows of a kind in a portion, and says that more are left', async () => {
    await visitorsOf(9, 5_001)
    expect(await run()).toMatchObject({ rows: 5_000, more: true })
    expect(await run()).toMatchObject({ rows: 1, more: false })
  })

  it('removes postbacks to sources that ended more than thirty days ago, and no waiting one', async () => {
    const campaign = await givenCampaign(admin, { source: { slug: 'net' } })
    await admin.query(
      `with converted as (
        insert into clicks.conversions (click_id, campaign_id, type, status, payout_minor, currency)
        select gen_random_uuid(), $1, 'sale', 'approved', 100, 'USD' from generate_series(1, 3)
        returning id
      )
      insert into clicks.postbacks_out (
        conversion_id, traffic_source_id, conversion_status, url, state, due_at, give_up_at, finished_at
      )
      select c.id, s.id, 'approved', 'https://net.example/' || ended.name, ended.state, now() + interval '1 hour',
        now() + interval '1 day', now() - ended.ago
      from (select id, row_number() over (order by id) as n from converted) c
      join (values (1, 'old', 'delivered', interval '31 days'), (2, 'young', 'dead', interval '29 days'),
        (3, 'waiting', 'waiting', null)) ended (n, name, state, ago) using (n)
      cross join (select id from clicks.traffic_sources limit 1) s`,
      [campaign.id],
    )
    await environment.ctx().db.query(claimPostbacks())
    expect(await column('select url from clicks.postbacks_out order by id')).toEqual([
      'https://net.example/young',
      'https://net.example/waiting',
    ])
  })
})
