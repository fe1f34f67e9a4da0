import { describe, expect, it } from 'vitest'
import { untilLasts } from '../../support/lasting.ts'
import { acceptedBet, bet, deposit, rowsOf, serverOf, unlimitedWorker } from '../support/http.ts'
import { violations } from '../support/violations.ts'

const app = await unlimitedWorker()
const { admin } = app.database
let tenants = 0
const tenant = () => serverOf(app, ++tenants)

describe('reports', () => {
  it('state their age and count each bet and payment once', async () => {
    await untilLasts('day', 60)
    const server = await tenant()
    await deposit(server, 5_000)
    await deposit(server, 500)
    const won = await acceptedBet(server)
    await server.post(`/bets/${won}/settle`, { body: { outcome: 'won' } })
    await acceptedBet(server, { stakeMinor: 2_000 })
    const began = Date.now()
    await app.scheduled('* * * * *')
    const summary = await server.get('/summary')
    expect(summary.body).toMatchObject({
      stale: false,
      data: [
        {
          currency: 'USD',
          bets: 2,
          openBets: 1,
          stakeMinor: 3_000,
          payoutMinor: 2_500,
          deposits: 2,
          depositedMinor: 5_500,
          withdrawnMinor: 0,
        },
      ],
    })
    expect(Date.parse(String(summary.body['asOf']))).toBeGreaterThanOrEqual(began)
    const top = await server.get('/top-bets?limit=1')
    expect(rowsOf(top.body)).toMatchObject([{ rank: 1, stakeMinor: 2_000, status: 'accepted' }])
    const activity = await server.get('/users/u-1/activity')
    expect(rowsOf(activity.body)).toMatchObject([
      { currency: 'USD', bets: 2, stakeMinor: 3_000, depositedMinor: 5_500 },
    ])
    expect([summary.trips, top.trips, activity.trips]).toEqual([1, 1, 1])
    for (const { headers } of [summary, top, activity]) expect(headers.get('age')).toMatch(/^\d{1,3}$/)
  })

  it('list of today’s bets only those that are placed, accepted or won, up to a thousand', async () => {
    await untilLasts('day', 60)
    const server = await tenant()
    const ids = [1, 2, 3, 4, 5, 6, 7, 8].map((n) => `b-${n}`)
    const event = (aggregateId: string, type: string, data: object = {}) => ({ aggregateId, type, data })
    const money = (n: number) => ({ userId: 'u-1', currency: 'USD', amountMinor: n })
    const placed = (id: string, stakeMinor: number) => [
      event(`m-${id}`, 'V1_BALANCES_BALANCE_CREDITED', money(stakeMinor)),
      event(id, 'V1_BETS_BET_PLACED', { ...bet, stakeMinor }),
      event(id, 'V1_BALANCES_BALANCE_RESERVED', money(stakeMinor)),
    ]
    const named = ids.flatMap((id, n) => placed(id, 10_000 + n))
    const many = Array.from({ length: 1_010 }, (_, n) => placed(`many-${n}`, 1 + n)).flat()
    for (const events of [named, many])
      expect((await server.post('/events', { body: { events } })).status).toBe(201)
    const post = (id: string, verb: string, body = {}) => server.post(`/bets/${id}/${verb}`, { body })
    for (const id of ids.slice(1, 6)) await post(id, 'accept')
    await post('b-3', 'settle', { outcome: 'won' })
    await post('b-4', 'settle', { outcome: 'lost' })
    await post('b-5', 'cash-out', { payoutMinor: 1 })
    await post('b-6', 'void')
    await post('b-7', 'reject')
    await post('b-8', 'cancel')
    await app.scheduled('* * * * *', new Date(Date.now() + 60_000))
    const rows = rowsOf((await server.get('/top-bets?limit=1000')).body)
    expect(rows).toHaveLength(1_000)
    expect(rows.slice(0, 4).map(({ id, status, rank }) => [id, status, rank])).toEqual([
      ['b-3', 'won', 1],
      ['b-2', 'accepted', 2],
      ['b-1', 'placed', 3],
      ['many-1009', 'placed', 4],
    ])
    expect((await server.get('/top-bets?limit=1001')).status).toBe(400)
  })

  it('show a sum beyond exact JSON numbers as a string of digits', async () => {
    const server = await tenant()
    const most = Number.MAX_SAFE_INTEGER
    const events = ['a', 'b', 'c'].flatMap((id) => {
      const money = { userId: id, currency: 'USD', amountMinor: most }
      return [
        { aggregateId: `money-${id}`, type: 'V1_BALANCES_BALANCE_CREDITED', data: money },
        {
          aggregateId: id,
          type: 'V1_BETS_BET_PLACED',
          data: { ...bet, userId: id, stakeMinor: most, odds: '1' },
        },
        { aggregateId: id, type: 'V1_BALANCES_BALANCE_RESERVED', data: money },
      ]
    })
    await server.post('/events', { body: { events } })
    await app.scheduled('* * * * *', new Date(Date.now() + 240_000))
    expect(rowsOf((await server.get('/summary')).body)).toMatchObject([
      { bets: 3, stakeMinor: '27021597764222973', depositedMinor: 0 },
    ])
  })

  it('are not refreshed while no event arrives', async () => {
    await untilLasts('day', 60)
    await app.scheduled('* * * * *', new Date(Date.now() + 120_000))
    await app.scheduled('* * * * *', new Date(Date.now() + 180_000))
    const { rows } = await admin.query(
      `select distinct on (view) view, skipped > 0 as skipped from core.view_refreshes where view like 'ledger.%' order by view, id desc`,
    )
    expect(rows).toEqual([
      { view: 'ledger.tenants_summary_view', skipped: true },
      { view: 'ledger.top_bets_today', skipped: true },
      { view: 'ledger.user_activity_view', skipped: true },
    ])
  })

  it('are compared with the bets and payments once a day, and repaired when they differ', async () => {
    const refresh = () => admin.query('select * from ledger.refresh_aggregate_views()')
    /** Whether rows differed, and whether the view was refreshed. A transaction compares one view, so there are two. */
    const nextDay = async () => {
      await admin.query(`
        update core.view_refreshes set started_at = started_at - interval '25 hours', duration_ms = 1;
        update core.view_recounts set recounted_at = recounted_at - interval '25 hours'`)
      await refresh()
      await refresh()
      const { rows } = await admin.query(`
        select r.view, r.drift_keys > 0 as differs, v.started_at > now() - interval '1 day' as refreshed
        from core.view_recounts r
        cross join lateral (select * from core.view_refreshes v where v.view = r.view order by v.id desc limit 1) v
        order by r.view`)
      return rows
    }
    const views = ['ledger.tenants_summary_view', 'ledger.user_activity_view']
    const equal = views.map((view) => ({ view, differs: false, refreshed: false }))
    const repaired = views.map((view) => ({ view, differs: true, refreshed: true }))
    await refresh()
    expect(await nextDay()).toEqual(equal)
    // No event changes these bets, so only a comparison finds that the reports are wrong.
    const pay = (more: number) =>
      admin.query('update ledger.bets_view set payout_minor = payout_minor + $1 where payout_minor > 0', [
        more,
      ])
    await pay(1)
    expect(await nextDay()).toEqual(repaired)
    await pay(-1)
    expect(await nextDay()).toEqual(repaired)
    expect(await nextDay()).toEqual(equal)
  })
})

it('leaves a ledger in which every law holds', async () => {
  expect(await violations(admin)).toEqual([])
})
