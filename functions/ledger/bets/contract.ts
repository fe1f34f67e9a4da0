import * as z from 'zod'
import { betStatuses } from '../../../schema/ledger/states.ts'
import { Currency, instant, shownInstant } from '../../http/fields.ts'
import { AmountMinor, expectedVersion, minor, streamVersion, UserId } from '../contract.ts'

export type BetStatus = (typeof betStatuses)[number]
export const BetStatus = z.enum(betStatuses)

/** A payout may be zero. */
export const PayoutMinor = z.int().min(0).meta({ description: 'Minor units', example: 2500 })

/** Exact decimals travel as strings: a float would already be another number. */
export const Odds = z
  .string()
  .regex(/^[1-9]\d{0,5}(\.\d{1,8})?$/, 'Must be a decimal of at least 1, with at most 8 places, as in "2.50"')
  .meta({ description: 'Decimal odds, exact', example: '2.50' })

export const Selection = z
  .string()
  .trim()
  .min(1)
  .max(200)
  .meta({ description: 'The outcome that the user bets on', example: 'home' })

export const NewBet = z
  .strictObject({
    userId: UserId,
    stakeMinor: AmountMinor,
    currency: Currency,
    odds: Odds,
    selection: Selection,
    occurredAt: instant.optional(),
  })
  .meta({ id: 'NewBet' })
export type NewBet = z.infer<typeof NewBet>

export const Settlement = z
  .strictObject({
    outcome: z.enum(['won', 'lost']),
    payoutMinor: PayoutMinor.optional().meta({
      description: 'The payout of a won bet; the default is stake times odds',
    }),
    expectedVersion,
  })
  .refine(({ outcome, payoutMinor }) => outcome === 'won' || payoutMinor === undefined, {
    message: 'A lost bet pays nothing',
    path: ['payoutMinor'],
  })
  .meta({ id: 'Settlement' })

export const CashOut = z.strictObject({ payoutMinor: PayoutMinor, expectedVersion }).meta({ id: 'CashOut' })

export const Bet = z
  .strictObject({
    id: z.string(),
    userId: z.string(),
    stakeMinor: minor,
    currency: z.string(),
    odds: z.string(),
    selection: z.string(),
    status: BetStatus,
    payoutMinor: minor.nullable(),
    placedAt: shownInstant,
    settledAt: shownInstant.nullable(),
    streamVersion,
  })
  .meta({ id: 'Bet' })
export type Bet = z.infer<typeof Bet>

export const BetFilter = { userId: UserId.optional(), status: BetStatus.optional() }

/** An event for each status that a bet can get. */
export const betWebhooks = Object.fromEntries(
  betStatuses.map((status) => [`bet.${status}`, { audience: ['tenant'] as const, data: Bet }]),
)
