import * as z from 'zod'
import { shownInstant } from '../../http/fields.ts'
import { BetStatus } from '../bets/contract.ts'
import { minor } from '../contract.ts'

/** A number while a JSON number carries it exactly, a string of its digits beyond. */
const sum = z.union([z.int(), z.string().regex(/^-?\d+$/)]).meta({ description: 'Minor units' })

function aged<Row extends z.ZodType>(row: Row) {
  return z.strictObject({
    asOf: shownInstant
      .nullable()
      .meta({ description: 'When the report last read its sources; null before the first refresh' }),
    stale: z.boolean(),
    data: z.array(row),
  })
}

export type Aged<Row = unknown> = { asOf: string | null; stale: boolean; data: Row[] }

const summed = { stakeMinor: sum, payoutMinor: sum, depositedMinor: sum, withdrawnMinor: sum }

export const Summary = aged(
  z.strictObject({
    currency: z.string(),
    bets: z.int(),
    openBets: z.int(),
    deposits: z.int(),
    withdrawals: z.int(),
    ...summed,
  }),
).meta({ id: 'LedgerSummary' })

export const TopBets = aged(
  z.strictObject({
    rank: z.int(),
    id: z.string(),
    userId: z.string(),
    stakeMinor: minor,
    currency: z.string(),
    odds: z.string(),
    selection: z.string(),
    status: BetStatus,
    payoutMinor: minor.nullable(),
    placedAt: shownInstant,
  }),
).meta({ id: 'TopBets' })

export const Activity = aged(
  z.strictObject({ currency: z.string(), bets: z.int(), ...summed, lastSeenAt: shownInstant.nullable() }),
).meta({ id: 'UserActivity' })
