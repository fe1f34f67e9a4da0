import { describe, expect, it } from 'vitest'
import { acceptedBet, bet, deposit, rowsOf, serverOf, unlimitedWorker } from '../support/http.ts'
import { violations } from '../support/violations.ts'

const app = await unlimitedWorker()
const { admin } = app.database
let tenants = 0
const tenant = () => serverOf(app, ++tenants)

describe('reports', () => {
  it('state their age and count each bet and payment once', async () => {
    const server = await tenant()
    await deposit(server, 5_000)
    await deposit(server, 500)
    const won = await acceptedBet(server)
    await server.post(`/bets/${won}/settle`, { body: { outcome: 'won' } })
    await acceptedBet(server, { stakeMinor: 2_000 })
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
    expect(Date.now() - Date.parse(String(summary.body['asOf']))).toBeLessThan(20_000)
    const top = await server.get('/top-bets?limit=1')
    expect(rowsOf(top.body)).toMatchObject([{ rank: 1, stakeMinor: 2_000, status: 'accepted' }])
    const activity = await server.get('/users/u-1/activity')
    expect(rowsOf(activity.body)).toMatchObject([
      { currency: 'USD', bets: 2, stakeMinor: 3_000, depositedMinor: 5_500 },
    ])
    expect([summary.trips, top.trips, activity.trips]).toEqual([1, 1, 1])
    for (const { headers } of [summary, top, activity]) expect(headers.get('age')).toMatch(/^\d{1,2}$/)
  })

  it('show a sum beyond exact JSON numbers as a string of digits', async () => {
    const server = await tenant()
    const rich = { ...bet, stakeMinor: Number.MAX_SAFE_INTEGER }
    const events = ['a', 'b', 'c'].map((aggregateId) => ({
      aggregateId,
      type: 'V1_BETS_BET_PLACED',
      data: rich,
    }))
    await server.post('/events', { body: { events } })
    await app.scheduled('* * * * *', new Date(Date.now() + 60_000))
    expect(rowsOf((await server.get('/summary')).body)).toMatchObject([
      { bets: 3, stakeMinor: '27021597764222973', depositedMinor: 0 },
    ])
  })

  it('are not refreshed while no event arrives', async () => {
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
})

it('leaves a ledger in which every law holds, except that appended bets lack their reservation', async () => {
  expect((await violations(admin)).filter((law) => !law.startsWith('holds are'))).toEqual([])
})
