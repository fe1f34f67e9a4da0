import { describe, expect, it } from 'vitest'

import { decidePayment, decideRequest, type TransitionPayment } from '../../../functions/ledger/decide.ts'
import { paymentStatuses } from '../../../schema/ledger/states.ts'
import { account, credited, debited, payment, refused, released, reserved, user } from '../support/given.ts'

const funded = account({ balanceMinor: 5_000 })
const holding = account({ balanceMinor: 5_000, reservedMinor: 1_000 })

describe('deposits', () => {
  const deposit = { kind: 'deposit', ...user, amountMinor: 1_000 } as const

  it('post no money when requested, even on a quarantined account', () => {
    expect(decideRequest(account({ quarantined: true }), deposit)).toMatchObject({ ok: true, postings: [] })
  })

  it('credit the account when completed', () => {
    expect(decidePayment(payment('deposit', 'requested'), account(), { do: 'complete' })).toEqual({
      ok: true,
      events: [{ type: 'V1_PAYMENTS_DEPOSIT_COMPLETED', data: {} }],
      postings: [credited(1_000)],
    })
  })

  it('post no money when they fail', () => {
    expect(decidePayment(payment('deposit', 'requested'), account(), { do: 'fail' })).toMatchObject({
      postings: [],
    })
  })

  it('are charged back from the available money', () => {
    const completed = payment('deposit', 'completed')
    expect(decidePayment(completed, funded, { do: 'charge-back' })).toMatchObject({
      postings: [debited(1_000)],
    })
    expect(decidePayment(completed, account({ balanceMinor: 999 }), { do: 'charge-back' })).toEqual(
      refused('insufficient_funds', { availableMinor: 999 }),
    )
  })

  it('are charged back below zero only if the account allows an overdraft', () => {
    const spent = account({ balanceMinor: 100, mayGoNegative: true })
    expect(decidePayment(payment('deposit', 'completed'), spent, { do: 'charge-back' }).ok).toBe(true)
  })
})

describe('withdrawals', () => {
  const withdrawal = { kind: 'withdrawal', ...user, amountMinor: 1_000 } as const

  it('reserve their amount when requested', () => {
    expect(decideRequest(funded, withdrawal)).toMatchObject({ ok: true, postings: [reserved(1_000)] })
    expect(decideRequest(account({ balanceMinor: 10 }), withdrawal)).toEqual(
      refused('insufficient_funds', { availableMinor: 10 }),
    )
  })

  it('release and debit when completed, release when rejected', () => {
    const open = payment('withdrawal', 'requested')
    expect(decidePayment(open, holding, { do: 'complete' })).toMatchObject({
      postings: [released(1_000), debited(1_000)],
    })
    expect(decidePayment(open, holding, { do: 'reject' })).toMatchObject({ postings: [released(1_000)] })
  })
})

describe('the life of a payment', () => {
  const commands: Record<string, TransitionPayment> = {
    completed: { do: 'complete' },
    failed: { do: 'fail' },
    rejected: { do: 'reject' },
    charged_back: { do: 'charge-back' },
  }
  const legal = new Set([
    'deposit requested completed',
    'deposit requested failed',
    'deposit completed charged_back',
    'withdrawal requested completed',
    'withdrawal requested rejected',
  ])
  const steps = (['deposit', 'withdrawal'] as const).flatMap((kind) =>
    paymentStatuses.flatMap((from) => Object.keys(commands).map((to) => ({ kind, from, to }))),
  )

  it.each(steps)(
    'of a $kind from $from to $to is legal only if the state table lists it',
    ({ kind, from, to }) => {
      const decision = decidePayment(payment(kind, from), holding, commands[to] ?? { do: 'complete' })
      const expected = legal.has(`${kind} ${from} ${to}`) ? 'done' : { code: 'illegal_transition', from, to }
      expect(decision.ok ? 'done' : decision.refusal).toEqual(expected)
    },
  )
})
