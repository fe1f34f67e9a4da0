import * as z from 'zod'

/** The largest amount that a JSON number carries exactly, 2^53 - 1. */
export const maxMinor = Number.MAX_SAFE_INTEGER

/** Always positive: the event or the command gives the direction, never a sign. */
export const AmountMinor = z
  .int()
  .min(1)
  .meta({ description: 'Minor units of the currency: cents for USD, yen for JPY', example: 1000 })

export const minor = z.int().meta({ description: 'Minor units' })

/** Ids that callers choose: users, and event streams that are appended directly. */
const callersId = z
  .string()
  .regex(/^[A-Za-z0-9][\w.:@+-]{0,127}$/, 'Letters, digits and . _ : @ + -, at most 128')

export const UserId = callersId.meta({ description: 'The tenant’s own id of a user', example: 'u-1' })
export const AggregateId = callersId.meta({ description: 'The event stream: a bet, a payment or a transfer' })

export const IdPath = z.strictObject({ id: AggregateId })
export const UserPath = z.strictObject({ userId: UserId })

export const Reason = z.string().trim().min(1).max(500)

export const streamVersion = z.int().min(1)
export const expectedVersion = z
  .int32()
  .min(1)
  .optional()
  .meta({ description: 'If the stream is at another version, the command is refused with version_conflict' })

/** The body of a transition without fields of its own. A missing body equals an empty object. */
export const Step = z.strictObject({ expectedVersion }).optional().meta({ id: 'LedgerStep' })
export const StepBecause = z
  .strictObject({ expectedVersion, reason: Reason.optional() })
  .optional()
  .meta({ id: 'LedgerStepBecause' })

/** A caller's own key of one event or transfer in a batch. */
export const itemKey = z
  .string()
  .regex(/^[\x21-\x7e]{1,255}$/)
  .optional()

export const bookkeepers = ['tenant', 'admin'] as const

export const debitProblems = ['insufficient_funds', 'quarantined', 'amount_out_of_range'] as const

export const transitionProblems = [
  'not_found',
  'illegal_transition',
  'version_conflict',
  'quarantined',
  'hold_missing',
  'amount_out_of_range',
] as const

/** A batch has up to ten thousand items, more than the usual limit of a body. */
export const batchLimitBytes = 8 * 1024 * 1024
