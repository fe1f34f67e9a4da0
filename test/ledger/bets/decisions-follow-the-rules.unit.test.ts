import { describe, expect, it } from 'vitest'
import { maxMinor } from '../../../functions/ledger/contract.ts'
import { decideBet, decidePlace, type TransitionBet } from '../../../functions/ledger/decide.ts'
import { betStatuses } from '../../../schema/ledger/states.ts'

import { account, bet, credited, debited, refused, released, reserved, user } from '../support/given.ts'

const order = { ...user, stakeMinor: 1_000, odds: '2.50', selection: 'home' }
const funded = account({ balanceMinor: 5_000 })
const holding = account({ balanceMinor: 5_000, reservedMinor: 1_000 })

describe('placing a bet', () => {
  it('reserves the stake', () => {
    expect(decidePlace(funded, order)).toEqual({
      ok: true,
      events: [{ type: 'V1_BETS_BET_PLACED', data: order }],
      postings: [reserved(1_000)],
    })
  })

  it('accepts a stake equal to the available money and refuses one unit more', () => {
    expect(decidePlace(account({ balanceMinor: 1_000 }), order).ok).toBe(true)
    expect(decidePlace(account({ balanceMinor: 999 }), order)).toEqual(
      refused('insufficient_funds', { availableMinor: 999 }),
    )
  })

  it('subtracts the stakes that other bets reserve', () => {
    expect(decidePlace(account({ balanceMinor: 1_900, reservedMinor: 1_000 }), order)).toEqual(
      refused('insufficient_funds', { availableMinor: 900 }),
    )
  })

  it('is refused on a quarantined account regardless of its balance', () => {
    expect(decidePlace({ ...funded, quarantined: true }, order)).toEqual(refused('quarantined'))
  })

  it('is refused when the payout exceeds the largest exact number', () => {
    const rich = account({ balanceMinor: maxMinor })
    expect(decidePlace(rich, { ...order, stakeMinor: maxMinor, odds: '1.00' }).ok).toBe(true)
    expect(decidePlace(rich, { ...order, stakeMinor: maxMinor, odds: '1.01' })).toEqual(
      refused('amount_out_of_range'),
    )
  })

  it('never pays a stake from an allowed overdraft', () => {
    expect(decidePlace(account({ mayGoNegative: true }), order)).toEqual(
      refused('insufficient_funds', { availableMinor: 0 }),
    )
  })
})

describe('the life of a bet', () => {
  const commands: Record<string, TransitionBet> = {
    accepted: { do: 'accept' },
    rejected: { do: 'reject' },
    won: { do: 'settle', outcome: 'won' },
    lost: { do: 'settle', outcome: 'lost' },
    voided: { do: 'void' },
    cancelled: { do: 'cancel' },
    cashed_out: { do: 'cash-out', payoutMinor: 500 },
  }
  const legal = new Set([
    'placed accepted',
    'placed rejected',
    'placed voided',
    'placed cancelled',
    'accepted won',
    'accepted lost',
    'accepted voided',
    'accepted cancelled',
    'accepted cashed_out',
  ])
  const steps = betStatuses.flatMap((from) => Object.keys(commands).map((to) => ({ from, to })))

  it.each(steps)('from $from to $to is legal only if the state table lists it', ({ from, to }) => {
    const decision = decideBet(bet(from), holding, commands[to] ?? { do: 'accept' })
    const expected = legal.has(`${from} ${to}`) ? 'done' : { code: 'illegal_transition', from, to }
    expect(decision.ok ? 'done' : decision.refusal).toEqual(expected)
  })

  it('moves no money when a bet is accepted', () => {
    expect(decideBet(bet('placed'), holding, { do: 'accept' })).toEqual({
      ok: true,
      events: [{ type: 'V1_BETS_BET_ACCEPTED', data: {} }],
      postings: [],
    })
  })

  it.each(['reject', 'void', 'cancel'] as const)(
    'gives the stake back on %s, and keeps the reason',
    (how) => {
      expect(decideBet(bet('placed'), holding, { do: how, reason: 'late' })).toMatchObject({
        events: [{ data: { reason: 'late' } }],
        postings: [released(1_000)],
      })
    },
  )

  it.each([
    ['stake times odds', { do: 'settle', outcome: 'won' }, [released(1_000), credited(1_500)]],
    [
      'the payout in the command',
      { do: 'settle', outcome: 'won', payoutMinor: 4_000 },
      [released(1_000), credited(3_000)],
    ],
    ['exactly the stake', { do: 'settle', outcome: 'won', payoutMinor: 1_000 }, [released(1_000)]],
    [
      'less than the stake',
      { do: 'settle', outcome: 'won', payoutMinor: 400 },
      [released(1_000), debited(600)],
    ],
    ['nothing when lost', { do: 'settle', outcome: 'lost' }, [released(1_000), debited(1_000)]],
    ['the price of a cash-out', { do: 'cash-out', payoutMinor: 700 }, [released(1_000), debited(300)]],
  ] as const)('pays %s', (_, command, postings) => {
    expect(decideBet(bet('accepted'), holding, command)).toMatchObject({ ok: true, postings })
  })

  it('settles a lost bet on an account that a charge-back took below zero', () => {
    const negative = account({ balanceMinor: -500, reservedMinor: 1_000, mayGoNegative: true })
    expect(decideBet(bet('accepted'), negative, { do: 'settle', outcome: 'lost' }).ok).toBe(true)
  })

  it('refuses debits, and only debits, while the account is quarantined', () => {
    const held = { ...holding, quarantined: true }
    expect(decideBet(bet('accepted'), held, { do: 'settle', outcome: 'lost' })).toEqual(
      refused('quarantined'),
    )
    expect(decideBet(bet('accepted'), held, { do: 'settle', outcome: 'won' }).ok).toBe(true)
    expect(decideBet(bet('accepted'), held, { do: 'void' }).ok).toBe(true)
  })

  it('refuses a credit that exceeds the largest exact number', () => {
    const full = account({ balanceMinor: maxMinor, reservedMinor: 1_000 })
    expect(decideBet(bet('accepted'), full, { do: 'settle', outcome: 'won' })).toEqual(
      refused('amount_out_of_range'),
    )
  })

  it('compares the version before the state', () => {
    expect(decideBet(bet('won', { version: 3 }), holding, { do: 'cancel', expectedVersion: 2 })).toEqual(
      refused('version_conflict', { current: 3 }),
    )
    expect(decideBet(bet('accepted'), holding, { do: 'cancel', expectedVersion: 2 }).ok).toBe(true)
  })

  it('answers not_found for a bet that was never placed', () => {
    expect(decideBet(null, holding, { do: 'accept' })).toEqual(refused('not_found'))
  })
})
