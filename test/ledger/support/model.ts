import fc from 'fast-check'
import type { Ctx } from '../../../functions/core/context.ts'
import { placeBet } from '../../../functions/ledger/bets/place.ts'
import { transitionBet } from '../../../functions/ledger/bets/transition.ts'
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
  type Bet,
  type BetEvent,
  emptyAccount,
  evolveAccount,
  evolveBet,
  evolvePayment,
  type Payment,
  type PaymentEvent,
} from '../../../functions/ledger/events.ts'
import { requestPayment } from '../../../functions/ledger/payments/request.ts'
import { transitionPayment } from '../../../functions/ledger/payments/transition.ts'

/** `at` selects an existing bet or payment, modulo their number; if none exists it names an unknown id. */
export type Command =
  | { on: 'new bet'; bet: PlaceBet }
  | { on: 'bet'; at: number; move: TransitionBet }
  | { on: 'new payment'; payment: RequestPayment }
  | { on: 'payment'; at: number; move: TransitionPayment }

const users = ['u-1', 'u-2', 'u-3']
const owner = { userId: fc.constantFrom(...users), currency: fc.constantFrom('USD', 'JPY') }
const amountMinor = fc.oneof(fc.integer({ min: 1, max: 5_000 }), fc.constantFrom(1, 999_999_999_999_999))
const odds = fc.constantFrom('1', '1.5', '2.50', '3.33333333', '999999.99999999')
const expecting = { expectedVersion: fc.option(fc.integer({ min: 1, max: 3 }), { nil: undefined, freq: 6 }) }
const because = { reason: fc.option(fc.constantFrom('late', 'void by rule'), { nil: undefined }) }
const at = fc.nat({ max: 50 })

const moveOfBet: fc.Arbitrary<TransitionBet> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ do: fc.constant('accept' as const), ...expecting }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constantFrom('reject', 'void', 'cancel'), ...because, ...expecting }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('settle' as const),
      outcome: fc.constant('lost' as const),
      ...expecting,
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('settle' as const),
      outcome: fc.constant('won' as const),
      payoutMinor: fc.option(fc.integer({ min: 0, max: 9_000 }), { nil: undefined }),
      ...expecting,
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('cash-out' as const),
      payoutMinor: fc.integer({ min: 0, max: 5_000 }),
      ...expecting,
    }),
  },
)

const moveOfPayment: fc.Arbitrary<TransitionPayment> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant('complete' as const), ...expecting }) },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constantFrom('fail', 'reject', 'charge-back'), ...because, ...expecting }),
  },
)

export const anyCommand: fc.Arbitrary<Command> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      on: fc.constant('new payment' as const),
      payment: fc.record({
        kind: fc.constantFrom('deposit', 'deposit', 'withdrawal'),
        ...owner,
        amountMinor,
      }),
    }),
  },
  { weight: 4, arbitrary: fc.record({ on: fc.constant('payment' as const), at, move: moveOfPayment }) },
  {
    weight: 3,
    arbitrary: fc.record({
      on: fc.constant('new bet' as const),
      bet: fc.record({ ...owner, stakeMinor: amountMinor, odds, selection: fc.constant('home') }),
    }),
  },
  { weight: 5, arbitrary: fc.record({ on: fc.constant('bet' as const), at, move: moveOfBet }) },
)

/** The ledger in memory: applies `decide` and `evolve` to one command after the other. */
export class Paper {
  readonly bets: Bet[] = []
  readonly payments: Payment[] = []
  readonly accounts = new Map<string, Account>()

  decide(command: Command): object {
    switch (command.on) {
      case 'new bet':
        return this.#keep(command.bet, decidePlace(this.account(command.bet), command.bet), (event) =>
          this.#betMoves(-1, event),
        )
      case 'new payment':
        return this.#keep(
          command.payment,
          decideRequest(this.account(command.payment), command.payment),
          (event) => this.#paymentMoves(-1, event),
        )
      case 'bet': {
        const at = this.bets.length === 0 ? -1 : command.at % this.bets.length
        const bet = this.bets[at] ?? null
        return this.#keep(bet, decideBet(bet, this.account(bet), command.move), (event) =>
          this.#betMoves(at, event),
        )
      }
      default: {
        const at = this.payments.length === 0 ? -1 : command.at % this.payments.length
        const payment = this.payments[at] ?? null
        return this.#keep(payment, decidePayment(payment, this.account(payment), command.move), (event) =>
          this.#paymentMoves(at, event),
        )
      }
    }
  }

  account(of: { userId: string; currency: string } | null): Account {
    return (of && this.accounts.get(`${of.userId} ${of.currency}`)) ?? emptyAccount
  }

  #keep<Event>(
    of: { userId: string; currency: string } | null,
    decision: Decision<Event>,
    apply: (event: Event) => void,
  ): object {
    if (!decision.ok) return decision.refusal
    for (const event of decision.events) apply(event)
    if (of !== null && decision.postings.length > 0)
      this.accounts.set(
        `${of.userId} ${of.currency}`,
        decision.postings.reduce(evolveAccount, this.account(of)),
      )
    return { done: true }
  }

  #betMoves(at: number, event: BetEvent): void {
    const bet = evolveBet(this.bets[at] ?? null, event)
    if (bet !== null) this.bets[at === -1 ? this.bets.length : at] = bet
  }

  #paymentMoves(at: number, event: PaymentEvent): void {
    const payment = evolvePayment(this.payments[at] ?? null, event)
    if (payment !== null) this.payments[at === -1 ? this.payments.length : at] = payment
  }
}

/** Sends the same commands to Postgres and remembers the ids of its answers. */
export class Database {
  readonly bets: string[] = []
  readonly payments: string[] = []
  readonly #ctx: Ctx

  constructor(ctx: Ctx) {
    this.#ctx = ctx
  }

  async decide(command: Command): Promise<object> {
    switch (command.on) {
      case 'new bet':
        return noted(await placeBet(this.#ctx, command.bet), this.bets)
      case 'new payment': {
        const { kind, ...payment } = command.payment
        return noted(await requestPayment(this.#ctx, kind, payment), this.payments)
      }
      case 'bet':
        return noted(await transitionBet(this.#ctx, chosen(this.bets, command.at), command.move))
      default:
        return noted(await transitionPayment(this.#ctx, chosen(this.payments, command.at), command.move))
    }
  }
}

const chosen = (ids: string[], at: number) => ids[at % Math.max(ids.length, 1)] ?? 'never-there'

type Outcome = { ok: true; value: { id: string } } | { ok: false; reason: string }

/** The refusal in the format of `decide`. */
function noted(outcome: Outcome, ids?: string[]): object {
  if (outcome.ok) {
    ids?.push(outcome.value.id)
    return { done: true }
  }
  const {
    ok: _ok,
    reason: code,
    detail: _detail,
    ...rest
  } = outcome as Outcome & { detail?: string; reason: string }
  return { code, ...rest }
}
