import type pg from 'pg'
import {
  type Decision,
  decideBet,
  decidePayment,
  decidePlace,
  decideRequest,
  type PlaceBet,
  type RequestPayment,
  type TransitionBet,
  type TransitionPayment,
} from '../../../functions/ledger/decide.ts'
import {
  type Account,
  type BetEvent,
  emptyAccount,
  evolveAccount,
  evolveBet,
  evolvePayment,
  type PaymentEvent,
} from '../../../functions/ledger/events.ts'
import type { IncomingEvent } from '../../../functions/ledger/journal/contract.ts'
import type { Commit } from '../commit.ts'

const currencies = [['USD'], ['EUR', 'USD'], ['JPY', 'KWD']]
const users = 8
const selections = ['home', 'draw', 'away']
const odds = ['1.50', '2.50', '1.8', '3.25', '11']

const deposits: TransitionPayment[][] = [
  [{ do: 'complete' }],
  [{ do: 'complete' }, { do: 'charge-back', reason: 'disputed by the bank' }],
  [{ do: 'fail', reason: 'card declined' }],
  [],
]
const withdrawals: TransitionPayment[][] = [
  [{ do: 'complete' }],
  [{ do: 'reject', reason: 'unknown account' }],
  [],
]
const accept: TransitionBet = { do: 'accept' }
const bets: TransitionBet[][] = [
  [accept, { do: 'settle', outcome: 'won' }],
  [accept, { do: 'settle', outcome: 'lost' }],
  [accept, { do: 'cash-out', payoutMinor: 450 }],
  [accept, { do: 'void', reason: 'match abandoned' }],
  [{ do: 'reject', reason: 'odds have moved' }],
  [{ do: 'cancel' }],
  [accept],
  [],
]

/**
 * Three tenants with users, and with payments and bets in every state over the last two weeks. `decide` produces each
 * event and the triggers fold it, so the demo data obeys every rule.
 */
export async function fill(client: pg.Client, commit: Commit): Promise<void> {
  const now = new Date()
  for (const [at, codes] of currencies.entries()) {
    await client.query(`select set_config('app.tenant_id', $1, true)`, [String(at + 1)])
    const { rows } = await client.query<{ outcome: { ok: boolean } }>(
      `select ledger.append_events($1::jsonb, 'demo') as outcome`,
      [JSON.stringify(eventsOf(codes, now))],
    )
    if (rows[0]?.outcome.ok !== true) throw new Error(`The ledger refused: ${JSON.stringify(rows[0])}`)
    await commit()
  }
  await client.query('select ledger.refresh_aggregate_views()')
}

function eventsOf(codes: string[], now: Date): IncomingEvent[] {
  const history = makeHistory()
  for (const currency of codes) {
    for (let n = 1; n <= users; n += 1) {
      const owner = { userId: `u-${n}`, currency }
      const name = `${currency}-${n}`
      const hoursAgo = (hours: number) => new Date(now.getTime() - (hours + n / users) * 3_600_000)
      for (const [k, life] of deposits.entries()) {
        const request = { kind: 'deposit', ...owner, amountMinor: 20_000 - 5_000 * k } as const
        history.pay(`deposit-${name}-${k}`, request, life, hoursAgo(336 - 12 * k))
      }
      for (const [k, life] of bets.entries()) {
        const stakeMinor = 500 + ((n * 7 + k * 3) % 10) * 100
        const chosen = { odds: odds[(n + k) % odds.length] ?? '2', selection: selections[k % 3] ?? 'home' }
        history.bet(
          `bet-${name}-${k}`,
          { ...owner, stakeMinor, ...chosen },
          life,
          hoursAgo(30 * (bets.length - 1 - k)),
        )
      }
      for (const [k, life] of withdrawals.entries()) {
        const request = { kind: 'withdrawal', ...owner, amountMinor: 1_000 * (k + 1) } as const
        history.pay(`withdrawal-${name}-${k}`, request, life, hoursAgo(60 - 20 * k))
      }
    }
  }
  return history.events
}

/** The events of one tenant, in order of decision. */
function makeHistory() {
  const events: IncomingEvent[] = []
  const accounts = new Map<string, Account>()

  /** Each step happens ten minutes after the previous one. */
  function keep(aggregateId: string, of: { userId: string; currency: string }, at: Date) {
    const key = `${of.userId}:${of.currency}`
    let minutes = 0
    return <Event extends BetEvent | PaymentEvent>(
      decide: (account: Account) => Decision<Event>,
    ): Event[] => {
      const account = accounts.get(key) ?? emptyAccount
      const decision = decide(account)
      if (!decision.ok) throw new Error(`${aggregateId}: ${decision.refusal.code}`)
      accounts.set(key, decision.postings.reduce(evolveAccount, account))
      const occurredAt = new Date(at.getTime() + minutes * 60_000).toISOString()
      minutes += 10
      for (const { type, data } of [...decision.events, ...decision.postings])
        events.push({ aggregateId, type, data, occurredAt })
      return decision.events
    }
  }

  return {
    events,
    bet(id: string, placed: PlaceBet, life: TransitionBet[], at: Date) {
      const step = keep(id, placed, at)
      let bet = step((account) => decidePlace(account, placed)).reduce(evolveBet, null)
      for (const move of life) bet = step((account) => decideBet(bet, account, move)).reduce(evolveBet, bet)
    },
    pay(id: string, request: RequestPayment, life: TransitionPayment[], at: Date) {
      const step = keep(id, request, at)
      let payment = step((account) => decideRequest(account, request)).reduce(evolvePayment, null)
      for (const move of life)
        payment = step((account) => decidePayment(payment, account, move)).reduce(evolvePayment, payment)
    },
  }
}
